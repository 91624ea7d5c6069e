/* The decision: tables, properties, a naive second implementation, and the words of a refusal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide.h"
#include "policy/match.h"
#include "policy/parse.h"
#include "policy/rule.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { RULES = 64 };

static char memory[1 << 16];
static struct policy_rule rule[RULES];

static const gid_t groups[] = {100, 300};
static const struct policy_caller alice = {
	.uid = 1000, .gid = 1001, .groups = groups, .ngroups = 2, .name = "alice", .home = "/home/alice"};

static int find(void *ctx, enum policy_who who, const char *name, uint32_t *ret, struct err *e)
{
	(void)ctx;
	(void)e;
	if (who == WHO_USER && !strcmp(name, "alice"))
		*ret = 1000;
	else if (who == WHO_USER && !strcmp(name, "bob"))
		*ret = 1002;
	else if (who == WHO_GROUP && !strcmp(name, "research"))
		*ret = 300;
	else
		return -ENOENT;
	return 0;
}

/* Lines without the version. */
static struct policy policy_of(const char *lines)
{
	static const struct policy_resolver names = {.find = find};
	struct arena a = {.base = memory, .size = sizeof(memory)};
	struct policy_rules rules = {.rule = rule, .max = RULES};
	char text[4096];
	struct err e;

	snprintf(text, sizeof(text), "version 1\n%s", lines);
	if (policy_parse(text, strlen(text), "p.conf", &names, &a, &rules, &e) < 0)
		fail_msg("%s", e.msg);
	return (struct policy){.rule = rule, .nrules = rules.n};
}

static struct policy_request volume(const char *path, unsigned rights)
{
	return (struct policy_request){.kind = POLICY_VOLUME,
				       .rights = (uint8_t)rights,
				       .object = OBJECT_DIRECTORY,
				       .owner = 1000,
				       .value = path};
}

enum { RO = RIGHT_EXEC, RW = RIGHT_EXEC | RIGHT_WRITE };

static const char *reason_name(unsigned reason)
{
	static const char *const name[] = {
		[REASON_ALLOWED] = "allowed",     [REASON_NO_RULE] = "no rule",
		[REASON_DENIED] = "denied",       [REASON_DENIED_BELOW] = "denied below",
		[REASON_RIGHTS] = "rights",       [REASON_OWNER] = "owner",
		[REASON_KERNEL_FS] = "kernel fs", [REASON_DEVICE] = "device",
	};

	return name[reason];
}

static void expect(const struct policy_verdict *v, enum policy_reason want, unsigned line, const char *why)
{
	if (v->reason != want)
		fail_msg("%s: %s, not %s", why, reason_name(v->reason), reason_name(want));
	if (v->allowed != (want == REASON_ALLOWED))
		fail_msg("%s: allowed does not fit the reason", why);
	if ((v->rule ? v->rule->line : 0) != line)
		fail_msg("%s: line %u, not %u", why, v->rule ? v->rule->line : 0, line);
}

