/* A plan before the policy, and the second look at what was decided about. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "common/rmtree.h"
#include "vet/vet.h"
#include "policy/rule.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { OPS = 4, RULES = 8 };

static char top[] =
	"/tmp/croft-vet-XXXXXX"; /* the folder things, with the folders a and b, and a link to a */
static int dir;
static _Alignas(max_align_t) char memory[1 << 16];
static struct arena arena;
static struct err e;

static struct policy_rule rule[RULES];
static struct policy policy = {.rule = rule};
static struct policy_caller caller = {.uid = 4242, .gid = 4242, .name = "alice"};
static const struct vet vet = {.policy = &policy, .caller = &caller};

static struct plan_op op[OPS];
static struct plan plan = {.ops = {.item = op}, .namespaces = PLAN_NS_NET, .map = PLAN_MAP_SUBORDINATE};
static struct vetted vetted[OPS + 1];

/* A name below top; one of a few at a time. */
static const char *at(const char *name)
{
	static char path[8][PATH_MAX];
	static unsigned next;

	next = (next + 1) % COUNT(path);
	snprintf(path[next], sizeof(path[next]), "%s/%s", top, name);
	return path[next];
}

static void add_rule(enum policy_action action, enum policy_kind kind, uint8_t rights, const char *value)
{
	assert_true(policy.nrules < RULES);
	rule[policy.nrules] = (struct policy_rule){.action = (uint8_t)action,
						   .kind = (uint8_t)kind,
						   .who = WHO_EVERYONE,
						   .rights = rights,
						   .conditions = COND_SUBMOUNTS,
						   .line = (uint32_t)policy.nrules + 1,
						   .value = value,
						   .file = "p"};
	policy.nrules++;
}

static void add_op(enum plan_op_kind kind, uint32_t flags, const char *source)
{
	assert_true(plan.ops.count < OPS);
	op[plan.ops.count++] =
		(struct plan_op){.kind = kind, .flags = flags, .source = source, .target = "/t", .text = ""};
}

static int set_up(void **state)
{
	(void)state;
	memcpy(top + sizeof(top) - 7, "XXXXXX", 6);
	if (!mkdtemp(top))
		return -1;
	dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "things", 0755), 0);
	assert_int_equal(mkdirat(dir, "things/a", 0755), 0);
	assert_int_equal(mkdirat(dir, "things/b", 0755), 0);
	assert_int_equal(symlinkat("a", dir, "things/link"), 0);
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	memset(vetted, 0, sizeof(vetted));
	policy.nrules = 0;
	plan.ops.count = 0;
	plan.root_kind = PLAN_ROOT_HOST;
	plan.root = "";
	plan.root_read_only = plan.ephemeral = 0;
	plan.map = PLAN_MAP_SUBORDINATE;
	plan.namespaces = PLAN_NS_NET;
	add_rule(POLICY_ALLOW, POLICY_ROOT, 0, "host");
	return 0;
}

static int tear_down(void **state)
{
	struct err error;

	(void)state;
	if (rm_tree(dir, "things", &error) < 0)
		fail_msg("%s", error.msg);
	close(dir);
	return rmdir(top);
}

static void allow_volumes(void)
{
	add_rule(POLICY_ALLOW, POLICY_VOLUME, RIGHT_WRITE | RIGHT_EXEC, "/**");
}

static void vet_all(void)
{
	if (vet_plan(&vet, &plan, &arena, vetted, &e) < 0)
		fail_msg("%s", e.msg);
}

/* What is found at path now, as the sandbox would open it. */
static int same(int which, const char *path)
{
	const char *resolved = vetted[which + 1].path;
	fd_auto int fd = open(path, O_PATH | O_CLOEXEC);
	int r;

	assert_true(fd >= 0);
	r = vet_same(vetted, &plan, which, fd, false, &e);
	/* Opened without a link on the way, which changes nothing. */
	if (resolved && !strcmp(path, resolved))
		assert_int_equal(vet_same(vetted, &plan, which, fd, true, &e), r);
	return r;
}

/* --- the second look ------------------------------------------------------------------------------- */

