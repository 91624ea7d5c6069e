/*
 * build.h - the rules of a profile, put together to a program by libseccomp. Not pure: libseccomp.
 */
#pragma once

#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/json/json.h"

enum { BUILD_ARGS_MAX = 16 };

struct build_rule {
	uint32_t action; /* SCMP_ACT_... */
	struct scmp_arg_cmp arg[BUILD_ARGS_MAX];
	unsigned nargs;
};

struct build;

/* A filter of this machine's architecture that answers every call so. Other architectures answer ENOSYS. */
int build_new(uint32_t default_action, struct build **ret, struct err *e);
void build_free(struct build *b); /* NULL: nothing */

/* name: as "SCMP_ARCH_X86_64". at: for the message. */
int build_arch(struct build *b, const char *name, const struct json_node *at, struct err *e);
bool build_is_native(const char *name);

/*
 * The rule for the call of that name; nothing where libseccomp knows no such call. All comparisons must hold,
 * or, where two are of the same argument, one of them: as the engines take it.
 */
int build_add(struct build *b, const struct build_rule *rule, const char *name, const struct json_node *at,
	      struct err *e);

/*
 * The program. Where everything unknown answers EPERM, calls that are newer than all that the profile names
 * answer ENOSYS, so that libc falls back to older ones: as runc does.
 */
int build_program(struct build *b, struct sock_filter ret[BPF_MAXINSNS], uint32_t *ret_count, struct err *e);
