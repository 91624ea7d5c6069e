/* What the policy is worth: every combination of facts against the table of croft-policy(5), and what refuses
 * user namespaces on which host. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/policy_level.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the level ---- */

/* The sentences of the manual, one by one. */
static void expect(const struct level_facts *f)
{
	bool refused = f->userns == USERNS_REFUSED, gate = f->gate == GATE_PLAIN || f->gate == GATE_IDS;
	bool boundary = refused && gate && f->installed;
	enum policy_level want = f->idmap && !f->shadow ? LEVEL_IDS : LEVEL_ADVICE;
	char text[LEVEL_SENTENCE_MAX];

	if (boundary)
		want = f->gate == GATE_IDS && f->userns_by_root ? LEVEL_BOUNDARY_IDS : LEVEL_BOUNDARY;
	if (policy_level(f) != want)
		fail_msg("userns %d gate %d: %s", f->userns, f->gate, policy_level_word[policy_level(f)]);
	assert_int_equal(policy_level_lacks(f) == 0, boundary);
	assert_int_equal((policy_level_lacks(f) & LACK_USERNS) == 0, refused);
	assert_int_equal((policy_level_lacks(f) & LACK_GATE) == 0, gate);
	assert_int_equal((policy_level_lacks(f) & LACK_POLICY) == 0, f->installed);
	policy_level_sentence(f, text);
	if (boundary) {
		assert_string_equal(text, "the policy is a boundary");
		return;
	}
	assert_ptr_equal(strstr(text, "the policy is advice, because "), text);
	assert_int_equal(strstr(text, "users may create user namespaces") != NULL,
			 f->userns == USERNS_OPEN || f->userns == USERNS_UNKNOWN);
	assert_int_equal(strstr(text, "to this process but perhaps not to others") != NULL,
			 f->userns == USERNS_HERE);
	assert_int_equal(strstr(text, "croft-gate is not installed") != NULL, f->gate == GATE_MISSING);
	assert_int_equal(strstr(text, "croft-gate is installed without its privilege") != NULL,
			 f->gate == GATE_UNABLE);
	assert_int_equal(strstr(text, "no policy is installed") != NULL, !f->installed);
	assert_int_equal(strstr(text, "; but croft-idmap alone gives out subordinate ids") != NULL,
			 want == LEVEL_IDS);
	assert_null(strstr(text, "because ,"));
}

static void every_combination_of_facts_has_its_level_and_sentence(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (int userns = 0; userns < USERNS_STATE_COUNT; userns++)
		for (int gate = 0; gate < GATE_STATE_COUNT; gate++)
			for (unsigned bits = 0; bits < 16; bits++) {
				const struct level_facts f = {
					.userns = (enum userns_state)userns,
					.gate = (enum gate_state)gate,
					.userns_by_root = bits & 1,
					.installed = bits & 2,
					.idmap = bits & 4,
					.shadow = bits & 8,
				};

				expect(&f);
				seen |= 1u << policy_level(&f);
			}
	assert_int_equal(seen, (1u << LEVEL_COUNT) - 1);
}

