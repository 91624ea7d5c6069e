#include "sandbox/plan_fields.h"

#include <assert.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FIELD(type, name)                                                                                    \
	{                                                                                                    \
#name, type, offsetof(struct plan, name), NULL, 0                                            \
	}
#define WORDS(name, w)                                                                                       \
	{                                                                                                    \
#name, PLAN_U32, offsetof(struct plan, name), w, COUNT(w)                                    \
	}

static const char *const root_word[] = {"host", "directory"};
static_assert(COUNT(root_word) == PLAN_ROOT_COUNT, "a word for each root");

static const char *const map_word[] = {"self", "subordinate", "auto", "isolated"};
static_assert(COUNT(map_word) == PLAN_MAP_COUNT, "a word for each map");

static const char *const op_word[] = {"mirror", "volume",   "conf",  "text", "directory", "proc",
				      "sysfs",  "sys-host", "tmpfs", "dev",  "devpts",    "mqueue"};
static_assert(COUNT(op_word) == OP_KIND_COUNT, "a word for each operation");

const struct plan_field plan_field[] = {
	WORDS(root_kind, root_word),
	FIELD(PLAN_STR, root),
	FIELD(PLAN_U32, root_read_only),
	FIELD(PLAN_U32, ephemeral),
	FIELD(PLAN_U64, ephemeral_size),
	FIELD(PLAN_OPS, ops),
	WORDS(map, map_word),
	FIELD(PLAN_U32, own_uid),
	FIELD(PLAN_U32, own_gid),
	FIELD(PLAN_U32, namespaces),
	FIELD(PLAN_STR, hostname),
	FIELD(PLAN_STR, user),
	FIELD(PLAN_U32, uid),
	FIELD(PLAN_U32, gid),
	FIELD(PLAN_STR, cwd),
	FIELD(PLAN_U32, cwd_asked),
	FIELD(PLAN_STRINGS, argv),
	FIELD(PLAN_STRINGS, env),
	FIELD(PLAN_FDS, keep_fds),
	FIELD(PLAN_U32, init),
	FIELD(PLAN_U32, tty),
	FIELD(PLAN_U64, caps),
	FIELD(PLAN_U64, caps_ambient),
	FIELD(PLAN_U32, lock_mounts),
	FIELD(PLAN_U32, stop_timeout_ms),
};
const size_t plan_nfields = COUNT(plan_field);

#undef FIELD
#define FIELD(type, name)                                                                                    \
	{                                                                                                    \
#name, type, offsetof(struct plan_op, name), NULL, 0                                         \
	}

const struct plan_field plan_op_field[] = {
	{"kind", PLAN_U32, offsetof(struct plan_op, kind), op_word, COUNT(op_word)},
	FIELD(PLAN_U32, flags),
	FIELD(PLAN_U32, mode),
	FIELD(PLAN_U64, size),
	FIELD(PLAN_U64, inodes),
	FIELD(PLAN_STR, source),
	FIELD(PLAN_STR, target),
	FIELD(PLAN_STR, text),
};
const size_t plan_op_nfields = COUNT(plan_op_field);
