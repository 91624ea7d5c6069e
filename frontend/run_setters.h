/*
 * run_setters.h - what the options of confinement, network and limits mean: the setters of the table in
 * run_options.c. Pure.
 *
 * Each puts the value of one option into struct run_options, ctx. 0, or -EINVAL, -E2BIG with *e saying what
 * is wrong with the value.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* run_network.c */
int set_network(void *ctx, const char *value, struct err *e);
int set_publish(void *ctx, const char *value, struct err *e);
int set_tcp_bind(void *ctx, const char *value, struct err *e);
int set_tcp_connect(void *ctx, const char *value, struct err *e);

/* run_confine.c */
int set_seccomp(void *ctx, const char *value, struct err *e);
int set_seccomp_bpf(void *ctx, const char *value, struct err *e);
int set_landlock(void *ctx, const char *value, struct err *e);
int set_allow_userns(void *ctx, const char *value, struct err *e);
int set_hidepid(void *ctx, const char *value, struct err *e);
int set_proc_subset(void *ctx, const char *value, struct err *e);
int set_unmask(void *ctx, const char *value, struct err *e);

/* run_limits.c */
int set_memory(void *ctx, const char *value, struct err *e);
int set_memory_swap(void *ctx, const char *value, struct err *e);
int set_cpus(void *ctx, const char *value, struct err *e);
int set_pids_limit(void *ctx, const char *value, struct err *e);
int set_io_weight(void *ctx, const char *value, struct err *e);
int set_ulimit(void *ctx, const char *value, struct err *e);
int set_timeout(void *ctx, const char *value, struct err *e);
int set_nice(void *ctx, const char *value, struct err *e);
int set_oom_score_adj(void *ctx, const char *value, struct err *e);

/* run_life.c */
int set_interactive(void *ctx, const char *value, struct err *e);
int set_tty(void *ctx, const char *value, struct err *e);
int set_detach(void *ctx, const char *value, struct err *e);
int set_tie(void *ctx, const char *value, struct err *e);
int set_stop_timeout(void *ctx, const char *value, struct err *e);
int set_status_fd(void *ctx, const char *value, struct err *e);

/* The name that --ulimit has for an RLIMIT_ number. */
const char *run_ulimit_name(uint32_t resource);