static void the_same_object_is_the_same(void **state)
{
	(void)state;
	allow_volumes();
	add_op(OP_VOLUME, OPF_ASKED, at("things/a"));
	add_op(OP_VOLUME, OPF_ASKED, at("things/link"));
	add_op(OP_CONF, OPF_ASKED | OPF_READ_ONLY, at("things/b"));
	vet_all();
	assert_int_equal(same(0, at("things/a")), 0);
	assert_int_equal(same(1, at("things/a")), 0);
	assert_int_equal(same(1, at("things/link")), 0);
	assert_int_equal(same(2, at("things/b")), 0);
	assert_string_equal(vetted[2].path, at("things/a"));
}

static void another_object_is_noticed(void **state)
{
	char message[PATH_MAX + 128];

	(void)state;
	allow_volumes();
	add_op(OP_VOLUME, OPF_ASKED, at("things/a"));
	add_op(OP_VOLUME, OPF_ASKED, at("things/link"));
	vet_all();
	snprintf(message, sizeof(message), "%s became something else while the sandbox was started",
		 op[0].source);
	assert_int_equal(same(0, at("things/b")), -ESTALE);
	assert_string_equal(e.msg, message);
	/* The link leads elsewhere now. */
	assert_int_equal(unlinkat(dir, "things/link", 0), 0);
	assert_int_equal(symlinkat("b", dir, "things/link"), 0);
	assert_int_equal(same(1, at("things/link")), -ESTALE);
	/* The same name, another inode. */
	assert_int_equal(renameat(dir, "things/a", dir, "things/old"), 0);
	assert_int_equal(mkdirat(dir, "things/a", 0755), 0);
	assert_int_equal(same(0, at("things/a")), -ESTALE);
	/* The same inode, another name. */
	assert_int_equal(same(0, at("things/old")), -ESTALE);
	/* As it was. */
	assert_int_equal(unlinkat(dir, "things/a", AT_REMOVEDIR), 0);
	assert_int_equal(renameat(dir, "things/old", dir, "things/a"), 0);
	assert_int_equal(same(0, at("things/a")), 0);
}

static void what_was_removed_is_noticed(void **state)
{
	fd_auto int fd = -1;

	(void)state;
	allow_volumes();
	add_op(OP_VOLUME, OPF_ASKED, at("things/a"));
	vet_all();
	fd = open(op[0].source, O_PATH | O_CLOEXEC);
	assert_int_equal(unlinkat(dir, "things/a", AT_REMOVEDIR), 0);
	assert_true(vet_same(vetted, &plan, 0, fd, false, &e) < 0);
	assert_non_null(strstr(e.msg, op[0].source));
	assert_int_equal(vet_same(vetted, &plan, 0, -1, false, &e), -EBADF);
}

static void the_root_is_looked_at_twice_too(void **state)
{
	(void)state;
	add_rule(POLICY_ALLOW, POLICY_ROOT, RIGHT_WRITE | RIGHT_EXEC, "/**");
	plan.root_kind = PLAN_ROOT_DIR;
	plan.root = at("things/a");
	vet_all();
	assert_int_equal(same(-1, at("things/a")), 0);
	assert_int_equal(same(-1, at("things/b")), -ESTALE);
	assert_non_null(strstr(e.msg, plan.root));
}

/* One that was missing was not decided about, so it may not come up afterwards. */
static void an_optional_source_may_be_missing_but_not_appear(void **state)
{
	(void)state;
	allow_volumes();
	add_op(OP_CONF, OPF_ASKED | OPF_OPTIONAL, at("things/new"));
	vet_all();
	assert_null(vetted[1].path);
	assert_int_equal(same(0, at("things/a")), -ESTALE);
	op[0].flags = OPF_ASKED;
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "things/new:/t: No such file or directory"));
}

/* --- the decision -------------------------------------------------------------------------------------- */

static void only_what_was_asked_for_is_decided_about(void **state)
{
	(void)state;
	add_op(OP_CONF, OPF_READ_ONLY, "/etc/passwd");
	add_op(OP_MIRROR, OPF_READ_ONLY, "/usr");
	add_op(OP_TMPFS, OPF_ASKED, "");
	vet_all();
	for (size_t i = 0; i < COUNT(vetted); i++)
		assert_null(vetted[i].path);
}

