/* What the tools of `croft policy` are made of: doubts, questions, the caller. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mem.h"
#include "frontend/caller.h"
#include "frontend/policy_doubts.h"
#include "frontend/policy_tools.h"
#include "policy/match.h"
#include "policy/parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	return mem_arena((size_t)64 << 20, &arena);
}

/* ---- doubts ---- */

struct heard {
	char text[8192]; /* "LINE: sentence\n" */
	unsigned count;
};

static void hear(void *ctx, const struct policy_rule *rule, const char *text)
{
	struct heard *h = ctx;
	size_t used = strlen(h->text);

	if (!rule && strstr(text, "home directory is /"))
		return; /* of this host's users */
	if (strstr(text, "belongs to uid 65534"))
		return; /* in a user namespace that does not map root */
	snprintf(h->text + used, sizeof(h->text) - used, "%u: %s\n", rule ? rule->line : 0, text);
	h->count++;
}

static void doubts_of(const char *lines, struct heard *h)
{
	static struct policy_rule rule[64];
	struct policy_rules rules = {.rule = rule, .max = COUNT(rule)};
	struct arena scratch = arena;
	struct policy p;
	char text[4096];
	struct err e;

	snprintf(text, sizeof(text), "version 1\n%s", lines);
	if (policy_parse(text, strlen(text), "p.conf", NULL, &scratch, &rules, &e) < 0)
		fail_msg("%s", e.msg);
	p = (struct policy){.rule = rule, .nrules = rules.n};
	*h = (struct heard){.count = 0};
	policy_doubts(&p, hear, h);
}

#define RULE(uids) "ids rule base 4000000000 size 65536 " uids "\n"

