/*
 * compile.h - from the table of rules to a short program for the kernel. Pure.
 *
 * At each load the kernel translates every instruction to machine code, and walks the program once for each
 * system call number to learn which are allowed whatever their arguments are (those never run it). So both
 * length and way count. The numbers are cut into stretches of one answer; of all search trees over them the
 * cheapest is taken.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "sandbox/filter/rules.h"

enum {
	FILTER_CODE_MAX = 255,     /* a jump of classic BPF reaches that far */
	FILTER_NUMBERS_MAX = 1024, /* rules are about numbers below; from there on everything is unknown */
};

struct filter_program {
	struct sock_filter code[FILTER_CODE_MAX];
	uint32_t count;
};

struct filter_target {
	const char *name; /* as in "x86_64:..." of a rule */
	uint32_t arch;    /* AUDIT_ARCH_... */
	/*
	 * The number of the system call name[0..len) there: 0 with *ret, which is negative where that
	 * architecture has no such call; -ENOENT for a name that is not known at all.
	 */
	int (*number)(void *ctx, const char *name, size_t len, int32_t *ret);
	void *ctx;
};

/*
 * What stands in the rules for each number: ret has FILTER_NUMBERS_MAX places; those without a rule answer
 * ENOSYS. -EINVAL with *e for a name that is not known, or in two rules, or whose number is another one.
 */
int filter_actions(const struct filter_rule *rule, size_t nrules, enum seccomp_variant v,
		   const struct filter_target *t, struct filter_action *ret, struct err *e);

/* The program that answers so. -E2BIG with *e when it would be longer than FILTER_CODE_MAX. */
int filter_compile(const struct filter_action *action, uint32_t arch, struct filter_program *ret,
		   struct err *e);