static void the_first_refusal_ends_it(void **state)
{
	char a[PATH_MAX], message[2 * PATH_MAX];

	(void)state;
	snprintf(a, sizeof(a), "%s", at("things/a"));
	add_rule(POLICY_ALLOW, POLICY_VOLUME, RIGHT_EXEC, a);
	add_op(OP_VOLUME, OPF_ASKED | OPF_READ_ONLY, a);
	add_op(OP_VOLUME, OPF_ASKED | OPF_READ_ONLY, at("things/b"));
	add_op(OP_VOLUME, OPF_ASKED, at("things/missing"));
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	snprintf(message, sizeof(message), "volume %s:/t: denied for alice: no rule allows it", op[1].source);
	assert_string_equal(e.msg, message);
	snprintf(message, sizeof(message), "croft policy explain volume %s", op[1].source);
	assert_string_equal(e.hint, message);
	assert_non_null(vetted[1].path);
	assert_null(vetted[2].path);
}

static void what_is_asked_of_an_object_follows_its_flags(void **state)
{
	static const struct {
		uint8_t granted;
		uint32_t flags;
		int result;
		const char *why;
	} row[] = {
		{RIGHT_WRITE | RIGHT_EXEC, 0, 0, "all asked, all granted"},
		{RIGHT_EXEC, 0, -EACCES, "writing is not granted"},
		{RIGHT_EXEC, OPF_READ_ONLY, 0, "nor asked"},
		{RIGHT_WRITE, OPF_NOEXEC, 0, "execution neither"},
		{RIGHT_WRITE, 0, -EACCES, "execution is not granted"},
		{0, OPF_READ_ONLY, -EACCES, "execution is not granted"},
		{0, OPF_READ_ONLY | OPF_NOEXEC, 0, "just reading"},
		{0, OPF_NOEXEC, -EACCES, "writing is not granted"},
	};

	(void)state;
	add_op(OP_VOLUME, OPF_ASKED, at("things/a"));
	for (size_t i = 0; i < COUNT(row); i++) {
		policy.nrules = 1;
		add_rule(POLICY_ALLOW, POLICY_VOLUME, row[i].granted, "/**");
		op[0].flags = OPF_ASKED | row[i].flags;
		if (vet_plan(&vet, &plan, &arena, vetted, &e) != row[i].result)
			fail_msg("%s", row[i].why);
	}
}

static void a_root_is_written_to_unless_it_is_read_only_or_thrown_away(void **state)
{
	(void)state;
	add_rule(POLICY_ALLOW, POLICY_ROOT, RIGHT_EXEC, "/**");
	plan.root_kind = PLAN_ROOT_DIR;
	plan.root = at("things/a");
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	assert_non_null(strstr(e.msg, "rule p:2 allows it read-only"));
	plan.root_read_only = 1;
	vet_all();
	plan.root_read_only = 0;
	plan.ephemeral = 1;
	vet_all();
	policy.nrules = 0;
	plan.root_kind = PLAN_ROOT_HOST;
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	assert_string_equal(e.msg, "root host: denied for alice: no rule allows it");
}

static void links_are_decided_about_by_where_they_lead(void **state)
{
	char b[PATH_MAX];

	(void)state;
	allow_volumes();
	snprintf(b, sizeof(b), "%s", at("things/a"));
	add_rule(POLICY_DENY, POLICY_VOLUME, 0, b);
	add_op(OP_VOLUME, OPF_ASKED, at("things/link"));
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	op[0].source = at("things/../things//b/../a/.");
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	op[0].source = at("things/b");
	vet_all();
	op[0].source = at("things"); /* holds what is denied */
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
}