static void a_volume_is_decided_by_its_path_and_mode(void **state)
{
	static const struct {
		const char *lines;
		const char *path;
		unsigned rights;
		enum policy_reason want;
		unsigned line;
		const char *why;
	} row[] = {
		{"", "/srv", RO, REASON_NO_RULE, 0, "no rules allow nothing"},
		{"allow everyone volume /srv/** rw\n", "/srv/x", RW, REASON_ALLOWED, 2, "rw covers rw"},
		{"allow everyone volume /srv/** rw\n", "/srv/x", RO, REASON_ALLOWED, 2, "rw covers ro"},
		{"allow everyone volume /srv/**\n", "/srv/x", RW, REASON_RIGHTS, 2, "the default is ro"},
		{"allow everyone volume /srv/** rw\n", "/srv2", RO, REASON_NO_RULE, 0,
		 "no prefix of a string"},
		{"allow everyone volume /srv/** rw\n", "/", RO, REASON_NO_RULE, 0,
		 "an allow line reaches not up"},
		{"allow user bob volume /srv/** rw\n", "/srv", RO, REASON_NO_RULE, 0, "somebody else"},
		{"allow user 1000 volume /srv/**\n", "/srv", RO, REASON_ALLOWED, 2, "by number"},
		{"allow group research volume /srv\n", "/srv", RO, REASON_ALLOWED, 2,
		 "a supplementary group"},
		{"allow group 1001 volume /srv\n", "/srv", RO, REASON_ALLOWED, 2, "the primary group"},
		{"allow group 1000 volume /srv\n", "/srv", RO, REASON_NO_RULE, 0, "a uid is no gid"},
		{"allow user 1001 volume /srv\n", "/srv", RO, REASON_NO_RULE, 0, "a gid is no uid"},
		{"allow everyone root /srv\n", "/srv", RO, REASON_NO_RULE, 0, "another kind"},
		{"allow everyone volume /srv noexec\n", "/srv", RO, REASON_RIGHTS, 2,
		 "execution was asked for"},
		{"allow everyone volume /srv noexec\n", "/srv", 0, REASON_ALLOWED, 2, "noexec was asked for"},
		{"allow everyone volume /srv rw noexec\nallow everyone volume /srv ro\n", "/srv", RW,
		 REASON_RIGHTS, 2, "rights of two lines do not add up"},
		{"allow everyone volume /srv/**\nallow everyone volume /srv/x rw\n", "/srv/x", RW,
		 REASON_ALLOWED, 3, "one line that grants all is enough"},
		{"deny everyone volume /srv/x\nallow everyone volume /srv/** rw\n", "/srv/x", RO,
		 REASON_DENIED, 2, "deny wins, first"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x\n", "/srv/x", RO,
		 REASON_DENIED, 3, "deny wins, last"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x\n", "/srv/x/y", RO,
		 REASON_ALLOWED, 2, "an exact deny does not reach down"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x/**\n", "/srv/x/y", RO,
		 REASON_DENIED, 3, "a deny with ** does"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x rw\n", "/srv/x", RO,
		 REASON_ALLOWED, 2, "deny rw leaves reading"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x rw\n", "/srv/x", RW,
		 REASON_DENIED, 3, "deny rw denies writing"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x rw\n", "/srv", RW,
		 REASON_DENIED_BELOW, 3, "deny rw below denies writing"},
		{"allow everyone volume /srv/** rw\ndeny everyone volume /srv/x rw\n", "/srv", RO,
		 REASON_ALLOWED, 2, "deny rw below leaves reading"},
		{"allow everyone volume %h/** rw\ndeny everyone volume %h/.ssh/**\n", "/home/alice/.ssh", RO,
		 REASON_DENIED, 3, "keys"},
		{"allow everyone volume %h/** rw\ndeny everyone volume %h/.ssh/**\n", "/home/alice/.ssh/id",
		 RO, REASON_DENIED, 3, "a key"},
		{"allow everyone volume %h/** rw\ndeny everyone volume %h/.ssh/**\n", "/home/alice", RO,
		 REASON_DENIED_BELOW, 3, "the home that holds keys"},
		{"allow everyone volume /** rw\ndeny everyone volume %h/.ssh/**\n", "/home", RO,
		 REASON_DENIED_BELOW, 3, "the directory of homes"},
		{"allow everyone volume /** rw\ndeny everyone volume %h/.ssh/**\n", "/", RO,
		 REASON_DENIED_BELOW, 3, "all of the host"},
		{"allow everyone volume /** rw\ndeny everyone volume %h/.ssh/**\n", "/home/alice/src", RO,
		 REASON_ALLOWED, 2, "the rest of the home"},
		{"allow everyone volume /** rw\ndeny everyone volume /home/*/secret\n", "/home", RO,
		 REASON_DENIED_BELOW, 3, "a wildcard below, from above"},
		{"allow everyone volume /** rw\ndeny everyone volume /home/*/secret\n", "/home/bob", RO,
		 REASON_DENIED_BELOW, 3, "a wildcard below, from where it stands"},
		{"deny user bob volume /srv\nallow everyone volume /srv\n", "/srv", RO, REASON_ALLOWED, 3,
		 "a deny for somebody else"},
		{"deny group research volume /srv\nallow everyone volume /srv\n", "/srv", RO, REASON_DENIED,
		 2, "a deny for a group of his"},
		{"deny everyone root /srv\nallow everyone volume /srv\n", "/srv", RO, REASON_ALLOWED, 3,
		 "a deny of another kind"},
		{"allow everyone volume /scratch/** rw\n", "/scratch/bob/../alice", RO, REASON_NO_RULE, 0,
		 "not resolved"},
		{"allow everyone volume /scratch/** rw\n", "//scratch", RO, REASON_NO_RULE, 0, "not clean"},
		{"allow everyone volume /scratch/** rw\n", "/scratch/./x", RO, REASON_NO_RULE, 0,
		 "not clean either"},
		{"allow everyone volume /** rw\n", "scratch", RO, REASON_NO_RULE, 0, "relative"},
		{"allow everyone volume /** rw\n", "", RO, REASON_NO_RULE, 0, "empty"},
		{"allow everyone volume /** rw\n", "host", RO, REASON_NO_RULE, 0, "a word is no path"},
		{"allow everyone volume /** rw\n", "--bind=/:/x", RO, REASON_NO_RULE, 0,
		 "an option is no path"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy p = policy_of(row[i].lines);
		struct policy_request r = volume(row[i].path, row[i].rights);
		struct policy_verdict v = policy_decide(&p, &alice, &r);

		expect(&v, row[i].want, row[i].line, row[i].why);
	}
}

static void the_object_counts_too(void **state)
{
	static const struct {
		const char *lines;
		struct policy_request r;
		enum policy_reason want;
		unsigned line;
		const char *why;
	} row[] = {
		{"allow everyone volume /** rw sockets submounts\n",
		 {.value = "/x", .object = OBJECT_NONE},
		 REASON_NO_RULE,
		 0,
		 "a request that nobody described"},
		{"allow everyone volume /** rw sockets submounts\n",
		 {.value = NULL, .object = OBJECT_DIRECTORY},
		 REASON_NO_RULE,
		 0,
		 "a request without a path"},
		{"allow everyone volume /** rw\n",
		 {.value = "/x", .object = OBJECT_DIRECTORY, .kernel_fs = "proc"},
		 REASON_KERNEL_FS,
		 0,
		 "a kernel file system, whatever the rules say"},
		{"allow everyone volume /** rw sockets\n",
		 {.value = "/dev/sda", .object = OBJECT_DEVICE},
		 REASON_DEVICE,
		 0,
		 "a device, whatever the rules say"},
		{"allow everyone volume /dev/** rw\nallow everyone device /dev/kvm\n",
		 {.kind = POLICY_DEVICE,
		  .value = "/dev/kvm",
		  .object = OBJECT_DEVICE,
		  .kernel_fs = "devtmpfs"},
		 REASON_ALLOWED,
		 3,
		 "a device, on the file system that is nobody's volume"},
		{"allow everyone device /dev/kvm\n",
		 {.kind = POLICY_DEVICE, .value = "/dev/kvm", .object = OBJECT_FILE},
		 REASON_DEVICE,
		 0,
		 "a file is no device"},
		{"allow everyone device /dev/kvm\n",
		 {.value = "/dev/kvm", .object = OBJECT_FILE, .rights = RO},
		 REASON_NO_RULE,
		 0,
		 "a line for devices allows no volume"},
		{"allow everyone volume /dev/** rw\n",
		 {.kind = POLICY_DEVICE, .value = "/dev/kvm", .object = OBJECT_DEVICE},
		 REASON_NO_RULE,
		 0,
		 "a line for volumes allows no device"},
		{"allow everyone device /dev/**\ndeny everyone device /dev/sda\n",
		 {.kind = POLICY_DEVICE, .value = "/dev/sda", .object = OBJECT_DEVICE},
		 REASON_DENIED,
		 3,
		 "a denied device"},
		{"allow everyone volume /** rw\n",
		 {.value = "/s", .object = OBJECT_SOCKET},
		 REASON_RIGHTS,
		 2,
		 "a socket needs its word"},
		{"allow everyone volume /** rw sockets\n",
		 {.value = "/s", .object = OBJECT_SOCKET},
		 REASON_ALLOWED,
		 2,
		 "a socket with its word"},
		{"allow everyone volume /** rw sockets\n",
		 {.value = "/s", .object = OBJECT_FILE},
		 REASON_ALLOWED,
		 2,
		 "the word for sockets still allows files"},
		{"allow everyone volume /** rw\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .submounts = true},
		 REASON_RIGHTS,
		 2,
		 "mounts below need their word where they matter"},
		{"allow everyone volume /** rw submounts\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .submounts = true},
		 REASON_ALLOWED,
		 2,
		 "mounts below with their word"},
		{"allow everyone volume /** owner=caller\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 1000},
		 REASON_ALLOWED,
		 2,
		 "his own"},
		{"allow everyone volume /** owner=caller\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 10000},
		 REASON_OWNER,
		 2,
		 "not his own"},
		{"allow everyone volume /** owner=root\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 0},
		 REASON_ALLOWED,
		 2,
		 "root's"},
		{"allow everyone volume /** owner=root\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 1000},
		 REASON_OWNER,
		 2,
		 "not root's"},
		{"allow everyone volume /**\ndeny everyone volume /m owner=root\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 0},
		 REASON_DENIED,
		 3,
		 "a deny for root's"},
		{"allow everyone volume /**\ndeny everyone volume /m owner=root\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 1000},
		 REASON_ALLOWED,
		 2,
		 "the same, but his own"},
		{"allow everyone volume /**\ndeny everyone volume /m/x owner=root\n",
		 {.value = "/m", .object = OBJECT_DIRECTORY, .owner = 1000},
		 REASON_DENIED_BELOW,
		 3,
		 "whose the thing below is, nobody knows"},
		{"allow everyone volume /**\ndeny everyone volume /m/*/secret\n",
		 {.value = "/m/x", .object = OBJECT_FILE},
		 REASON_ALLOWED,
		 2,
		 "nothing lies below a file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy p = policy_of(row[i].lines);
		struct policy_verdict v = policy_decide(&p, &alice, &row[i].r);

		expect(&v, row[i].want, row[i].line, row[i].why);
	}
}

static void roots_ids_and_networks_are_words_or_paths(void **state)
{
	static const char lines[] = "allow everyone root host\n"          /* 2 */
				    "allow everyone root /r/** ro\n"      /* 3 */
				    "allow everyone root /w/**\n"         /* 4 */
				    "deny everyone root /w/x\n"           /* 5 */
				    "allow everyone ids subordinate\n"    /* 6 */
				    "allow user bob ids setgroups\n"      /* 7 */
				    "allow everyone network none\n"       /* 8 */
				    "allow everyone network host\n"       /* 9 */
				    "deny group research network host\n"; /* 10 */
	static const struct {
		struct policy_request r;
		enum policy_reason want;
		unsigned line;
		const char *why;
	} row[] = {
		{{.kind = POLICY_ROOT, .value = "host", .rights = RW}, REASON_ALLOWED, 2, "host"},
		{{.kind = POLICY_ROOT, .value = "/host", .rights = RO, .object = OBJECT_DIRECTORY},
		 REASON_NO_RULE,
		 0,
		 "a directory called host"},
		{{.kind = POLICY_ROOT, .value = "/r/x", .rights = RW, .object = OBJECT_DIRECTORY},
		 REASON_RIGHTS,
		 3,
		 "a root to read only"},
		{{.kind = POLICY_ROOT, .value = "/r/x", .rights = RO, .object = OBJECT_DIRECTORY},
		 REASON_ALLOWED,
		 3,
		 "--read-only"},
		{{.kind = POLICY_ROOT, .value = "/w", .rights = RW, .object = OBJECT_DIRECTORY},
		 REASON_DENIED_BELOW,
		 5,
		 "a denied root below"},
		{{.kind = POLICY_ROOT, .value = "/w/y", .rights = RW, .object = OBJECT_DIRECTORY},
		 REASON_ALLOWED,
		 4,
		 "rw is the default of roots"},
		{{.kind = POLICY_ROOT, .value = "/w/y", .object = OBJECT_DIRECTORY, .kernel_fs = "sysfs"},
		 REASON_KERNEL_FS,
		 0,
		 "no root on a kernel file system"},
		{{.kind = POLICY_ROOT, .value = "debian", .rights = RO},
		 REASON_NO_RULE,
		 0,
		 "an unknown word"},
		{{.kind = POLICY_IDS, .value = "subordinate"}, REASON_ALLOWED, 6, "ids"},
		{{.kind = POLICY_IDS, .value = "setgroups"}, REASON_NO_RULE, 0, "ids of somebody else"},
		{{.kind = POLICY_IDS, .value = "sub"}, REASON_NO_RULE, 0, "a beginning of a word"},
		{{.kind = POLICY_NETWORK, .value = "none"}, REASON_ALLOWED, 8, "no network"},
		{{.kind = POLICY_NETWORK, .value = "host"},
		 REASON_DENIED,
		 10,
		 "host network, denied to a group"},
		{{.kind = POLICY_KIND_COUNT, .value = "host"},
		 REASON_NO_RULE,
		 0,
		 "a kind that does not exist"},
	};
	struct policy p = policy_of(lines);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy_verdict v = policy_decide(&p, &alice, &row[i].r);

		expect(&v, row[i].want, row[i].line, row[i].why);
	}
}

static void the_smallest_limit_that_names_the_caller_counts(void **state)
{
	const struct policy_caller carol = {.uid = 5, .gid = 5};
	struct policy p = policy_of("allow everyone ids subordinate\n");

	(void)state;
	assert_true(policy_limit(&p, &alice, LIMIT_IDS) == UINT64_MAX);
	p = policy_of("limit everyone ids 65536\nlimit user bob ids 1\nlimit group research ids 1000\n"
		      "limit user alice ids 2000\n");
	assert_int_equal(policy_limit(&p, &alice, LIMIT_IDS), 1000);
	assert_int_equal(policy_limit(&p, &carol, LIMIT_IDS), 65536);
	p = policy_of("limit everyone ids 0\nlimit everyone ids 5\n");
	assert_int_equal(policy_limit(&p, &alice, LIMIT_IDS), 0);
}

static void each_limit_counts_alone_and_carries_its_line(void **state)
{
	struct policy p =
		policy_of("limit everyone memory 8G\nlimit user alice memory 1G\nlimit everyone time 1h\n"
			  "limit user bob pids 5\nlimit everyone cpus 1.5\n");

	(void)state;
	assert_true(policy_limit(&p, &alice, LIMIT_MEMORY) == UINT64_C(1) << 30);
	assert_int_equal(policy_limit_rule(&p, &alice, LIMIT_MEMORY)->line, 3);
	assert_int_equal(policy_limit(&p, &alice, LIMIT_TIME), 3600000);
	assert_int_equal(policy_limit(&p, &alice, LIMIT_CPUS), 1500);
	assert_null(policy_limit_rule(&p, &alice, LIMIT_PIDS));
	assert_true(policy_limit(&p, &alice, LIMIT_PIDS) == UINT64_MAX);
}

/* ---- TCP ports ---- */

static const uint32_t web[] = {80, 443}, ssh[] = {22}, all3[] = {22, 80, 443};

static void a_line_with_ports_covers_who_keeps_to_them(void **state)
{
	static const struct policy_tcp to_web = {.only_connect = true, .nconnect = 2, .connect = web},
				       to_one = {.only_connect = true, .nconnect = 1, .connect = web + 1},
				       to_ssh = {.only_connect = true, .nconnect = 1, .connect = ssh},
				       to_all = {.only_connect = true, .nconnect = 3, .connect = all3},
				       nowhere = {.only_connect = true},
				       silent = {.only_connect = true, .only_bind = true},
				       listens = {.only_bind = true,
						  .only_connect = true,
						  .nbind = 1,
						  .bind = ssh};
	static const struct {
		const char *lines;
		const struct policy_tcp *asked;
		enum policy_reason want;
		const char *why;
	} row[] = {
		{"allow everyone network host tcp-connect=80,443\n", NULL, REASON_RIGHTS,
		 "all ports are more"},
		{"allow everyone network host tcp-connect=80,443\n", &to_web, REASON_ALLOWED, "just these"},
		{"allow everyone network host tcp-connect=80,443\n", &to_one, REASON_ALLOWED, "fewer"},
		{"allow everyone network host tcp-connect=80,443\n", &nowhere, REASON_ALLOWED, "none"},
		{"allow everyone network host tcp-connect=80,443\n", &to_ssh, REASON_RIGHTS, "another"},
		{"allow everyone network host tcp-connect=80,443\n", &to_all, REASON_RIGHTS, "one more"},
		{"allow everyone network host tcp-connect=none\n", &to_one, REASON_RIGHTS, "none is granted"},
		{"allow everyone network host tcp-bind=none\n", &to_web, REASON_RIGHTS,
		 "binding is another thing"},
		{"allow everyone network host tcp-bind=none\n", &silent, REASON_ALLOWED, "binds nothing"},
		{"allow everyone network host tcp-bind=22 tcp-connect=none\n", &listens, REASON_ALLOWED,
		 "both"},
		{"allow everyone network host tcp-bind=80 tcp-connect=none\n", &listens, REASON_RIGHTS,
		 "another port"},
		{"allow everyone network host tcp-connect=22\nallow everyone network host "
		 "tcp-connect=80,443\n",
		 &to_all, REASON_RIGHTS, "lines do not add up"},
		{"allow everyone network host tcp-connect=22\nallow everyone network host\n", NULL,
		 REASON_ALLOWED, "the line without ports grants all"},
		{"allow everyone network host\ndeny everyone network host\n", &nowhere, REASON_DENIED,
		 "deny wins"},
		{"allow everyone network user tcp-connect=80,443\n", &to_web, REASON_NO_RULE,
		 "another network"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct policy_request r = {
			.kind = POLICY_NETWORK, .value = "host", .tcp = row[i].asked};
		struct policy p = policy_of(row[i].lines);
		struct policy_verdict v = policy_decide(&p, &alice, &r);

		if (v.reason != row[i].want)
			fail_msg("%s: %d", row[i].why, v.reason);
	}
}

/* ---- a small world: some rules, every request ---- */

static const char *const world_line[] = {
	"allow everyone volume /** rw",
	"allow everyone volume /**",
	"allow user alice volume /a/** rw",
	"allow group research volume /a/b noexec",
	"allow user bob volume /a/b/** rw",
	"allow everyone volume /a/* owner=caller",
	"allow everyone volume /b/** rw sockets submounts",
	"deny everyone volume /a/b",
	"deny everyone volume /a/b/** rw",
	"deny user alice volume /b/**",
	"deny group research volume /*/c",
	"deny everyone volume /b owner=root",
};
static const char *const world_path[] = {"/", "/a", "/b", "/a/b", "/a/c", "/a/b/c", "/b/c"};
enum { LINES = COUNT(world_line), REQUESTS = COUNT(world_path) * 4 * 2 * 2 * 2, CALLERS = 3 };

static struct policy_request world_request(size_t i)
{
	struct policy_request r = {.kind = POLICY_VOLUME, .object = OBJECT_DIRECTORY};

	r.rights = (uint8_t)(i % 4);
	i /= 4;
	r.owner = i % 2 ? 0 : 1000;
	i /= 2;
	r.submounts = i % 2;
	i /= 2;
	r.object = i % 2 ? OBJECT_SOCKET : OBJECT_DIRECTORY;
	r.value = world_path[i / 2];
	return r;
}

static const struct policy_caller *world_caller(size_t i)
{
	static const struct policy_caller bob = {
		.uid = 1002, .gid = 1002, .name = "bob", .home = "/home/bob"};
	static const struct policy_caller carol = {.uid = 5, .gid = 300};
	static const struct policy_caller *const caller[CALLERS] = {&alice, &bob, &carol};

	return caller[i];
}

/* The lines whose bits are set in the mask. */
static struct policy world_policy(unsigned mask)
{
	char lines[2048];
	size_t used = 0;

	lines[0] = '\0';
	for (size_t i = 0; i < LINES; i++)
		if (mask & 1u << i)
			used += (size_t)snprintf(lines + used, sizeof(lines) - used, "%s\n", world_line[i]);
	return policy_of(lines);
}

/* The sentence of the manual, word by word: some allow line covers all of it, no deny line matches. */
static bool naive(const struct policy *p, const struct policy_caller *c, const struct policy_request *r)
{
	bool granted = false;

	for (size_t i = 0; i < p->nrules; i++) {
		const struct policy_rule *l = &p->rule[i];
		bool deny = l->action == POLICY_DENY;
		enum pattern_match m = pattern_match(l->value, c, deny, r->value);
		bool mine = l->who == WHO_EVERYONE || (l->who == WHO_USER && l->id == c->uid) ||
			    (l->who == WHO_GROUP && (l->id == c->gid || (c == &alice && l->id == 300)));
		bool owner = (!(l->conditions & COND_OWNER_CALLER) || r->owner == c->uid) &&
			     (!(l->conditions & COND_OWNER_ROOT) || r->owner == 0);

		if (!mine)
			continue;
		if (deny && (!(l->rights & RIGHT_WRITE) || r->rights & RIGHT_WRITE) &&
		    ((m == PATTERN_HERE && owner) || (m == PATTERN_BELOW && r->object == OBJECT_DIRECTORY)))
			return false;
		if (!deny && m == PATTERN_HERE && owner && (l->rights & r->rights) == r->rights &&
		    (!r->submounts || l->conditions & COND_SUBMOUNTS) &&
		    (r->object != OBJECT_SOCKET || l->conditions & COND_SOCKETS))
			granted = true;
	}
	return granted;
}

static void every_small_policy_agrees_with_the_naive_decision(void **state)
{
	size_t yes = 0, no = 0;

	(void)state;
	for (unsigned mask = 0; mask < 1u << LINES; mask++) {
		struct policy p = world_policy(mask);

		for (size_t i = 0; i < (size_t)REQUESTS * CALLERS; i++) {
			struct policy_request r = world_request(i / CALLERS);
			const struct policy_caller *c = world_caller(i % CALLERS);
			bool got = policy_decide(&p, c, &r).allowed;

			if (got != naive(&p, c, &r))
				fail_msg("lines %x, request %zu: %d", mask, i, got);
			yes += got;
			no += !got;
		}
	}
	assert_true(yes > 10000 && no > 10000);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void shuffle(struct policy_rule *r, size_t n, unsigned *seed)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = next_random(seed) % i;
		struct policy_rule t = r[i - 1];

		r[i - 1] = r[j];
		r[j] = t;
	}
}

static void the_order_of_rules_never_matters(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct policy p = world_policy(next_random(&seed) % (1u << LINES));
		struct policy_rule mixed[LINES];
		struct policy q = {.rule = mixed, .nrules = p.nrules};

		memcpy(mixed, p.rule, p.nrules * sizeof(*mixed));
		shuffle(mixed, q.nrules, &seed);
		for (size_t i = 0; i < (size_t)REQUESTS * CALLERS; i++) {
			struct policy_request r = world_request(i / CALLERS);
			struct policy_verdict a = policy_decide(&p, world_caller(i % CALLERS), &r);
			struct policy_verdict b = policy_decide(&q, world_caller(i % CALLERS), &r);

			assert_int_equal(a.reason, b.reason);
			assert_int_equal(a.allowed, b.allowed);
		}
	}
}

