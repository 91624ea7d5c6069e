/*
 * planner.h - options and facts in, plan out. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/run_options.h"
#include "sandbox/plan.h"

/* What had to be looked up in the world first. */
struct plan_facts {
	bool shared; /* the root's owners on disk are to be those inside */
	bool linked; /* other roots share files with it */
	enum plan_root root_kind;
	const char *root;      /* its path; PLAN_ROOT_HOST: "" */
	const char *user;      /* the user inside: name, or his number as text */
	uint32_t uid, gid;     /* his ids inside */
	const char *home;      /* clean absolute path */
	bool conf[CONF_COUNT]; /* the file is in the directory of --conf */
	uint32_t tty;          /* enum plan_tty: which of descriptors 0-2 are terminals */
	struct plan_strings env;
	const char *resolv;      /* text of the resolv.conf inside, or NULL: the host's file */
	struct plan_blob filter; /* a seccomp program of the caller's, empty: none */
};

/* CAP_BIT()s that the command may hold. */
uint64_t planner_caps(const struct run_options *o);

/* 0, or -EINVAL, -E2BIG, -ENOMEM with *e. */
int planner_make(const struct run_options *o, const struct plan_facts *f, struct arena *a, struct plan *ret,
		 struct err *e);