static void no_rule_allows_devices_and_kernel_file_systems(void **state)
{
	static const struct {
		const char *source;
		int code;
		const char *msg; /* begins and ends so: what /dev is differs from host to host */
		const char *end;
	} row[] = {
		{"/dev/null", EACCES, "volume /dev/null:/t: denied for alice: /dev/null ",
		 ", which is never a volume"},
		{"/proc", EACCES, "volume /proc:/t: denied for alice: /proc lies on proc, ",
		 ", which is never a volume"},
		{"/proc/self/root", ELOOP, "volume /proc/self/root:/t: ", ", or through a link of /proc"},
	};

	(void)state;
	allow_volumes();
	add_op(OP_VOLUME, OPF_ASKED, "");
	for (size_t i = 0; i < COUNT(row); i++) {
		size_t n;

		op[0].source = row[i].source;
		assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -row[i].code);
		n = strlen(e.msg);
		if (strncmp(e.msg, row[i].msg, strlen(row[i].msg)) != 0 || n < strlen(row[i].end) ||
		    strcmp(e.msg + n - strlen(row[i].end), row[i].end) != 0)
			fail_msg("%s: %s", row[i].source, e.msg);
	}
}

static void text_of_others_is_quoted_once(void **state)
{
	char message[PATH_MAX];

	(void)state;
	assert_int_equal(mkdirat(dir, "things/l\nf", 0755), 0);
	add_op(OP_VOLUME, OPF_ASKED, at("things/l\nf"));
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	snprintf(message, sizeof(message), "volume %s/things/l\\nf:/t: denied for alice: no rule allows it",
		 top);
	assert_string_equal(e.msg, message);
	plan.root_kind = PLAN_ROOT_DIR;
	plan.root = op[0].source;
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -EACCES);
	snprintf(message, sizeof(message), "root %s/things/l\\nf: denied for alice: no rule allows it", top);
	assert_string_equal(e.msg, message);
}

static void memory_that_does_not_suffice_is_an_error(void **state)
{
	(void)state;
	allow_volumes();
	add_op(OP_VOLUME, OPF_ASKED, at("things/a"));
	arena.size = 4;
	assert_int_equal(vet_plan(&vet, &plan, &arena, vetted, &e), -ENOMEM);
}

/* --- words ------------------------------------------------------------------------------------------------
 */