/* The verdicts of a policy over every request, a byte each. */
static void world_verdicts(unsigned mask, char ret[REQUESTS * CALLERS])
{
	struct policy p = world_policy(mask);

	for (size_t i = 0; i < (size_t)REQUESTS * CALLERS; i++) {
		struct policy_request r = world_request(i / CALLERS);

		ret[i] = policy_decide(&p, world_caller(i % CALLERS), &r).allowed;
	}
}

static void a_deny_line_more_never_allows_more_and_an_allow_line_more_never_less(void **state)
{
	static char before[REQUESTS * CALLERS], after[REQUESTS * CALLERS];
	size_t changed = 0;

	(void)state;
	for (unsigned mask = 0; mask < 1u << LINES; mask += 7) {
		world_verdicts(mask, before);
		for (unsigned line = 0; line < LINES; line++) {
			bool deny = world_line[line][0] == 'd';

			world_verdicts(mask | 1u << line, after);
			for (size_t i = 0; i < COUNT(after); i++) {
				if (after[i] == before[i])
					continue;
				assert_int_equal(after[i], !deny);
				changed++;
			}
		}
	}
	assert_true(changed > 10000);
}

/* ---- words ---- */

static void a_refusal_names_the_rule_and_what_helps(void **state)
{
	static const char lines[] = "allow everyone volume /srv/**\n"                 /* 2 */
				    "deny everyone volume /srv/x/**\n"                /* 3 */
				    "allow everyone volume /n/** noexec\n"            /* 4 */
				    "allow everyone volume /o/** owner=root\n"        /* 5 */
				    "allow everyone root /r/** ro\n"                  /* 6 */
				    "deny user 7 volume %h/.ssh\n"                    /* 7 */
				    "deny user 7 volume /u/%u\n"                      /* 8 */
				    "deny user 8 volume /q\n"                         /* 9 */
				    "deny user alice volume /q/*\n"                   /* 10 */
				    "deny user alice volume %h/x\n"                   /* 11 */
				    "deny user alice volume /y/%u\n"                  /* 12 */
				    "deny user 8 volume /z/%u\n"                      /* 13 */
				    "allow user alice network user tcp-connect=443\n" /* 14 */
				    "allow everyone volume /w/** owner=caller\n";     /* 15 */
	static const struct policy_caller seven = {.uid = 7, .gid = 7};
	static const struct policy_caller eight = {.uid = 8, .gid = 8, .home = "/home/eight"};
	static const struct {
		struct policy_request r;
		const struct policy_caller *c;
		const char *what;
		const char *asked;
		const char *msg;
		const char *hint;
	} row[] = {
		{{.value = "/etc", .rights = RW, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /etc:/x",
		 "/etc",
		 "volume /etc:/x: denied for alice: no rule allows it",
		 "croft policy explain volume /etc"},
		{{.value = "/srv/x", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /srv/x",
		 "/srv/x:ro",
		 "volume /srv/x: denied for alice: p.conf:3 denies it: deny everyone volume /srv/x/**",
		 "croft policy explain volume /srv/x:ro"},
		{{.value = "/srv", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume ./d",
		 "./d",
		 "volume ./d: denied for alice: /srv is above /srv/x/**, which p.conf:3 denies: "
		 "deny everyone volume /srv/x/**",
		 "croft policy explain volume ./d"},
		{{.value = "/srv/y", .rights = RW, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /srv/y",
		 "/srv/y",
		 "volume /srv/y: denied for alice: rule p.conf:2 allows it read-only",
		 "ask for it with :ro; or see: croft policy explain volume /srv/y"},
		{{.value = "/n", .rights = RW, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /n",
		 "/n",
		 "volume /n: denied for alice: rule p.conf:4 allows it read-only",
		 "ask for it with :ro,noexec; or see: croft policy explain volume /n"},
		{{.value = "/n", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /n",
		 "/n:ro",
		 "volume /n: denied for alice: rule p.conf:4 allows it noexec",
		 "ask for it with :noexec; or see: croft policy explain volume /n:ro"},
		{{.value = "/srv/s", .rights = RO, .object = OBJECT_SOCKET},
		 &alice,
		 "volume /srv/s",
		 "/srv/s",
		 "volume /srv/s: denied for alice: rule p.conf:2 allows it but no socket or FIFO",
		 "croft policy explain volume /srv/s"},
		{{.value = "/srv/m", .rights = RO, .object = OBJECT_DIRECTORY, .submounts = true},
		 &alice,
		 "volume /srv/m",
		 "/srv/m",
		 "volume /srv/m: denied for alice: rule p.conf:2 allows it without the mounts below it",
		 "croft policy explain volume /srv/m"},
		{{.value = "/o/x", .rights = RO, .object = OBJECT_DIRECTORY, .owner = 1000},
		 &alice,
		 "volume /o/x",
		 "/o/x",
		 "volume /o/x: denied for alice: rule p.conf:5 allows it where it belongs to root, and it "
		 "belongs to "
		 "uid 1000",
		 "croft policy explain volume /o/x"},
		{{.value = "/w/x", .rights = RO, .object = OBJECT_DIRECTORY, .owner = 5},
		 &alice,
		 "volume /w/x",
		 "/w/x",
		 "volume /w/x: denied for alice: rule p.conf:15 allows it where it belongs to the caller, "
		 "and "
		 "it belongs to uid 5",
		 "croft policy explain volume /w/x"},
		{{.value = "/proc/1", .object = OBJECT_DIRECTORY, .kernel_fs = "proc"},
		 &alice,
		 "volume /proc/1",
		 "/proc/1",
		 "volume /proc/1: denied for alice: /proc/1 lies on proc, a file system of the kernel, which "
		 "is never a "
		 "volume",
		 "croft policy explain volume /proc/1"},
		{{.value = "/dev/null", .object = OBJECT_DEVICE},
		 &alice,
		 "volume /dev/null",
		 "/dev/null",
		 "volume /dev/null: denied for alice: /dev/null is a device, which is never a volume",
		 "ask for it with --device; or see: croft policy explain volume /dev/null"},
		{{.kind = POLICY_DEVICE, .value = "/dev/null", .object = OBJECT_DEVICE},
		 &alice,
		 "device /dev/null:/dev/null",
		 "/dev/null",
		 "device /dev/null:/dev/null: denied for alice: no rule allows it",
		 "croft policy explain device /dev/null"},
		{{.kind = POLICY_DEVICE, .value = "/s", .object = OBJECT_FILE},
		 &alice,
		 "device /s:/dev/s",
		 "/s",
		 "device /s:/dev/s: denied for alice: /s is no device",
		 "croft policy explain device /s"},
		{{.kind = POLICY_ROOT, .value = "/r/x", .rights = RW, .object = OBJECT_DIRECTORY},
		 &alice,
		 "root ./x",
		 "./x",
		 "root ./x: denied for alice: rule p.conf:6 allows it read-only",
		 "ask for it with --read-only or --ephemeral; or see: croft policy explain root ./x"},
		{{.kind = POLICY_NETWORK, .value = "host"},
		 &seven,
		 "network host",
		 "host",
		 "network host: denied for uid 7: no rule allows it",
		 "croft policy explain network host"},
		{{.value = "/srv/y", .rights = RO, .object = OBJECT_DIRECTORY},
		 &seven,
		 "volume /srv/y",
		 "/srv/y",
		 "volume /srv/y: denied for uid 7: p.conf:7 denies it: deny user 7 volume %h/.ssh (the "
		 "caller's home "
		 "directory is not known, so %h may be anywhere)",
		 "croft policy explain volume /srv/y"},
		{{.value = "/q", .rights = RO, .object = OBJECT_DIRECTORY},
		 &eight,
		 "volume /q",
		 "/q",
		 "volume /q: denied for uid 8: p.conf:9 denies it: deny user 8 volume /q",
		 "croft policy explain volume /q"},
		{{.value = "/z/x", .rights = RO, .object = OBJECT_DIRECTORY},
		 &eight,
		 "volume /z/x",
		 "/z/x",
		 "volume /z/x: denied for uid 8: p.conf:13 denies it: deny user 8 volume /z/%u (the caller "
		 "has no "
		 "name, so %u may be anything)",
		 "croft policy explain volume /z/x"},
		{{.kind = POLICY_NETWORK, .value = "user"},
		 &alice,
		 "network user",
		 "user",
		 "network user: denied for alice: rule p.conf:14 allows it for some TCP ports only",
		 "ask for it with --tcp-bind and --tcp-connect, and ports of that rule; or see: croft policy "
		 "explain "
		 "network user"},
		{{.value = "/q/%u", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /q",
		 "/q",
		 "volume /q: denied for alice: p.conf:10 denies it: deny user alice volume /q/*",
		 "croft policy explain volume /q"},
		{{.value = "/home/alice/x", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /q",
		 "/q",
		 "volume /q: denied for alice: p.conf:11 denies it: deny user alice volume %h/x",
		 "croft policy explain volume /q"},
		{{.value = "/y/alice", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /q",
		 "/q",
		 "volume /q: denied for alice: p.conf:12 denies it: deny user alice volume /y/%u",
		 "croft policy explain volume /q"},
		{{.value = "/a\nb", .rights = RO, .object = OBJECT_DIRECTORY},
		 &alice,
		 "volume /a\nb",
		 "/a\033b",
		 "volume /a\\nb: denied for alice: no rule allows it",
		 "croft policy explain volume /a\\x1bb"},
	};
	struct policy p = policy_of(lines);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct policy_caller *c = row[i].c;
		struct policy_verdict v = policy_decide(&p, c, &row[i].r);
		struct err e;

		assert_false(v.allowed);
		assert_int_equal(policy_refuse(&v, c, &row[i].r, row[i].what, row[i].asked, &e), -EACCES);
		assert_string_equal(e.msg, row[i].msg);
		assert_string_equal(e.hint, row[i].hint);
	}
}

static void the_lines_of_a_boundary_allow_and_deny_nothing(void **state)
{
	static const struct {
		const char *lines;
		unsigned enforced; /* the line that leaves the gate alone; 0: none */
		unsigned required;
	} row[] = {
		{"allow everyone root host\n", 0, 0},
		{"allow everyone root host\nmode enforced\n", 3, 0},
		{"require boundary\nallow everyone root host\n", 2, 2},
		{"allow everyone root host\nrequire boundary\nmode enforced\n", 4, 3},
		{"mode enforced\nallow everyone root host\nrequire boundary\nrequire boundary\n", 2, 4},
	};
	const struct policy_request host = {.kind = POLICY_ROOT, .value = "host", .object = OBJECT_NONE};
	const struct policy_request usr = volume("/usr", RO);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy p = policy_of(row[i].lines);
		const struct policy_rule *enforced = policy_enforced(&p);
		const struct policy_rule *required = policy_line(&p, POLICY_REQUIRED);

		assert_int_equal(enforced ? enforced->line : 0, row[i].enforced);
		assert_int_equal(required ? required->line : 0, row[i].required);
		assert_true(policy_decide(&p, &alice, &host).allowed);
		assert_int_equal(policy_decide(&p, &alice, &usr).reason, REASON_NO_RULE);
		assert_int_equal(policy_limit(&p, &alice, LIMIT_IDS), UINT64_MAX);
	}
}

/* "line place;" of each. */
static int collect(void *ctx, const struct policy_rule *r, const char *place)
{
	size_t n = strlen(ctx);

	snprintf((char *)ctx + n, 256 - n, "%u %s;", r->line, place);
	return 0;
}

static int stop(void *ctx, const struct policy_rule *r, const char *place)
{
	(void)r;
	(void)place;
	return -++*(int *)ctx;
}

static void what_a_line_masks_is_named_and_refuses_nothing_above(void **state)
{
	static const char lines[] = "allow everyone volume /** rw\n"
				    "allow everyone root /**\n"
				    "deny everyone volume /a/keys/** mask\n"
				    "deny everyone volume %h/.ssh/** mask owner=caller\n"
				    "deny user bob volume /a/bob/** mask\n"
				    "deny everyone root /a/root/** mask\n"
				    "deny everyone volume /b/%u/x/** mask\n"
				    "deny everyone volume /c/x/** mask\n"
				    "deny everyone volume /c/*/y\n";
	static const struct policy_caller nameless = {.uid = 7};
	static const struct {
		const char *path;
		uint8_t kind;
		uint8_t object;
		const struct policy_caller *c;
		enum policy_reason want;
		const char *masks;
	} row[] = {
		{"/a", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, "4 /a/keys;"},
		{"/a/keys", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_DENIED, ""},
		{"/a/keys/x", POLICY_VOLUME, OBJECT_FILE, &alice, REASON_DENIED, ""},
		{"/a/key", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, ""},
		{"/a", POLICY_VOLUME, OBJECT_FILE, &alice, REASON_ALLOWED, ""},
		{"/a", POLICY_ROOT, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, "7 /a/root;"},
		{"/home", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, "5 /home/alice/.ssh;"},
		{"/b", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, "8 /b/alice/x;"},
		{"/b", POLICY_VOLUME, OBJECT_DIRECTORY, &nameless, REASON_DENIED_BELOW, ""},
		{"/c", POLICY_VOLUME, OBJECT_DIRECTORY, &alice, REASON_DENIED_BELOW, "9 /c/x;"},
		{"/", POLICY_ROOT, OBJECT_DIRECTORY, &alice, REASON_ALLOWED, "7 /a/root;"},
	};
	struct policy p = policy_of(lines);
	int calls = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct policy_request r = {
			.kind = row[i].kind, .object = row[i].object, .value = row[i].path};
		char got[256] = "";

		assert_int_equal(policy_decide(&p, row[i].c, &r).reason, row[i].want);
		assert_int_equal(policy_decide(&p, row[i].c, &r).masks, row[i].masks[0] != '\0');
		assert_int_equal(policy_masks(&p, row[i].c, &r, collect, got), 0);
		assert_string_equal(got, row[i].masks);
	}
	assert_int_equal(policy_masks(&p, &alice,
				      &(struct policy_request){.kind = POLICY_VOLUME,
							       .object = OBJECT_DIRECTORY,
							       .value = "/"},
				      stop, &calls),
			 -1);
}

static void what_has_a_place_too_long_to_mask_is_denied(void **state)
{
	char name[256] = "";
	const struct policy_caller far = {.uid = 1000, .name = name};
	const struct policy_request r = {.kind = POLICY_VOLUME, .object = OBJECT_DIRECTORY, .value = "/"};
	struct policy p = policy_of("allow everyone volume / ro\ndeny everyone volume "
				    "/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/%u/** mask\n");

	(void)state;
	memset(name, 'a', 9);
	assert_true(policy_decide(&p, &far, &r).masks);
	memset(name, 'a', sizeof(name) - 1);
	assert_false(policy_decide(&p, &far, &r).masks);
	assert_int_equal(policy_decide(&p, &far, &r).reason, REASON_DENIED_BELOW);
}

static void what_nobody_described_is_covered_by_nothing(void **state)
{
	static const struct policy_request row[] = {
		{.kind = POLICY_KIND_COUNT, .value = "/x", .object = OBJECT_FILE},
		{.kind = POLICY_VOLUME, .object = OBJECT_FILE},
		{.kind = POLICY_VOLUME, .value = "/x"},
		{.kind = POLICY_VOLUME, .value = "/x/../y", .object = OBJECT_FILE},
		{.kind = POLICY_VOLUME, .value = "x", .object = OBJECT_FILE},
		{.kind = POLICY_VOLUME, .value = "x"},
		{.kind = POLICY_DEVICE, .value = "x"},
		{.kind = POLICY_ROOT, .value = "host", .object = OBJECT_FILE},
		{.kind = POLICY_NETWORK, .value = "/host"},
		{.kind = POLICY_CAPABILITY, .value = "cap_of_nobody"},
	};
	struct policy p = policy_of("allow everyone volume /** rw\nallow everyone device /**\n"
				    "allow everyone root host\nallow everyone network host\n"
				    "allow everyone capability default\n");

	(void)state;
	assert_false(policy_kind_is_path(POLICY_KIND_COUNT));
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy_verdict v = policy_decide(&p, &alice, &row[i]);

		assert_false(v.allowed);
		assert_null(v.rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_is_decided_by_its_path_and_mode),
		cmocka_unit_test(what_has_a_place_too_long_to_mask_is_denied),
		cmocka_unit_test(what_nobody_described_is_covered_by_nothing),
		cmocka_unit_test(the_object_counts_too),
		cmocka_unit_test(roots_ids_and_networks_are_words_or_paths),
		cmocka_unit_test(the_smallest_limit_that_names_the_caller_counts),
		cmocka_unit_test(each_limit_counts_alone_and_carries_its_line),
		cmocka_unit_test(a_line_with_ports_covers_who_keeps_to_them),
		cmocka_unit_test(every_small_policy_agrees_with_the_naive_decision),
		cmocka_unit_test(the_order_of_rules_never_matters),
		cmocka_unit_test(a_deny_line_more_never_allows_more_and_an_allow_line_more_never_less),
		cmocka_unit_test(a_refusal_names_the_rule_and_what_helps),
		cmocka_unit_test(the_lines_of_a_boundary_allow_and_deny_nothing),
		cmocka_unit_test(what_a_line_masks_is_named_and_refuses_nothing_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