static void reasons_are_joined_as_a_sentence(void **state)
{
	static const struct {
		struct level_facts f;
		const char *want;
	} row[] = {
		{{.gate = GATE_PLAIN, .installed = true},
		 "the policy is advice, because users may create user namespaces"},
		{{.installed = true},
		 "the policy is advice, because users may create user namespaces and croft-gate is not "
		 "installed"},
		{{.installed = false},
		 "the policy is advice, because users may create user namespaces, croft-gate is not "
		 "installed and no policy is installed"},
		{{.userns = USERNS_REFUSED, .installed = true, .idmap = true},
		 "the policy is advice, because croft-gate is not installed; but croft-idmap alone gives out "
		 "subordinate ids"},
	};
	char text[LEVEL_SENTENCE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		assert_string_equal(policy_level_sentence(&row[i].f, text), row[i].want);
}

/* ---- user namespaces ---- */

/* A host where everything is allowed, without the switches of distributions. */
#define HOST                                                                                                 \
	.proc = true, .userns_clone = HOST_UNKNOWN, .apparmor_restrict = HOST_UNKNOWN,                       \
	.max_ns = {100, 101, 102, 103, 104, 105, 106}, .ids_mapped = true

/* A row repeats a field of HOST to change it. */
#pragma GCC diagnostic ignored "-Woverride-init"

struct row {
	enum userns_step step;
	int errnum;
	struct host_facts host;
	enum userns_state want;
	const char *why; /* what it begins with */
	bool by_root;
};

static const struct row row[] = {
	{STEP_MOUNTS, 0, {HOST}, USERNS_OPEN, "", true},
	/* What was really made counts, whatever files say. */
	{STEP_MOUNTS, 0, {HOST, .userns_clone = 0}, USERNS_OPEN, "", true},
	/* of the whole host */
	{STEP_USERNS,
	 EPERM,
	 {HOST, .userns_clone = 0},
	 USERNS_REFUSED,
	 "kernel.unprivileged_userns_clone is 0",
	 true},
	{STEP_USERNS,
	 EPERM,
	 {HOST, .userns_clone = 0, .chrooted = true, .seccomp = true},
	 USERNS_REFUSED,
	 "kernel.unprivileged_userns_clone is 0",
	 true},
	{STEP_USERNS,
	 ENOSPC,
	 {HOST, .max_ns = {0, 9, 9, 9, 9, 9, 9}},
	 USERNS_REFUSED,
	 "user.max_user_namespaces is 0",
	 false},
	{STEP_USERNS,
	 EPERM,
	 {HOST, .max_ns = {0, 9, 9, 9, 9, 9, 9}, .userns_clone = 0},
	 USERNS_REFUSED,
	 "user.max_user_namespaces is 0",
	 false},
	{STEP_USERNS,
	 EINVAL,
	 {HOST, .missing_ns = 1U << HOST_USER},
	 USERNS_REFUSED,
	 "this kernel was built without CONFIG_USER_NS",
	 false},
	{STEP_USERNS,
	 EACCES,
	 {HOST, .selinux = true, .label = "user_u:user_r:user_t:s0"},
	 USERNS_REFUSED,
	 "SELinux forbids it to user_u:user_r:user_t:s0",
	 true},
	{STEP_MOUNTS,
	 EPERM,
	 {HOST, .selinux = true, .label = "user_u:user_r:user_t:s0"},
	 USERNS_REFUSED,
	 "SELinux forbids it",
	 true},
	/* of this process: root's own look at the others is not to be believed either */
	{STEP_USERNS, EPERM, {HOST, .seccomp = true}, USERNS_HERE, "a seccomp filter is on it", true},
	{STEP_USERNS, EPERM, {HOST, .chrooted = true}, USERNS_HERE, "it is in a chroot", true},
	{STEP_USERNS, EPERM, {HOST, .ids_mapped = false}, USERNS_HERE, "its uid or gid has no name", true},
	{STEP_USERNS, EPERM, {HOST}, USERNS_HERE, "it is in a chroot, or a security module", true},
	{STEP_USERNS, ENOSYS, {HOST}, USERNS_HERE, "the system call is hidden", true},
	{STEP_USERNS, EACCES, {HOST}, USERNS_HERE, "a security module forbids it", true},
	{STEP_USERNS,
	 EACCES,
	 {HOST, .label = "firefox (enforce)"},
	 USERNS_HERE,
	 "an AppArmor profile forbids it: firefox (enforce)",
	 true},
	{STEP_USERNS,
	 EPERM,
	 {HOST, .label = "unconfined", .apparmor_restrict = 1},
	 USERNS_HERE,
	 "kernel.apparmor_restrict_unprivileged_userns leaves it to programs",
	 true},
	{STEP_MOUNTS,
	 EPERM,
	 {HOST, .label = "unconfined", .apparmor_restrict = 1},
	 USERNS_HERE,
	 "kernel.apparmor_restrict_unprivileged_userns leaves it to programs",
	 true},
	{STEP_MOUNTS, EPERM, {HOST, .seccomp = true}, USERNS_HERE, "a seccomp filter is on it", true},
	/* for the moment, or not tried */
	{STEP_USERNS, ENOSPC, {HOST}, USERNS_UNKNOWN, "create a user namespace: No space left", true},
	{STEP_USERNS, EAGAIN, {HOST}, USERNS_UNKNOWN, "create a user namespace: ", true},
	{STEP_USERNS, EUSERS, {HOST}, USERNS_UNKNOWN, "create a user namespace: ", true},
	{STEP_MOUNTS, ENOSPC, {HOST}, USERNS_UNKNOWN, "create a mount namespace: No space left", true},
	{STEP_USER, EPERM, {HOST}, USERNS_UNKNOWN, "become an ordinary user: ", true},
	{STEP_USER,
	 EPERM,
	 {HOST, .userns_clone = 0},
	 USERNS_REFUSED,
	 "kernel.unprivileged_userns_clone is 0",
	 true},
	{STEP_USER,
	 EPERM,
	 {HOST, .max_ns = {0, 9, 9, 9, 9, 9, 9}},
	 USERNS_REFUSED,
	 "user.max_user_namespaces is 0",
	 false},
};

static void what_refuses_user_namespaces_is_told_from_what_refuses_them_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct userns_answer a;

		policy_level_userns(&row[i].host, row[i].step, row[i].errnum, &a);
		if (a.state != row[i].want || strstr(a.why, row[i].why) != a.why ||
		    !row[i].why[0] != !a.why[0])
			fail_msg("row %zu: state %d, %s", i, a.state, a.why);
		assert_int_equal(a.by_root, row[i].by_root);
	}
}

/* An error that nobody thought of never makes a boundary. */
static void only_a_setting_of_the_host_makes_them_refused(void **state)
{
	const struct host_facts plain = {HOST};

	(void)state;
	for (int step = STEP_USER; step <= STEP_MOUNTS; step++)
		for (int errnum = 1; errnum < 134; errnum++) {
			struct userns_answer a;

			policy_level_userns(&plain, (enum userns_step)step, errnum, &a);
			assert_int_not_equal(a.state, USERNS_REFUSED);
			assert_int_not_equal(a.state, USERNS_OPEN);
			assert_true(a.why[0]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_of_facts_has_its_level_and_sentence),
		cmocka_unit_test(reasons_are_joined_as_a_sentence),
		cmocka_unit_test(what_refuses_user_namespaces_is_told_from_what_refuses_them_here),
		cmocka_unit_test(only_a_setting_of_the_host_makes_them_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