static void ids_and_network_are_decided_about(void **state)
{
	static const struct {
		enum plan_map map;
		uint32_t namespaces;
		const char *ids, *network; /* what is allowed */
		int result;
		enum plan_map used;
		const char *why;
	} row[] = {
		{PLAN_MAP_SELF, PLAN_NS_NET, NULL, "none", 0, PLAN_MAP_SELF, "one's own id needs no rule"},
		{PLAN_MAP_SUBORDINATE, PLAN_NS_NET, "subordinate", "none", 0, PLAN_MAP_SUBORDINATE,
		 "granted"},
		{PLAN_MAP_SUBORDINATE, PLAN_NS_NET, NULL, "none", -EACCES, PLAN_MAP_COUNT, "not granted"},
		{PLAN_MAP_SUBORDINATE, PLAN_NS_NET, "setgroups", "none", -EACCES, PLAN_MAP_COUNT,
		 "another word"},
		{PLAN_MAP_ISOLATED, PLAN_NS_NET, NULL, "none", -EACCES, PLAN_MAP_COUNT,
		 "isolated is subordinate"},
		{PLAN_MAP_ISOLATED, PLAN_NS_NET, "subordinate", "none", 0, PLAN_MAP_ISOLATED, "granted"},
		{PLAN_MAP_AUTO, PLAN_NS_NET, "subordinate", "none", 0, PLAN_MAP_AUTO, "granted"},
		{PLAN_MAP_AUTO, PLAN_NS_NET, NULL, "none", 0, PLAN_MAP_SELF,
		 "not granted: one's own id is left"},
		{PLAN_MAP_AUTO, 0, NULL, "none", -EACCES, PLAN_MAP_COUNT, "but not the host's network"},
		{PLAN_MAP_SELF, PLAN_NS_NET, NULL, "host", -EACCES, PLAN_MAP_COUNT,
		 "none is to be granted, too"},
		{PLAN_MAP_SELF, 0, NULL, "host", 0, PLAN_MAP_SELF, "the host's network, granted"},
		{PLAN_MAP_SELF, PLAN_NS_CGROUP, NULL, "host", 0, PLAN_MAP_SELF,
		 "another namespace is no network"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		enum plan_map used = PLAN_MAP_COUNT;
		int r;

		policy.nrules = 0;
		if (row[i].ids)
			add_rule(POLICY_ALLOW, POLICY_IDS, 0, row[i].ids);
		add_rule(POLICY_ALLOW, POLICY_NETWORK, 0, row[i].network);
		plan.map = row[i].map;
		plan.namespaces = row[i].namespaces;
		plan.network = row[i].namespaces & PLAN_NS_NET ? PLAN_NETWORK_NONE : PLAN_NETWORK_HOST;
		r = vet_words(&vet, &plan, &used, &e);
		if (r != row[i].result || used != row[i].used)
			fail_msg("%s: %d, map %d", row[i].why, r, (int)used);
	}
}

static void each_word_that_is_wanted_needs_its_rule(void **state)
{
	static const struct {
		enum policy_kind kind;
		const char *word;
		struct plan p;
	} row[] = {
		{POLICY_NETWORK, "user", {.network = PLAN_NETWORK_USER, .namespaces = PLAN_NS_NET}},
		{POLICY_NETWORK,
		 "publish",
		 {.network = PLAN_NETWORK_NONE, .namespaces = PLAN_NS_NET, .ports = {.count = 1}}},
		{POLICY_SECCOMP, "unconfined", {.seccomp = PLAN_SECCOMP_UNCONFINED}},
		{POLICY_SECCOMP, "custom", {.seccomp = PLAN_SECCOMP_PROGRAM}},
		{POLICY_LANDLOCK, "off", {.landlock = PLAN_LANDLOCK_OFF}},
		{POLICY_PROC, "unmasked", {.unmasked = 1}},
		{POLICY_USERNS, "inside", {.allow_userns = 1}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		enum plan_map used;
		char want[128];

		policy.nrules = 0;
		if (strcmp(row[i].word, "user") != 0)
			add_rule(POLICY_ALLOW, POLICY_NETWORK, 0, "none");
		assert_int_equal(vet_words(&vet, &row[i].p, &used, &e), -EACCES);
		snprintf(want, sizeof(want), "%s %s: denied for alice: no rule allows it",
			 policy_kind_word[row[i].kind], row[i].word);
		assert_string_equal(e.msg, want);
		add_rule(POLICY_ALLOW, row[i].kind, 0, row[i].word);
		assert_int_equal(vet_words(&vet, &row[i].p, &used, &e), 0);
	}
}

static void a_refused_word_says_which(void **state)
{
	const struct plan p = {.tcp = 0};
	struct policy_verdict v;

	(void)state;
	assert_int_equal(vet_word(&vet, POLICY_NETWORK, "host", &p, &v, &e), -EACCES);
	assert_string_equal(e.msg, "network host: denied for alice: no rule allows it");
	assert_int_equal(v.reason, REASON_NO_RULE);
	assert_int_equal(vet_word(&vet, POLICY_IDS, "subordinate", &p, NULL, &e), -EACCES);
	assert_string_equal(e.msg, "ids subordinate: denied for alice: no rule allows it");
	assert_string_equal(e.hint, "croft policy explain ids subordinate");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_same_object_is_the_same),
		TEST(another_object_is_noticed),
		TEST(what_was_removed_is_noticed),
		TEST(the_root_is_looked_at_twice_too),
		TEST(an_optional_source_may_be_missing_but_not_appear),
		TEST(only_what_was_asked_for_is_decided_about),
		TEST(the_first_refusal_ends_it),
		TEST(what_is_asked_of_an_object_follows_its_flags),
		TEST(a_root_is_written_to_unless_it_is_read_only_or_thrown_away),
		TEST(links_are_decided_about_by_where_they_lead),
		TEST(no_rule_allows_devices_and_kernel_file_systems),
		TEST(text_of_others_is_quoted_once),
		TEST(memory_that_does_not_suffice_is_an_error),
		TEST(ids_and_network_are_decided_about),
		TEST(each_word_that_is_wanted_needs_its_rule),
		TEST(a_refused_word_says_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