static void a_doubtful_line_is_told_and_a_plain_one_is_not(void **state)
{
	static const struct {
		const char *lines;
		const char *want; /* NULL: no doubt */
		const char *why;
	} row[] = {
		{"allow everyone volume /usr/** ro\n", NULL, "nothing odd"},
		{"allow everyone volume %h/** rw\nallow everyone volume /** ro\n", NULL,
		 "two lines that each say more"},
		{"allow everyone volume /** rw\n", "2: it allows all of the host to be written",
		 "everything"},
		{"allow everyone volume / rw\n", "2: it allows all of the host to be written", "the top"},
		{"allow everyone volume /nonexistent/x/**\n", "2: /nonexistent does not exist",
		 "a missing path"},
		{"deny everyone volume /usr/nonexistent\n", "2: /usr/nonexistent does not exist",
		 "missing in a deny line"},
		{"allow everyone volume /usr/*/nonexistent\n", NULL, "behind a wildcard nobody can tell"},
		{"allow everyone volume /proc/self/fd\n", "2: /proc/self is a symbolic link to /proc/",
		 "a link"},
		{"allow everyone volume /tmp/croft-x-nonexistent\n", "2: it lies below /tmp, which others",
		 "writable by all"},
		{"allow everyone volume /usr/l?b\n", "2: ? and [ are ordinary characters", "a question mark"},
		{"allow everyone volume /usr/**\nallow everyone volume /usr/**\n",
		 "3: it adds nothing: p.conf:2", "twice"},
		{"allow everyone volume /usr/** rw\nallow user 5 volume /usr/lib ro\n",
		 "3: it adds nothing: p.conf:2", "covered by a larger one"},
		{"allow everyone root /usr/**\nallow everyone root /usr/lib shared\n", NULL,
		 "shared grants what no other line does"},
		{"allow everyone root /usr/** shared\nallow everyone root /usr/lib shared overlay\n", NULL,
		 "and so does overlay"},
		{"allow everyone root /usr/** shared\nallow everyone root /usr/lib shared\n",
		 "3: it adds nothing: p.conf:2", "shared twice"},
		{"allow everyone volume /usr/**\ndeny everyone volume /usr/lib/** mask\n", NULL,
		 "what is covered refuses nothing above it"},
		{"deny everyone volume /usr/** mask\ndeny everyone volume /usr/lib/**\n", NULL,
		 "what is not covered does"},
		{"deny everyone volume /usr/**\ndeny everyone volume /usr/lib/** mask\n",
		 "3: it adds nothing: p.conf:2", "a mask in what is denied as a whole"},
		{"allow everyone device /dev/null\n", NULL, "a device"},
		{"allow everyone device /usr/bin/env\n",
		 "2: it can never allow anything: /usr/bin/env is no device", "none"},
		{"allow user 5 volume /usr/lib ro\nallow everyone volume /usr/** rw\n",
		 "2: it adds nothing: p.conf:3", "covered by a later one"},
		{"allow everyone volume /usr/** ro\nallow user 5 volume /usr/lib rw\n", NULL,
		 "more rights below"},
		{"allow everyone volume /usr/** owner=root\nallow user 5 volume /usr/lib\n", NULL,
		 "the larger one has a condition"},
		{"allow user 6 volume /usr/**\nallow user 5 volume /usr/lib\n", NULL,
		 "the larger one is for others"},
		{"allow everyone root /usr/**\nallow everyone volume /usr/lib\n", NULL, "another kind"},
		{"deny everyone volume /usr/**\nallow user 5 volume /usr/lib\n",
		 "3: it can never allow anything: p.conf:2", "all of it is denied"},
		{"deny everyone volume /usr/** rw\nallow user 5 volume /usr/lib rw\n", NULL,
		 "reading stays allowed"},
		{"deny everyone volume /usr/**\ndeny user 5 volume /usr/lib\n",
		 "3: it adds nothing: p.conf:2", "denied twice"},
		{"allow everyone volume /usr/**\ndeny everyone volume /usr/lib/**\n",
		 "3: it lies below what p.conf:2 allows (/usr/**)", "a deny below an allow"},
		{"allow user 6 volume /usr/**\ndeny user 5 volume /usr/lib/**\n", NULL,
		 "for different people"},
		{"limit everyone ids 5\nlimit user 5 ids 9\n", "3: it adds nothing: p.conf:2",
		 "a larger limit"},
		{"limit everyone ids 9\nlimit user 5 ids 5\n", NULL, "a smaller limit"},
		{"allow everyone ids subordinate\ndeny user 5 ids subordinate\n", NULL,
		 "an exception for somebody"},
		{"mode enforced\nallow everyone volume /usr/** ro\n", NULL, "a boundary around a tree"},
		{"mode enforced\nallow everyone volume /** ro\n",
		 "3: it allows all of the host, so little is left", "a boundary around everything"},
		{"allow everyone volume / ro\nrequire boundary\n",
		 "2: it allows all of the host, so little is left", "and the line may come later"},
		{"require boundary\nallow everyone root /** ro\n",
		 "3: it allows all of the host, so little is left", "as a root, too"},
		{"mode enforced\nallow everyone volume /** rw\n",
		 "3: it allows all of the host to be written", "to be written is worse"},
		{"mode enforced\ndeny everyone volume /** rw\n", NULL, "nothing is allowed"},
		{"mode enforced\nrequire boundary\n", NULL, "two lines that each say more"},
		{"mode enforced\nmode enforced\n", "3: it adds nothing: p.conf:2", "a mode twice"},
		{"require boundary\nmode enforced\nrequire boundary\n", "4: it adds nothing: p.conf:2",
		 "required twice"},
		{"mode enforced\nlimit everyone ids 5\nallow everyone ids setgroups\n", NULL,
		 "beside lines without a path"},
		{"allow everyone volume /proc/sys/**\n",
		 "2: it can never allow anything: /proc/sys is of a kernel file system (proc)",
		 "a kernel file system"},
		{"deny everyone volume /proc/sys/**\n", NULL, "denied for good measure"},
		{"allow everyone volume /proc/*/fd\n", "2: it can never allow anything: /proc is of",
		 "before a wildcard"},
		{"allow everyone volume /dev/null rw\n", "2: it can never allow anything: /dev/null is ",
		 "a device"},
		{"deny everyone ids setgroups\nallow user 5 ids setgroups\n",
		 "3: it can never allow anything", "words"},
		{"mode enforced\nmode enforced\n", "3: it adds nothing: p.conf:2", "a mode twice"},
		{"mode enforced\nallow everyone ids subordinate\nlimit everyone ids 5\n", NULL,
		 "lines of every action"},
		{"allow everyone ids subordinate\n" RULE("uid-min 500000000 uid-max 500000009"), NULL,
		 "a rule for ids"},
		{"allow everyone ids subordinate\n" RULE(
			 "uid-min 500000000 uid-max 500000009") "ids rule base 4100000000 size 1 uid-min "
								"600000000 uid-max 600000009\n",
		 NULL, "two rules for ids"},
		{RULE("uid-min 500000000 uid-max 500000009"), "2: it gives nobody anything: no line allows",
		 "a rule for ids that nobody may have"},
		{"allow everyone ids subordinate\nids rule base 1 size 1 uid-min 500000000 uid-max "
		 "500000009\n",
		 "3: uid 1, which is daemon in /etc/passwd, is one of its ids", "ids of a user"},
		{"allow everyone ids subordinate\nids rule base 1 size 1 uid-min 500000000 uid-max "
		 "500000009\n",
		 "3: gid 1, which is daemon in /etc/group, is one of its ids", "ids of a group"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct heard h;

		doubts_of(row[i].lines, &h);
		if (row[i].want ? !strstr(h.text, row[i].want) : h.count > 0)
			fail_msg("%s: %s", row[i].why, h.text);
	}
}

/* ---- questions ---- */

static void a_question_is_read_as_croft_run_would(void **state)
{
	static const struct {
		const char *kind;
		const char *arg;
		const char *value;
		unsigned rights;
		bool submounts;
	} row[] = {
		{"volume", "/usr", "/usr", RIGHT_WRITE | RIGHT_EXEC, false},
		{"volume", "/usr/../usr/.", "/usr", RIGHT_WRITE | RIGHT_EXEC, false},
		{"volume", "/usr:ro", "/usr", RIGHT_EXEC, false},
		{"volume", "/usr:rw", "/usr", RIGHT_WRITE | RIGHT_EXEC, false},
		{"volume", "/usr:ro,noexec,submounts", "/usr", 0, true},
		{"root", "host", "host", RIGHT_WRITE | RIGHT_EXEC, false},
		{"root", "/usr:ro", "/usr", RIGHT_EXEC, false},
		{"ids", "subordinate", "subordinate", 0, false},
		{"network", "none", "none", 0, false},
	};
	static const char *const bad[][2] = {
		{"volume", "/nonexistent"},
		{"volume", "/usr:zz"},
		{"volume", "/usr:ro,"},
		{"volume", ""},
		{"volume", "/proc/self/root/usr"},
		{"root", "debian"},
		{"root", "/usr:noexec"},
		{"ids", "all"},
		{"network", ""},
		{"memory", "8G"},
	};
	struct asked ask;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		if (asked_parse(row[i].kind, row[i].arg, false, &ask, &e) < 0)
			fail_msg("%s: %s", row[i].arg, e.msg);
		assert_string_equal(ask.r.value, row[i].value);
		assert_int_equal(ask.r.rights, row[i].rights);
		assert_int_equal(ask.r.submounts, row[i].submounts);
		assert_false(ask.by_name);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (asked_parse(bad[i][0], bad[i][1], false, &ask, &e) == 0)
			fail_msg("%s %s: accepted", bad[i][0], bad[i][1]);
}

static void a_path_that_is_not_there_may_be_asked_by_name(void **state)
{
	struct asked ask;
	struct err e;

	(void)state;
	assert_int_equal(asked_parse("volume", "/nonexistent//x:ro", true, &ask, &e), 0);
	assert_true(ask.by_name);
	assert_string_equal(ask.r.value, "/nonexistent/x");
	assert_int_equal(ask.r.object, OBJECT_DIRECTORY);
	assert_int_equal(ask.r.rights, RIGHT_EXEC);
	assert_int_equal(asked_parse("volume", "/nonexistent/../x", true, &ask, &e), -EINVAL);
	assert_int_equal(asked_parse("volume", "nonexistent", true, &ask, &e), -EINVAL);
}

/* ---- the caller ---- */

static bool has_group(const struct policy_caller *c, gid_t gid)
{
	for (size_t i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return c->gid == gid;
}

static void the_caller_is_who_the_kernel_says_whatever_the_environment(void **state)
{
	struct policy_caller c = {.uid = 77};
	const struct passwd *pw = getpwuid(getuid());
	gid_t *groups;
	struct err e;
	int n;

	(void)state;
	setenv("HOME", "/nonexistent", 1);
	setenv("USER", "mallory", 1);
	setenv("LOGNAME", "mallory", 1);
	arena.used = 0;
	if (caller_get(&arena, &c, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(c.uid, getuid());
	assert_int_equal(c.gid, getgid());
	if (pw)
		assert_string_equal(c.name, pw->pw_name);
	else
		assert_null(c.name);
	n = getgroups(0, NULL);
	assert_int_equal(c.ngroups, n);
	groups = calloc((size_t)n + 1, sizeof(*groups));
	assert_int_equal(getgroups(n, groups), n);
	for (int i = 0; i < n; i++)
		assert_int_equal(c.groups[i], groups[i]);
	free(groups);
}

static void another_user_has_the_groups_of_the_group_file(void **state)
{
	const struct group *g;
	size_t members = 0;
	struct policy_caller c;
	struct err e;

	(void)state;
	arena.used = 0;
	assert_int_equal(caller_of_user("root", &arena, &c, &e), 0);
	assert_int_equal(c.uid, 0);
	assert_string_equal(c.name, "root");
	assert_int_equal(caller_of_user("0", &arena, &c, &e), 0);
	assert_string_equal(c.name, "root");
	setgrent();
	while ((g = getgrent()) && members < 20) {
		for (char **m = g->gr_mem; *m; m++, members++) {
			struct arena scratch = arena;

			if (caller_of_user(*m, &scratch, &c, &e) == 0)
				assert_true(has_group(&c, g->gr_gid));
		}
	}
	endgrent();
	assert_int_equal(caller_of_user("croft-no-such-user", &arena, &c, &e), -ENOENT);
	assert_string_equal(e.msg, "no user 'croft-no-such-user'");
	assert_int_equal(caller_of_user("--help", &arena, &c, &e), -ENOENT);
	assert_int_equal(caller_of_user("", &arena, &c, &e), -ENOENT);
}

static void a_home_that_is_not_the_users_own_stays_as_it_is_written(void **state)
{
	struct policy_caller c;
	struct err e;

	(void)state;
	arena.used = 0;
	/* bin: home /bin, on merged systems a link to usr/bin, which is root's. */
	if (caller_of_user("bin", &arena, &c, &e) < 0)
		skip();
	assert_string_equal(c.home, getpwnam("bin")->pw_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_doubtful_line_is_told_and_a_plain_one_is_not),
		cmocka_unit_test(a_question_is_read_as_croft_run_would),
		cmocka_unit_test(a_path_that_is_not_there_may_be_asked_by_name),
		cmocka_unit_test(the_caller_is_who_the_kernel_says_whatever_the_environment),
		cmocka_unit_test(another_user_has_the_groups_of_the_group_file),
		cmocka_unit_test(a_home_that_is_not_the_users_own_stays_as_it_is_written),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
