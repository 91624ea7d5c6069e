#include "sandbox/plan_fields.h"

#include <assert.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define IN(record, type, name)                                                                               \
	{                                                                                                    \
#name, type, offsetof(struct record, name), NULL, 0, NULL                                    \
	}
#define FIELD(type, name) IN(plan, type, name)
#define WORDS_IN(record, name, w)                                                                            \
	{                                                                                                    \
#name, PLAN_U32, offsetof(struct record, name), w, COUNT(w), NULL                            \
	}
#define WORDS(name, w) WORDS_IN(plan, name, w)
#define LIST(name, l)                                                                                        \
	{                                                                                                    \
#name, PLAN_LIST, offsetof(struct plan, name), NULL, 0, &(l)                                 \
	}

static const char *const root_word[] = {"host", "directory", "squashfs", "erofs"};
static_assert(COUNT(root_word) == PLAN_ROOT_COUNT, "a word for each root");

static const char *const map_word[] = {"self", "subordinate", "auto", "isolated", "none"};
static_assert(COUNT(map_word) == PLAN_MAP_COUNT, "a word for each map");

static const char *const op_word[] = {"mirror",    "volume", "conf",   "device",   "text",
				      "directory", "proc",   "sysfs",  "sys-host", "tmpfs",
				      "dev",       "devpts", "mqueue", "mask",     "read-only"};
static_assert(COUNT(op_word) == OP_KIND_COUNT, "a word for each operation");

static const char *const network_word[] = {"none", "host", "user"};
static_assert(COUNT(network_word) == PLAN_NETWORK_COUNT, "a word for each network");

static const char *const protocol_word[] = {"tcp", "udp"};
static_assert(COUNT(protocol_word) == PLAN_PROTOCOL_COUNT, "a word for each protocol");

static const char *const seccomp_word[] = {"default", "unconfined", "program"};
static_assert(COUNT(seccomp_word) == PLAN_SECCOMP_COUNT, "a word for each kind of filter");

static const char *const landlock_word[] = {"auto", "off", "required"};
static_assert(COUNT(landlock_word) == PLAN_LANDLOCK_COUNT, "a word for each use of Landlock");

static const char *const hidepid_word[] = {"off", "noaccess", "invisible", "ptraceable"};
static_assert(COUNT(hidepid_word) == PLAN_HIDEPID_COUNT, "a word for each way to hide processes");

static const struct plan_field op_field[] = {
	WORDS_IN(plan_op, kind, op_word), IN(plan_op, PLAN_U32, flags),  IN(plan_op, PLAN_U32, mode),
	IN(plan_op, PLAN_U64, size),      IN(plan_op, PLAN_U64, inodes), IN(plan_op, PLAN_STR, source),
	IN(plan_op, PLAN_STR, target),    IN(plan_op, PLAN_STR, text),
};
const struct plan_list plan_op_list = {op_field, COUNT(op_field), sizeof(struct plan_op)};

static const struct plan_field port_field[] = {
	WORDS_IN(plan_port, protocol, protocol_word),
	IN(plan_port, PLAN_U32, host_port),
	IN(plan_port, PLAN_U32, port),
	IN(plan_port, PLAN_STR, address),
};
static const struct plan_list port_list = {port_field, COUNT(port_field), sizeof(struct plan_port)};

static const struct plan_field ulimit_field[] = {
	IN(plan_ulimit, PLAN_U32, resource),
	IN(plan_ulimit, PLAN_U64, soft),
	IN(plan_ulimit, PLAN_U64, hard),
};
static const struct plan_list ulimit_list = {ulimit_field, COUNT(ulimit_field), sizeof(struct plan_ulimit)};

const struct plan_field plan_field[] = {
	WORDS(root_kind, root_word),
	FIELD(PLAN_STR, root),
	FIELD(PLAN_U32, root_read_only),
	FIELD(PLAN_U32, root_shared),
	FIELD(PLAN_U32, ephemeral),
	FIELD(PLAN_U64, ephemeral_size),
	LIST(ops, plan_op_list),
	FIELD(PLAN_U32, gate),
	WORDS(map, map_word),
	FIELD(PLAN_U32, own_uid),
	FIELD(PLAN_U32, own_gid),
	FIELD(PLAN_U32, namespaces),
	WORDS(network, network_word),
	LIST(ports, port_list),
	FIELD(PLAN_STR, hostname),
	FIELD(PLAN_STR, user),
	FIELD(PLAN_U32, uid),
	FIELD(PLAN_U32, gid),
	FIELD(PLAN_STR, cwd),
	FIELD(PLAN_U32, cwd_asked),
	FIELD(PLAN_STRINGS, argv),
	FIELD(PLAN_STRINGS, env),
	FIELD(PLAN_NUMBERS, keep_fds),
	FIELD(PLAN_U32, init),
	FIELD(PLAN_U32, tty),
	FIELD(PLAN_U64, caps),
	FIELD(PLAN_U64, caps_ambient),
	FIELD(PLAN_U32, lock_mounts),
	FIELD(PLAN_U32, stop_timeout_ms),
	FIELD(PLAN_U32, serve),
	FIELD(PLAN_U32, report),
	WORDS(seccomp, seccomp_word),
	FIELD(PLAN_BLOB, seccomp_program),
	WORDS(landlock, landlock_word),
	FIELD(PLAN_U32, allow_userns),
	WORDS(hidepid, hidepid_word),
	FIELD(PLAN_U32, proc_subset_pid),
	FIELD(PLAN_U32, unmasked),
	FIELD(PLAN_U32, tcp),
	FIELD(PLAN_NUMBERS, tcp_bind),
	FIELD(PLAN_NUMBERS, tcp_connect),
	FIELD(PLAN_U64, memory_max),
	FIELD(PLAN_U64, memory_swap_max),
	FIELD(PLAN_U64, cpu_milli),
	FIELD(PLAN_U64, pids_max),
	FIELD(PLAN_U32, io_weight),
	FIELD(PLAN_U32, timeout_ms),
	FIELD(PLAN_U32, nice_asked),
	FIELD(PLAN_I32, nice),
	FIELD(PLAN_U32, oom_asked),
	FIELD(PLAN_I32, oom_score_adj),
	LIST(ulimits, ulimit_list),
};
const size_t plan_nfields = COUNT(plan_field);
