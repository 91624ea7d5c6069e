#include "frontend/policy_level.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

const char *const policy_level_word[] = {
	[LEVEL_ADVICE] = "advice",
	[LEVEL_IDS] = "ids",
	[LEVEL_BOUNDARY] = "boundary",
	[LEVEL_BOUNDARY_IDS] = "boundary-ids",
};
static_assert(sizeof(policy_level_word) / sizeof(policy_level_word[0]) == LEVEL_COUNT, "a word a level");

/* ---- the level ---- */

unsigned policy_level_lacks(const struct level_facts *f)
{
	unsigned lacks = 0;

	if (f->userns != USERNS_REFUSED)
		lacks |= LACK_USERNS;
	if (f->gate != GATE_PLAIN && f->gate != GATE_IDS)
		lacks |= LACK_GATE;
	if (!f->installed)
		lacks |= LACK_POLICY;
	return lacks;
}

enum policy_level policy_level(const struct level_facts *f)
{
	if (policy_level_lacks(f))
		return f->idmap && !f->shadow ? LEVEL_IDS : LEVEL_ADVICE;
	return f->gate == GATE_IDS && f->userns_by_root ? LEVEL_BOUNDARY_IDS : LEVEL_BOUNDARY;
}

static const char *userns_reason(enum userns_state state)
{
	static const char *const text[] = {
		[USERNS_OPEN] = "users may create user namespaces",
		[USERNS_REFUSED] = "",
		[USERNS_HERE] = "user namespaces are refused to this process but perhaps not to others",
		[USERNS_UNKNOWN] = "it is not known whether users may create user namespaces",
	};

	static_assert(sizeof(text) / sizeof(text[0]) == USERNS_STATE_COUNT, "a reason a state");
	return text[state];
}

static const char *gate_reason(enum gate_state state)
{
	static const char *const text[] = {
		[GATE_MISSING] = "croft-gate is not installed",
		[GATE_UNABLE] = "croft-gate is installed without its privilege",
		[GATE_PLAIN] = "",
		[GATE_IDS] = "",
	};

	static_assert(sizeof(text) / sizeof(text[0]) == GATE_STATE_COUNT, "a reason a state");
	return text[state];
}

const char *policy_level_sentence(const struct level_facts *f, char buf[LEVEL_SENTENCE_MAX])
{
	unsigned lacks = policy_level_lacks(f);
	const char *const reason[] = {
		lacks & LACK_USERNS ? userns_reason(f->userns) : "",
		lacks & LACK_GATE ? gate_reason(f->gate) : "",
		lacks & LACK_POLICY ? "no policy is installed" : "",
	};
	const char *before = ", because ";
	int left = __builtin_popcount(lacks), n;

	if (!lacks) {
		snprintf(buf, LEVEL_SENTENCE_MAX, "the policy is a boundary");
		return buf;
	}
	n = snprintf(buf, LEVEL_SENTENCE_MAX, "the policy is advice");
	for (size_t i = 0; i < sizeof(reason) / sizeof(reason[0]); i++) {
		if (!reason[i][0])
			continue;
		n += snprintf(buf + n, (size_t)(LEVEL_SENTENCE_MAX - n), "%s%s", before, reason[i]);
		before = --left > 1 ? ", " : " and ";
	}
	if (policy_level(f) == LEVEL_IDS)
		snprintf(buf + n, (size_t)(LEVEL_SENTENCE_MAX - n),
			 "; but croft-idmap alone gives out subordinate ids");
	return buf;
}

/* ---- user namespaces ---- */

static void answer(struct userns_answer *a, enum userns_state state, const char *why, const char *of)
{
	a->state = state;
	snprintf(a->why, sizeof(a->why), "%s%s", why, of);
}

/* A filter says EPERM to any of the calls. */
static void answer_filter(struct userns_answer *a)
{
	answer(a, USERNS_HERE, "a seccomp filter is on it", "");
}

/* What is set for the whole host, whatever the error was: it may have come before. */
static bool answer_by_knob(const struct host_facts *h, struct userns_answer *a)
{
	if (h->missing_ns & 1U << HOST_USER)
		answer(a, USERNS_REFUSED, "this kernel was built without CONFIG_USER_NS", "");
	else if (h->max_ns[HOST_USER] == 0)
		answer(a, USERNS_REFUSED, "user.max_user_namespaces is 0", "");
	else if (h->userns_clone == 0)
		answer(a, USERNS_REFUSED, "kernel.unprivileged_userns_clone is 0", "");
	else
		return false;
	a->by_root = !(h->missing_ns & 1U << HOST_USER) && h->max_ns[HOST_USER] != 0;
	return true;
}

/* Of AppArmor nothing is told about others: a profile is of a program, and whoever may start one that has it
 * gets what Ubuntu's setting leaves to it (aa-exec(1) starts any). The context of SELinux is the user's. */
static void answer_module(const struct host_facts *h, struct userns_answer *a)
{
	bool confined = !h->selinux && h->label[0] && !text_starts(h->label, "unconfined");

	a->by_root = true;
	if (h->selinux)
		answer(a, USERNS_REFUSED, "SELinux forbids it to ", QUOTE(h->label));
	else if (confined)
		answer(a, USERNS_HERE, "an AppArmor profile forbids it: ", QUOTE(h->label));
	else if (h->apparmor_restrict > 0)
		answer(a, USERNS_HERE,
		       "kernel.apparmor_restrict_unprivileged_userns leaves it to programs that have a "
		       "profile",
		       "");
	else
		answer(a, USERNS_HERE, "a security module forbids it", "");
}

static void answer_eperm(const struct host_facts *h, struct userns_answer *a)
{
	if (!h->ids_mapped)
		answer(a, USERNS_HERE, "its uid or gid has no name in the user namespace it is in", "");
	else if (h->chrooted)
		answer(a, USERNS_HERE, "it is in a chroot", "");
	else if (h->seccomp)
		answer_filter(a);
	else if (h->apparmor_restrict > 0)
		answer_module(h, a);
	else
		answer(a, USERNS_HERE, "it is in a chroot, or a security module forbids it", "");
}

static void answer_userns(const struct host_facts *h, int errnum, struct userns_answer *a)
{
	if (errnum == EPERM)
		answer_eperm(h, a);
	else if (errnum == EACCES)
		answer_module(h, a);
	else if (errnum == ENOSYS)
		answer(a, USERNS_HERE, "the system call is hidden from it", "");
	else
		answer(a, USERNS_UNKNOWN, "create a user namespace: ", strerror(errnum));
}

void policy_level_userns(const struct host_facts *h, enum userns_step step, int errnum,
			 struct userns_answer *ret)
{
	*ret = (struct userns_answer){.state = USERNS_OPEN, .by_root = true};
	if (errnum == 0 || answer_by_knob(h, ret))
		return;
	switch (step) {
	case STEP_USER:
		answer(ret, USERNS_UNKNOWN, "become an ordinary user: ", strerror(errnum));
		return;
	case STEP_USERNS:
		answer_userns(h, errnum, ret);
		return;
	case STEP_MOUNTS:
		if (errnum == EPERM && h->seccomp)
			answer_filter(ret);
		else if (errnum == EPERM || errnum == EACCES)
			answer_module(h, ret);
		else
			answer(ret, USERNS_UNKNOWN, "create a mount namespace: ", strerror(errnum));
		return;
	}
}
