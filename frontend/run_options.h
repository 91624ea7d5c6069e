/*
 * run_options.h - the options of `croft run` and `croft plan` as they were typed. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/options.h"
#include "sandbox/plan.h"

enum { RUN_MOUNTS_MAX = PLAN_OPS_MAX - 64, RUN_ENV_MAX = 4096 };

enum { CONF_HOSTS, CONF_HOSTNAME, CONF_RESOLV, CONF_COUNT };

/* Whether croft-gate makes the sandbox. */
enum run_gate { GATE_UNSAID, GATE_WANTED, GATE_UNWANTED };

struct run_mount {
	bool tmpfs;         /* else a bind */
	bool device;        /* of a device, or of a directory that stands for those in it */
	uint32_t flags;     /* enum plan_op_flag */
	uint32_t mode;      /* tmpfs */
	uint64_t size;      /* tmpfs: bytes; 0: as the planner has it */
	const char *source; /* bind: as typed; a device: absolute */
	const char *target; /* clean absolute path */
};

struct run_env {
	bool file;        /* text is the name of a file of NAME=VALUE lines */
	const char *text; /* else NAME=VALUE, or NAME alone: the caller's value */
};

struct run_options {
	struct arena *a;
	struct run_mount mount[RUN_MOUNTS_MAX];
	uint32_t nmounts;
	struct run_env env[RUN_ENV_MAX];
	uint32_t nenv;
	const char *conf; /* --conf DIR, or NULL */
	const char *cwd;  /* clean absolute path, or NULL */
	const char *user; /* NAME|UID[:GROUP|GID], or NULL */
	const char *hostname;
	const char *name;
	bool read_only;
	bool ephemeral;
	uint64_t ephemeral_size; /* 0: as the planner has it */
	enum plan_network network;
	struct plan_port port[PLAN_PORTS_MAX];
	uint32_t nports;
	uint32_t tcp;                      /* enum plan_tcp */
	uint32_t tcp_bind[PLAN_PORTS_MAX]; /* ascending */
	uint32_t ntcp_bind;
	uint32_t tcp_connect[PLAN_PORTS_MAX];
	uint32_t ntcp_connect;
	enum plan_map map;
	bool map_asked;
	enum run_gate gate;
	bool by_gate;           /* set by gate_choose(): croft-gate makes it */
	uint64_t caps_withheld; /* of those without asking, what the policy does not allow there */
	uint64_t cap_add;
	uint64_t cap_drop;
	const char *seccomp; /* "default", "unconfined", the path of a profile; NULL: default */
	int seccomp_fd;      /* of a BPF program, or -1 */
	enum plan_landlock landlock;
	bool allow_userns;
	enum plan_hidepid hidepid;
	bool proc_subset_pid;
	bool unmask;
	uint64_t memory;      /* bytes; 0: no limit, as below */
	uint64_t memory_swap; /* bytes of swap beside it, after run_options_parse(); UINT64_MAX: no limit */
	bool memory_swap_asked;
	uint64_t cpu_milli;
	uint64_t pids;
	uint32_t io_weight;
	uint32_t timeout_ms;
	bool nice_asked;
	int32_t nice;
	bool oom_asked;
	int32_t oom_score_adj;
	struct plan_ulimit ulimit[PLAN_ULIMITS_MAX]; /* ascending by resource */
	uint32_t nulimits;
	bool no_init;
	bool tty;         /* -t */
	bool interactive; /* -i: of a detached one the standard input can be had */
	bool detach;
	uint32_t stop_timeout_ms;
	bool untied;                    /* it does not end with the parent process */
	int status_fd;                  /* of --status-fd, or -1 */
	uint32_t keep_fd[PLAN_FDS_MAX]; /* ascending */
	uint32_t nkeep;
	bool json;         /* croft plan */
	const char *root;  /* ROOT as typed */
	char *const *argv; /* COMMAND [ARG...], NULL terminated */
	uint32_t argc;
};

extern const struct option_row run_option[];
extern const size_t run_noptions;
extern const struct option_table run_options; /* both */

/* Fills *o, all zero before (it is large: make it static), from the command line of a verb. 0, -EINVAL with
 * *e, -ECANCELED for --help. */
int run_options_parse(int argc, char *argv[], struct arena *a, struct run_options *o, struct err *e);

/* One word of --volume: SRC:DST[:OPTION[,OPTION]...]. For the tests and the fuzzer too. */
int run_options_volume(struct run_options *o, const char *value, struct err *e);
