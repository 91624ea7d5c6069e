/*
 * filter.h - the caller's own filter of system calls, of --seccomp FILE or --seccomp-bpf FD. Not pure: reads
 * it, starts croft-seccomp.
 */
#pragma once

#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/run_options.h"
#include "sandbox/plan.h"

/*
 * caps: CAP_BIT()s that the command may hold; profiles ask for them. *ret points into *a, or is empty where
 * the options want no such filter. The program has been looked through as the kernel will. 0 or -errno.
 */
int filter_get(const struct run_options *o, uint64_t caps, struct arena *a, struct plan_blob *ret,
	       struct err *e);
