/*
 * Which ids a caller gets: files and policies of a folder of the test's own, and the maps or the sentence. In
 * a user namespace in which the test is root, since the files must be root's.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
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

#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/mem.h"
#include "helper/shared/grant.h"
#include "policy/parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALLOWED  "allow everyone ids subordinate\n"
#define BOTH     ALLOWED "allow everyone ids setgroups\n"
#define RULE     ALLOWED "ids rule base 2000000 size 10 uid-min 1000 uid-max 2000\n"

static const char passwd[] = "root:x:0:0::/:\nalice:x:1000:1001::/:\nbob:x:70000:1::/:\n";
static const char group[] = "root:x:0:\nalice:x:1001:\nstaff:x:80000:\n";

static char top[] = "/tmp/croft-test-XXXXXX";
static struct arena arena;
static struct err e;

struct want {
	const char *policy;
	const char *subuid, *subgid; /* NULL: there is no such file */
	struct wish wish;
	int status;            /* 0: granted */
	const char *uid, *gid; /* maps; or what the sentence and the hint say */
	bool deny_setgroups;
	uint32_t line; /* of the policy, that ids were computed by */
};

static void put_text(const char *name, const char *text)
{
	fd_auto int fd = -1;

	unlink(name);
	if (!text)
		return;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int decide(const struct want *w, uint32_t last, struct grant *g)
{
	static struct policy_rule rule[16];
	static char text[1024];
	struct policy_rules rules = {.rule = rule, .max = COUNT(rule)};
	struct policy_resolver nobody = {.find = NULL};
	struct policy_caller alice = {.uid = 1000, .gid = 1001, .name = "alice"};
	struct policy p = {.rule = rule};
	struct grant_facts f = {.policy = &p,
				.caller = &alice,
				.passwd = passwd,
				.passwd_size = sizeof(passwd) - 1,
				.last = last};

	arena.used = 0;
	e = (struct err){0};
	*g = (struct grant){.deny_setgroups = false};
	snprintf(text, sizeof(text), "version 1\n%s", w->policy);
	if (policy_parse(text, strlen(text), "p", &nobody, &arena, &rules, &e) != 0)
		fail_msg("%s", e.msg);
	p.nrules = rules.n;
	put_text("subuid", w->subuid);
	put_text("subgid", w->subgid);
	return grant_decide(&f, &w->wish, &arena, g, &e);
}

static void check(const struct want *w, uint32_t last)
{
	struct grant g;
	int r = decide(w, last, &g);

	if (w->status == 0) {
		if (r != 0)
			fail_msg("%s was expected: %s", w->uid, e.msg);
		assert_string_equal(g.uid.text, w->uid);
		assert_string_equal(g.gid.text, w->gid);
		assert_int_equal(g.uid.len, strlen(w->uid));
		assert_int_equal(g.gid.len, strlen(w->gid));
		assert_int_equal(g.deny_setgroups, w->deny_setgroups);
		assert_non_null(g.rule);
		assert_int_equal(g.ids_rule ? g.ids_rule->line : 0, w->line);
		return;
	}
	if (r >= 0 || e.status != w->status || !strstr(e.msg, w->uid) || !strstr(e.hint, w->gid))
		fail_msg("\"%s\" (%s) with %d was expected: %d: %s (%s) with %d", w->uid, w->gid, w->status,
			 r, e.msg, e.hint, e.status);
}

static void what_is_granted_is_written(void **state)
{
	static const struct want row[] = {
		{BOTH,
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 0,
		 "0 1000 1\n1 100000 5\n",
		 "0 1001 1\n1 200000 5\n",
		 false,
		 0},
		{BOTH,
		 "1000:100000:5\n",
		 "alice:200000:5\n",
		 {ID_NONE, 2},
		 0,
		 "0 100000 5\n",
		 "0 200000 2\n2 1001 1\n3 200002 3\n",
		 false,
		 0},
		{ALLOWED,
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 0,
		 "0 1000 1\n1 100000 5\n",
		 "0 1001 1\n1 200000 5\n",
		 true,
		 0},
		{BOTH "limit everyone ids 2\n",
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {ID_NONE, ID_NONE},
		 0,
		 "0 100000 2\n",
		 "0 200000 2\n",
		 false,
		 0},
		/* CVE-2018-7169 */
		{BOTH "limit everyone ids 0\n",
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 0,
		 "0 1000 1\n",
		 "0 1001 1\n",
		 true,
		 0},
		{BOTH "limit everyone ids 1\n",
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {0, ID_NONE},
		 0,
		 "0 1000 1\n1 100000 1\n",
		 "0 200000 1\n",
		 false,
		 0},
		{BOTH,
		 "alice:100000:5\nalice:70001:1\n",
		 "alice:79999:1\nalice:80001:1\n",
		 {ID_NONE, ID_NONE},
		 0,
		 "0 100000 5\n5 70001 1\n",
		 "0 79999 1\n1 80001 1\n",
		 false,
		 0},
		{RULE, NULL, NULL, {ID_NONE, ID_NONE}, 0, "0 2000000 10\n", "0 2000000 10\n", true, 3},
		{RULE,
		 "alice:100000:5\n",
		 NULL,
		 {ID_NONE, ID_NONE},
		 0,
		 "0 100000 5\n",
		 "0 2000000 10\n",
		 true,
		 3},
		{RULE,
		 NULL,
		 "alice:200000:5\n",
		 {ID_NONE, ID_NONE},
		 0,
		 "0 2000000 10\n",
		 "0 200000 5\n",
		 true,
		 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		check(&row[i], ID_NONE - 1);
}

static void what_is_refused_says_why(void **state)
{
	static const struct want row[] = {
		{"",
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "subordinate ids: denied for alice: no rule allows it",
		 "croft policy explain ids subordinate",
		 0,
		 0},
		{BOTH,
		 NULL,
		 NULL,
		 {0, 0},
		 HELPER_NO_RANGES,
		 "uid 1000 (alice) has no line in subuid",
		 "croft doctor",
		 0,
		 0},
		{BOTH,
		 "alice:100000:5\n",
		 "bob:200000:5\n",
		 {0, 0},
		 HELPER_NO_RANGES,
		 "uid 1000 (alice) has no line in subgid",
		 "croft doctor",
		 0,
		 0},
		{ALLOWED "ids rule base 2000000 size 10 uid-min 1001 uid-max 2000\n",
		 NULL,
		 NULL,
		 {0, 0},
		 HELPER_NO_RANGES,
		 "has no line in subuid, and no ids rule of the policy is for that uid",
		 "",
		 0,
		 0},
		{BOTH, "alice:x:5\n", "alice:200000:5\n", {0, 0}, HELPER_REFUSED, "subuid", "", 0, 0},
		{BOTH,
		 "alice:0:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 0:5 in subuid holds uid 0 of the host",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:100000:5\n",
		 "alice:0:1\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 0:1 in subgid holds gid 0 of the host",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:900:101\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 900:101 in subuid holds the caller's own uid",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:100000:5\n",
		 "alice:1001:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 1001:5 in subgid holds the caller's own gid",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:0:5\nalice:300000:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 0:5 in subuid holds uid 0 of the host",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:100000:5\nalice:300000:5\nalice:100004:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "the ranges 100000:5 and 100004:5 in subuid overlap",
		 "",
		 0,
		 0},
		{BOTH,
		 "alice:69996:5\n",
		 "alice:200000:5\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "a range of the caller in subuid holds uid 70000, which is bob in passwd",
		 "usermod --add-subuids",
		 0,
		 0},
		{BOTH,
		 "alice:100000:5\n",
		 "alice:80000:1\n",
		 {0, 0},
		 HELPER_REFUSED,
		 "a range of the caller in subgid holds gid 80000, which is staff in group",
		 "usermod --add-subgids",
		 0,
		 0},
		{ALLOWED "ids rule base 70000 size 10 uid-min 1000 uid-max 1000\n",
		 NULL,
		 NULL,
		 {0, 0},
		 HELPER_REFUSED,
		 "a range of the caller of the ids rule p:3 holds uid 70000, which is bob in passwd",
		 "give the rule a base that nobody has",
		 0,
		 0},
		{RULE,
		 "bob:2000005:1\n",
		 NULL,
		 {0, 0},
		 HELPER_REFUSED,
		 "the range 2000000:10 of the ids rule p:3 overlaps 2000005:1, which is bob's in subuid",
		 "gives the rule a base that nobody has",
		 0,
		 0},
		{BOTH "limit everyone ids 0\n",
		 "alice:100000:5\n",
		 "alice:200000:5\n",
		 {ID_NONE, 0},
		 HELPER_REFUSED,
		 "there is nothing to map: the policy limits subordinate ids to 0",
		 "",
		 0,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		check(&row[i], ID_NONE - 1);
}

static void a_policy_without_ids_rules_is_not_said_to_have_some(void **state)
{
	static const struct want w = {
		.policy = BOTH,
		.status = HELPER_NO_RANGES,
		.uid = "uid 1000 (alice) has no line in subuid",
		.gid = "croft doctor says which range is free, and the command that gives it"};

	(void)state;
	check(&w, ID_NONE - 1);
	assert_string_equal(e.msg, w.uid);
}

static void nothing_above_the_last_id_is_given(void **state)
{
	static const struct want good = {BOTH, "alice:100000:5\n", "alice:100001:4\n", {ID_NONE, ID_NONE},
					 0,    "0 100000 5\n",     "0 100001 4\n",     false,
					 0};
	static const struct want one = {BOTH, "alice:100004:1\n", "alice:100004:1\n", {ID_NONE, ID_NONE},
					0,    "0 100004 1\n",     "0 100004 1\n",     false,
					0};
	static const struct want end = {
		BOTH,
		"alice:100000:6\n",
		"alice:100001:4\n",
		{0, 0},
		HELPER_REFUSED,
		"the range 100000:6 in subuid holds uids above 100004, which are for nobody",
		"",
		0,
		0};
	static const struct want start = {
		BOTH,
		"alice:100000:5\n",
		"alice:100005:1\n",
		{0, 0},
		HELPER_REFUSED,
		"the range 100005:1 in subgid holds gids above 100004, which are for nobody",
		"",
		0,
		0};

	(void)state;
	check(&good, 100004);
	check(&one, 100004);
	check(&end, 100004);
	check(&start, 100004);
}

static void more_lines_than_the_kernel_takes_are_refused(void **state)
{
	static char lines[IDS_RANGES_MAX * 20];
	struct want w = {
		BOTH,
		lines,
		"alice:200000:5\n",
		{ID_NONE, ID_NONE},
		HELPER_REFUSED,
		"the uid map needs more than 340 lines or 4095 bytes, which the kernel does not take",
		"join the caller's ranges in subuid",
		0,
		0};
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < IDS_RANGES_MAX; i++)
		used += (size_t)snprintf(lines + used, sizeof(lines) - used, "alice:%u:1\n", 1000000 + 2 * i);
	check(&w, ID_NONE - 1);
}

static void another_source_of_ids_is_not_asked(void **state)
{
	struct want w = {BOTH,
			 "alice:100000:5\n",
			 "alice:200000:5\n",
			 {0, 0},
			 HELPER_OTHER_SOURCE,
			 "nsswitch.conf names another source of subordinate ids than files",
			 "newuidmap and newgidmap can ask that source",
			 0,
			 0};

	(void)state;
	put_text("nsswitch.conf", "subid: sss\n");
	check(&w, ID_NONE - 1);
	assert_int_equal(chmod("nsswitch.conf", 0666), 0);
	w.status = HELPER_REFUSED;
	w.uid = "nsswitch.conf";
	w.gid = "";
	check(&w, ID_NONE - 1);
	put_text("nsswitch.conf", NULL);
}

static void without_a_database_of_groups_nothing_is_given(void **state)
{
	struct want w = {BOTH, "alice:100000:5\n", "alice:200000:5\n", {0, 0}, HELPER_REFUSED, "group", "", 0,
			 0};

	(void)state;
	put_text("group", NULL);
	check(&w, ID_NONE - 1);
	put_text("group", group);
}

static void the_map_of_the_caller_alone_needs_no_policy(void **state)
{
	const struct policy_caller alice = {.uid = 1000, .gid = 1001};
	const struct wish w = {.own_uid = 0, .own_gid = 5};
	struct grant g = {.rule = (const struct policy_rule *)&w};

	(void)state;
	grant_self(&w, &alice, &g);
	assert_string_equal(g.uid.text, "0 1000 1\n");
	assert_string_equal(g.gid.text, "5 1001 1\n");
	assert_int_equal(g.uid.len, strlen(g.uid.text));
	assert_int_equal(g.gid.len, strlen(g.gid.text));
	assert_true(g.deny_setgroups);
	assert_null(g.rule);
}

/* ---- a folder of root's ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static bool become_root(void)
{
	unsigned uid = geteuid();
	char line[32];
	fd_auto int fd = -1;

	if (uid == 0)
		return true;
	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	snprintf(line, sizeof(line), "0 %u 1", uid);
	return fd >= 0 && fd_write_all(fd, line, strlen(line)) == 0;
}

static bool rootless;

static int begin(void **state)
{
	(void)state;
	umask(022);
	rootless = !become_root();
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	put_text("passwd", passwd);
	put_text("group", group);
	return mem_arena((size_t)64 << 20, &arena);
}

static int end(void **state)
{
	(void)state;
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int need_root(void **state)
{
	(void)state;
	if (rootless)
		skip();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_granted_is_written, need_root),
		cmocka_unit_test_setup(what_is_refused_says_why, need_root),
		cmocka_unit_test_setup(a_policy_without_ids_rules_is_not_said_to_have_some, need_root),
		cmocka_unit_test_setup(nothing_above_the_last_id_is_given, need_root),
		cmocka_unit_test_setup(more_lines_than_the_kernel_takes_are_refused, need_root),
		cmocka_unit_test_setup(another_source_of_ids_is_not_asked, need_root),
		cmocka_unit_test_setup(without_a_database_of_groups_nothing_is_given, need_root),
		cmocka_unit_test(the_map_of_the_caller_alone_needs_no_policy),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
