/*
 * seccomp_check.h - whether a filter program is one that the kernel will take. Pure.
 */
#pragma once

#include <linux/filter.h>
#include <stdint.h>

#include "common/err.h"

/*
 * The kernel says EINVAL and no more; this names the instruction: what seccomp(2) does not know, a jump
 * beyond the end, a load from outside of struct seccomp_data, an end that is no return. 0 or -EINVAL with *e.
 */
int seccomp_check(const struct sock_filter *code, uint32_t count, struct err *e);
