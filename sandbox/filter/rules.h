/*
 * rules.h - which system calls the default filter answers, and how: the table for an administrator to read.
 * Pure.
 *
 * It is compiled when croft is built (main.c), for the architecture that croft is built for. A system call
 * that is in no rule answers ENOSYS, as on a kernel that does not have it, and so does every call of another
 * architecture (32-bit programs, x32).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sandbox/seccomp_variant.h"

enum { FILTER_ALLOW = 0 }; /* as an answer; every other answer is an errno */

enum filter_how {
	FILTER_IS,      /* the argument is the value */
	FILTER_HAS_ANY, /* the argument has one of the value's bits */
};

/* On the low 32 bits of an argument, which are all that the kernel looks at in the calls that have a check:
 * a comparison of 64 bits is evaded by setting a high one (CVE-2019-7303). */
struct filter_test {
	enum filter_how how;
	uint32_t value;
	uint16_t answer;
};

enum { FILTER_TESTS_MAX = 8 };

/* The first test that holds answers. */
struct filter_check {
	uint8_t argument; /* 0 to 5 */
	uint8_t ntests;
	struct filter_test test[FILTER_TESTS_MAX];
	uint16_t otherwise;
};

struct filter_action {
	const struct filter_check *check; /* or NULL: */
	uint16_t answer;
};

/*
 * names: divided by blanks; NAME, or NAME=NUMBER where libseccomp may not know the name yet, or
 * ARCHITECTURE:NAME=NUMBER for a call of one architecture.
 */
struct filter_rule {
	const char *reason;
	struct filter_action in[SECCOMP_VARIANT_COUNT];
	const char *names;
};

extern const struct filter_rule filter_rule[];
extern const size_t filter_nrules;
