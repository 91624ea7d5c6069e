/* The policy language: what is accepted and how it reads back, and each mistake by file, line, column and
 * sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mem.h"
#include "policy/load.h"
#include "policy/names.h"
#include "policy/parse.h"
#include "policy/rule.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(s) (s), sizeof(s) - 1

static char memory[4 << 20];
static unsigned asked; /* how often a name was looked up */

static int find(void *ctx, enum policy_who who, const char *name, uint32_t *ret, struct err *e)
{
	(void)ctx;
	asked++;
	if (!strcmp(name, "broken"))
		return err_set(e, EIO, "the user database is on fire");
	if (strcmp(name, who == WHO_GROUP ? "research" : "alice") != 0)
		return -ENOENT;
	*ret = who == WHO_GROUP ? 300 : 1000;
	return 0;
}

static const struct policy_resolver names = {.find = find};

static int parse_with(const char *text, size_t size, size_t room, struct policy_rules *rules, struct err *e)
{
	static struct policy_rule rule[512];
	struct arena a = {.base = memory, .size = room};

	*rules = (struct policy_rules){.rule = rule, .max = COUNT(rule)};
	return policy_parse(text, size, "p.conf", &names, &a, rules, e);
}

static int parse(const char *text, size_t size, struct policy_rules *rules, struct err *e)
{
	return parse_with(text, size, sizeof(memory), rules, e);
}

static void a_line_reads_back_in_one_form(void **state)
{
	static const struct {
		const char *line;
		const char *want; /* NULL: the same */
	} row[] = {
		{"allow everyone volume %h/** rw", NULL},
		{"allow everyone volume /srv/x", "allow everyone volume /srv/x ro"},
		{"allow everyone volume /srv/x ro", NULL},
		{"deny everyone volume /srv/x", NULL},
		{"deny everyone volume /srv/x rw", NULL},
		{"deny everyone volume /srv/x rw owner=root", NULL},
		{"deny user alice volume / owner=caller", NULL},
		{"  allow\t \teveryone   volume /x ro\t ", "allow everyone volume /x ro"},
		{"allow everyone volume /x ro # why", "allow everyone volume /x ro"},
		{"allow everyone volume /x#y ro", NULL},
		{"allow everyone volume /x ro #", "allow everyone volume /x ro"},
		{"allow user alice volume /x ro", NULL},
		{"allow user 1000 volume /x ro", NULL},
		{"allow group research volume /x ro", NULL},
		{"allow group 4294967294 volume /x ro", NULL},
		{"allow user 0 root host", NULL},
		{"allow \"everyone\" \"volume\" \"/x\" \"rw\"", "allow everyone volume /x rw"},
		{"allow everyone volume \"/a b\" ro", NULL},
		{"allow everyone volume \"/a\\nb\" ro", NULL},
		{"allow everyone volume \"/a\\\"b\\\\c\" ro", NULL},
		{"allow everyone volume \"/a#b\" ro", "allow everyone volume /a#b ro"},
		{"allow everyone volume \"/a\tb\" ro", NULL},
		{"allow everyone volume /\xc3\xa4\xff ro", NULL},
		{"allow everyone volume /x rw owner=caller submounts noexec sockets", NULL},
		{"allow everyone volume /x sockets noexec submounts owner=root",
		 "allow everyone volume /x ro owner=root submounts noexec sockets"},
		{"allow everyone root /x", "allow everyone root /x rw"},
		{"allow everyone root /x ro", NULL},
		{"allow everyone root /x rw owner=root submounts", NULL},
		{"deny everyone root /x", NULL},
		{"deny everyone root /x rw", NULL},
		{"allow everyone root host", NULL},
		{"deny everyone root host", NULL},
		{"allow everyone root %h/r", "allow everyone root %h/r rw"},
		{"allow everyone root /srv/r/* ro shared overlay", NULL},
		{"deny everyone volume %h/.ssh/** mask", NULL},
		{"deny group research root /srv/r/keys/** mask", NULL},
		{"deny everyone volume /x/** mask owner=root", "deny everyone volume /x/** owner=root mask"},
		{"allow everyone device /dev/kvm", NULL},
		{"deny everyone device /dev/**", NULL},
		{"allow user alice device \"/dev/a b\"", NULL},
		{"allow everyone ids subordinate", NULL},
		{"deny everyone ids setgroups", NULL},
		{"allow everyone network none", NULL},
		{"deny group research network host", NULL},
		{"allow everyone network user", NULL},
		{"allow everyone network publish", NULL},
		{"allow everyone network host tcp-bind=8080,9090 tcp-connect=none", NULL},
		{"allow everyone network user tcp-connect=443 tcp-bind=none",
		 "allow everyone network user tcp-bind=none tcp-connect=443"},
		{"allow user alice seccomp unconfined", NULL},
		{"deny everyone seccomp custom", NULL},
		{"allow everyone landlock off", NULL},
		{"allow everyone proc unmasked", NULL},
		{"allow everyone userns", NULL},
		{"deny user alice userns # never", "deny user alice userns"},
		{"limit everyone memory 8G", "limit everyone memory 8589934592"},
		{"limit everyone cpus 1.5", "limit everyone cpus 1.500"},
		{"limit everyone cpus 4", NULL},
		{"limit everyone cpus 0.02", "limit everyone cpus 0.020"},
		{"limit everyone pids 500", NULL},
		{"limit everyone time 2h", "limit everyone time 7200000ms"},
		{"limit everyone ids 0", NULL},
		{"mode enforced", NULL},
		{" mode\tenforced # the gate alone", "mode enforced"},
		{"require boundary", NULL},
		{"\"require\"  boundary # or nothing", "require boundary"},
		{"limit user alice ids 18446744073709551615", NULL},
		{"ids rule base 1000000000 size 65536 uid-min 10000", NULL},
		{"ids rule uid-max 1999 uid-min 1000\tsize 65536 base 1000000 # students",
		 "ids rule base 1000000 size 65536 uid-min 1000 uid-max 1999"},
		{"ids rule base 4294967293 size 1 uid-min 4294967294", NULL},
		{"ids rule base 4294967293 size 1 uid-min 4294967294 uid-max 4294967294", NULL},
		{"ids rule base 1 size 4294967293 uid-min 4294967294", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const char *want = row[i].want ? row[i].want : row[i].line;
		char text[POLICY_TEXT_MAX + 16], back[POLICY_TEXT_MAX], again[POLICY_TEXT_MAX];
		struct policy_rules rules;
		struct err e;

		snprintf(text, sizeof(text), "version 1\n%s\n", row[i].line);
		if (parse(text, strlen(text), &rules, &e) < 0)
			fail_msg("%s: %s", row[i].line, e.msg);
		assert_int_equal(rules.n, 1);
		assert_int_equal(rules.rule[0].line, 2);
		assert_string_equal(policy_rule_text(&rules.rule[0], back, sizeof(back)), want);
		snprintf(text, sizeof(text), "version 1\n%s\n", back);
		assert_int_equal(parse(text, strlen(text), &rules, &e), 0);
		assert_string_equal(policy_rule_text(&rules.rule[0], again, sizeof(again)), back);
	}
}

static void a_line_grants_what_it_says(void **state)
{
	static const struct {
		const char *line;
		unsigned rights;
		unsigned conditions;
	} row[] = {
		{"allow everyone volume /x", RIGHT_EXEC, 0},
		{"allow everyone volume /x ro", RIGHT_EXEC, 0},
		{"allow everyone volume /x rw", RIGHT_EXEC | RIGHT_WRITE, 0},
		{"allow everyone volume /x rw noexec", RIGHT_WRITE, COND_NOEXEC},
		{"allow everyone volume /x noexec", 0, COND_NOEXEC},
		{"deny everyone volume /x", 0, 0},
		{"deny everyone volume /x rw", RIGHT_WRITE, 0},
		{"allow everyone root /x", RIGHT_EXEC | RIGHT_WRITE, 0},
		{"allow everyone root /x ro submounts", RIGHT_EXEC, COND_SUBMOUNTS},
		{"allow everyone root host", RIGHT_EXEC | RIGHT_WRITE, 0},
		{"allow everyone ids subordinate", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy_rules rules;
		char text[256];
		struct err e;

		snprintf(text, sizeof(text), "version 1\n%s\n", row[i].line);
		assert_int_equal(parse(text, strlen(text), &rules, &e), 0);
		if (rules.rule[0].rights != row[i].rights || rules.rule[0].conditions != row[i].conditions)
			fail_msg("%s: rights %u, conditions %u", row[i].line, rules.rule[0].rights,
				 rules.rule[0].conditions);
	}
}

/* Line 2, behind a good version line. */
static void a_mistake_in_a_line_names_its_column(void **state)
{
	static const struct {
		const char *line;
		unsigned column;
		const char *want;
	} row[] = {
		{"mode", 5, "expected enforced, found the end of the line"},
		{"mode strict", 6, "expected enforced, found 'strict'"},
		{"mode boundary", 6, "expected enforced, found 'boundary'"},
		{"mode enforced everyone", 15, "expected the end of the line, found 'everyone'"},
		{"ids", 4, "expected rule, found the end of the line"},
		{"ids everyone subordinate", 5, "expected rule, found 'everyone'"},
		{"ids rule", 9, "expected base, found the end of the line"},
		{"ids rule base 1000000 size 1", 29, "expected uid-min, found the end of the line"},
		{"ids rule base 1000000 uid-min 5", 32, "expected size, found the end of the line"},
		{"ids rule base", 14, "expected the first id, from 1 to 4294967293, found the end"},
		{"ids rule base 1 base 2 size 1 uid-min 5", 17,
		 "expected base, size, uid-min or uid-max, each once, found 'base'"},
		{"ids rule base 1000000 size 1 uid-min 5 uid-max 6 uid-max 6", 50,
		 "each once, found 'uid-max'"},
		{"ids rule base 1000000 size 1 uid-min 5 for everyone", 40, "each once, found 'for'"},
		{"ids rule base=1000000 size 1 uid-min 5", 10, "each once, found 'base=1000000'"},
		{"ids rule base 0 size 1 uid-min 5", 15,
		 "expected the first id, from 1 to 4294967293, found '0'"},
		{"ids rule base 4294967294 size 1 uid-min 5", 15, "found '4294967294'"},
		{"ids rule base 4294967296 size 1 uid-min 5", 15, "found '4294967296'"},
		{"ids rule base -1 size 1 uid-min 5", 15, "found '-1'"},
		{"ids rule base 0x10 size 1 uid-min 5", 15, "found '0x10'"},
		{"ids rule base 010 size 1 uid-min 5", 15, "found '010'"},
		{"ids rule base 1M size 1 uid-min 5", 15, "found '1M'"},
		{"ids rule base 1000000 size 0 uid-min 5", 28, "expected how many ids a user gets, from 1"},
		{"ids rule base 1000000 size 4294967294 uid-min 5", 28, "found '4294967294'"},
		{"ids rule base 4294967293 size 2 uid-min 5", 31,
		 "expected at most 1 ids, as many as there are from 4294967293 to 4294967293"},
		{"ids rule base 1000000 size 1 uid-min 0", 38, "expected a user id from 1 to 4294967294"},
		{"ids rule base 1000000 size 1 uid-min 4294967295", 38, "expected a user id from 1"},
		{"ids rule base 1000000 size 1 uid-min 5 uid-max 4294967295", 48,
		 "expected a user id from 1"},
		{"ids rule base 1000000 size 1 uid-min 5 uid-max 4", 48, "not below uid-min, 5"},
		{"ids rule base 1000000000 size 65536 uid-min 10000 uid-max 60277", 59,
		 "expected at most 60276: the ids of higher uids would end beyond 4294967293"},
		{"ids rule base 10000 size 65536 uid-min 10000", 15,
		 "the ids of this rule, 10000 to 4294911759, hold uids"},
		{"require", 8, "expected boundary, found the end of the line"},
		{"require enforced", 9, "expected boundary, found 'enforced'"},
		{"require boundary everyone", 18, "expected the end of the line, found 'everyone'"},
		{"permit everyone volume /x", 1,
		 "expected allow, deny, limit, mode, require or ids, found 'permit'"},
		{"Allow everyone volume /x", 1, "expected allow, deny, limit, mode, require or ids"},
		{"version 1", 1, "expected allow, deny, limit, mode, require or ids, found 'version'"},
		{"\"\" everyone", 1, "expected allow, deny, limit, mode, require or ids, found ''"},
		{"allow", 6, "expected everyone, user or group, found the end of the line"},
		{"allow all volume /x", 7, "expected everyone, user or group, found 'all'"},
		{"allow user", 11, "expected the name or the number of a user"},
		{"allow group", 12, "expected the name or the number of a group"},
		{"deny user mallory volume /x", 11, "no user 'mallory' in /etc/passwd"},
		{"allow user mallory volume /x", 12, "no user 'mallory' in /etc/passwd"},
		{"deny group gone volume /x", 12, "no group 'gone' in /etc/group"},
		{"limit group gone ids 5", 13, "no group 'gone' in /etc/group"},
		{"allow group alice volume /x", 13, "no group 'alice'"},
		{"deny user broken volume /x", 11, "the user database is on fire"},
		{"allow user 4294967295 volume /x", 12, "a user id from 0 to 4294967294"},
		{"allow user 4294967296 volume /x", 12, "a user id from 0 to 4294967294"},
		{"allow user 01 volume /x", 12, "without leading zeros"},
		{"allow user -1 volume /x", 12, "no user '-1'"},
		{"allow user \"\" volume /x", 12, "a user id from 0"},
		{"allow everyone", 15,
		 "expected volume, root, device, ids, network, seccomp, landlock, proc, userns or "
		 "capability, found "
		 "the end"},
		{"allow everyone memory 8G", 16,
		 "expected volume, root, device, ids, network, seccomp, landlock, proc, userns or "
		 "capability, found "
		 "'memory'"},
		{"allow everyone volume", 22, "expected the path of a volume"},
		{"allow everyone device", 22, "expected the path of a device"},
		{"allow everyone root /x overlay", 31, "overlay is for shared roots: expected shared, too"},
		{"allow everyone volume /x shared overlay", 26, "shared makes no sense for volume"},
		{"deny everyone root /x overlay", 23,
		 "overlay grants something and cannot stand in a deny line"},
		{"allow everyone volume /x mask", 26, "mask is for deny lines: expected the end of the line"},
		{"deny everyone volume /x submounts", 25,
		 "submounts grants something and cannot stand in a deny line"},
		{"deny everyone volume /x rw mask", 25,
		 "what mask covers cannot be read either: expected no rw"},
		{"deny everyone volume /*/x/** mask", 22,
		 "mask covers one place and what lies in it: expected"},
		{"deny everyone volume /x mask", 22, "expected a path without *, and /** at its end"},
		{"deny everyone root host mask", 25, "expected the end of the line, found 'mask'"},
		{"deny everyone volume /x mask mask", 30, "mask stands here twice"},
		{"allow everyone device kvm", 23, "expected an absolute path"},
		{"allow everyone device /dev/kvm rw", 32, "expected the end of the line, found 'rw'"},
		{"deny everyone device /dev/kvm owner=root", 31, "expected the end of the line"},
		{"allow everyone volume x", 23, "expected an absolute path"},
		{"allow everyone volume --bind=/:/x", 23, "expected an absolute path"},
		{"allow everyone volume -v", 23, "expected an absolute path"},
		{"allow everyone volume --", 23, "expected an absolute path"},
		{"allow everyone volume host", 23, "expected an absolute path"},
		{"allow everyone volume /a/../b", 26, "expected a path without . and .."},
		{"allow everyone volume /a/*b", 26, "expected * or ** alone"},
		{"allow everyone volume /x r", 26, "expected ro, rw, owner=caller"},
		{"allow everyone volume /x ro rw", 29, "expected ro, rw, owner=caller"},
		{"allow everyone volume /x noexec rw", 33, "expected ro, rw, owner=caller"},
		{"allow everyone volume /x noexec noexec", 33, "noexec stands here twice"},
		{"allow everyone volume /x owner=caller owner=root", 39,
		 "only one of owner=caller and owner=root"},
		{"allow everyone volume /x owner=bob", 26, "found 'owner=bob'"},
		{"allow everyone volume /x rw extra", 29, "found 'extra'"},
		{"deny everyone volume /x ro", 25, "expected rw or nothing, found 'ro'"},
		{"deny everyone root /x ro", 23, "expected rw or nothing, found 'ro'"},
		{"deny everyone volume /x noexec", 25, "noexec grants something"},
		{"deny everyone volume /x submounts", 25, "submounts grants something"},
		{"deny everyone volume /x sockets", 25, "sockets grants something"},
		{"allow everyone root", 20, "expected host or the path of a root"},
		{"allow everyone root debian", 21, "expected host or an absolute path"},
		{"allow everyone root host rw", 26, "expected the end of the line, found 'rw'"},
		{"allow everyone root host owner=root", 26, "expected the end of the line"},
		{"allow everyone root /x noexec", 24, "noexec makes no sense for root"},
		{"allow everyone root /x sockets", 24, "sockets makes no sense for root"},
		{"allow everyone ids", 19, "expected subordinate or setgroups"},
		{"allow everyone ids all", 20, "expected subordinate or setgroups, found 'all'"},
		{"allow everyone ids subordinate rw", 32, "expected the end of the line"},
		{"allow everyone network host noexec", 29,
		 "expected tcp-bind=, tcp-connect= (each once) or the end of the line"},
		{"allow everyone network bridge", 24, "expected none, host, user or publish"},
		{"limit everyone", 15, "expected ids, memory, cpus, pids, time or sandboxes"},
		{"limit everyone disk 8G", 16,
		 "expected ids, memory, cpus, pids, time or sandboxes, found 'disk'"},
		{"limit everyone memory 8GB", 23, "expected a number of bytes, as 8G, found '8GB'"},
		{"limit everyone memory -1", 23, "expected a number of bytes, as 8G"},
		{"limit everyone cpus 1,5", 21, "expected a number of CPUs, as 1.5"},
		{"limit everyone pids 1.5", 21, "expected a whole number"},
		{"limit everyone time 2d", 21, "expected a time, as 90s or 2h"},
		{"limit everyone time", 20, "expected a time, as 90s or 2h, found the end"},
		{"allow everyone seccomp", 23, "expected unconfined or custom, found the end"},
		{"allow everyone seccomp default", 24, "expected unconfined or custom, found 'default'"},
		{"allow everyone landlock on", 25, "expected off, found 'on'"},
		{"allow everyone proc all", 21, "expected unmasked, found 'all'"},
		{"allow everyone userns inside", 23, "expected the end of the line, found 'inside'"},
		{"allow everyone network host tcp-bind", 29, "expected tcp-bind=, tcp-connect="},
		{"allow everyone network host tcp-bind=", 29, "expected ports from 1 to 65535"},
		{"allow everyone network host tcp-bind=80,80", 29, "in ascending order, or none"},
		{"allow everyone network host tcp-bind=443,80", 29, "in ascending order, or none"},
		{"allow everyone network host tcp-bind=0", 29, "expected ports from 1 to 65535"},
		{"allow everyone network host tcp-bind=65536", 29, "expected ports from 1 to 65535"},
		{"allow everyone network host tcp-bind=1 tcp-bind=2", 40, "each once"},
		{"allow everyone network host tcp-connect=1 tcp-connect=2", 43, "each once"},
		{"allow everyone network none tcp-bind=1", 29, "expected the end of the line"},
		{"allow everyone network publish tcp-bind=1", 32, "expected the end of the line"},
		{"deny everyone network host tcp-bind=1", 28, "expected the end of the line"},
		{"limit everyone ids", 19, "expected a whole number"},
		{"limit everyone ids many", 20, "expected a whole number"},
		{"limit everyone ids -1", 20, "expected a whole number"},
		{"limit everyone ids 01", 20, "expected a whole number"},
		{"limit everyone ids 18446744073709551616", 20, "expected a whole number"},
		{"limit everyone ids 5 6", 22, "expected the end of the line"},
		{"allow everyone volume \"\"", 23, "found ''"},
		{"allow everyone volume \"/x", 23, "this quote is not closed"},
		{"allow everyone volume \"/x\"y", 27, "expected a blank behind the closing quote"},
		{"allow everyone volume /x\"y\"", 25, "a quote inside a word"},
		{"allow everyone volume /x\\y", 25, "a backslash inside a word"},
		{"allow everyone volume \"/x\\t\"", 26, "behind a backslash"},
		{"allow everyone volume \"/x\\", 26, "behind a backslash"},
		{"allow everyone volume /x\r", 25, "a carriage return"},
		{"# a comment\r", 12, "a carriage return"},
		{"allow everyone volume /x \x1b[0m", 26, "a control character (\\x1b)"},
		{"allow everyone volume /x\x7f", 25, "a control character (\\x7f)"},
		{"a b c d e f g h i j k l m n o p q", 33, "more than 16 words"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char text[512], where[32];
		struct policy_rules rules;
		struct err e;

		snprintf(text, sizeof(text), "version 1\n%s\n", row[i].line);
		snprintf(where, sizeof(where), "p.conf:2:%u: ", row[i].column);
		if (parse(text, strlen(text), &rules, &e) == 0)
			fail_msg("%s: accepted", row[i].line);
		if (strncmp(e.msg, where, strlen(where)) != 0 || !strstr(e.msg, row[i].want))
			fail_msg("%s: '%s', not '%s...%s'", row[i].line, e.msg, where, row[i].want);
	}
}

/* Behind a good rule in line 2, in the same file or another. */
static void rules_for_ids_are_kept_apart(void **state)
{
	static const struct {
		const char *line;
		unsigned column;
		const char *want; /* NULL: accepted */
	} row[] = {
		{"ids rule base 2000000 size 1000 uid-min 6000 uid-max 6999", 0, NULL},
		{"ids rule base 2000000 size 1000 uid-min 5999 uid-max 6000", 41,
		 "p.conf:2 is for uid 5999 too"},
		{"ids rule base 1999999 size 1000 uid-min 6000 uid-max 6001", 15,
		 "overlap those of p.conf:2"},
		{"ids rule base 5000 size 1 uid-min 6000 uid-max 6000", 15, "hold uids that p.conf:2 is for"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(row); i++) {
		static const char first[] =
			"version 1\nids rule base 1000000 size 1000 uid-min 5000 uid-max 5999\n";
		char text[512], where[32];
		struct policy_rules rules;
		bool other_file = i % 2;
		struct arena a = {.base = memory + sizeof(memory) / 2, .size = sizeof(memory) / 2};
		struct err e;
		int r;

		snprintf(text, sizeof(text), "%s%s\n", other_file ? "version 1\n" : first, row[i / 2].line);
		snprintf(where, sizeof(where), "%s:%u:%u: ", other_file ? "q.conf" : "p.conf",
			 other_file ? 2u : 3u, row[i / 2].column);
		assert_int_equal(other_file ? parse(first, strlen(first), &rules, &e) : 0, 0);
		r = other_file ? policy_parse(text, strlen(text), "q.conf", &names, &a, &rules, &e)
			       : parse(text, strlen(text), &rules, &e);
		if ((r == 0) != !row[i / 2].want)
			fail_msg("%s: %s", row[i / 2].line, r ? e.msg : "accepted");
		if (r && row[i / 2].want &&
		    (strncmp(e.msg, where, strlen(where)) != 0 || !strstr(e.msg, row[i / 2].want)))
			fail_msg("%s: '%s'", row[i / 2].line, e.msg);
	}
}

static void there_may_be_many_rules_for_ids_but_not_too_many(void **state)
{
	char text[8192] = "version 1\n";
	struct policy_rules rules;
	struct err e;

	(void)state;
	for (unsigned i = 0; i <= IDS_RULES_MAX; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "ids rule base %u size 10 uid-min %u uid-max %u\n",
			 1000000 + i * 10, 5000 + i, 5000 + i);
		assert_int_equal(parse(text, strlen(text), &rules, &e), i < IDS_RULES_MAX ? 0 : -EINVAL);
	}
	assert_non_null(strstr(e.msg, "p.conf:66:1: more than 64 lines ids rule"));
}

static void a_file_that_is_not_whole_and_plain_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
		const char *why;
	} row[] = {
		{BYTES(""), "p.conf:1:1: expected 'version 1'", "an empty file"},
		{BYTES("\n\n"), "p.conf:2:1: expected 'version 1'", "blank lines only"},
		{BYTES("# version 1\n"), "p.conf:1:1: expected 'version 1'", "a comment only"},
		{BYTES("allow everyone volume /x\n"), "p.conf:1:1: expected 'version 1'", "no version"},
		{BYTES("version\n"), "p.conf:1:8: expected 1", "half a version"},
		{BYTES("version 2\n"), "p.conf:1:9: expected version 1", "a version to come"},
		{BYTES("version 1.0\n"), "p.conf:1:9: expected version 1", "a version of another form"},
		{BYTES("version 01\n"), "p.conf:1:9: expected version 1", "a zero in front"},
		{BYTES("version 1 1\n"), "p.conf:1:11: expected the end", "a word more"},
		{BYTES("version 1"), "p.conf:1:10: the last line has no end", "cut behind the version"},
		{BYTES("version 1\nallow everyone volume /srv/da"), "p.conf:2:30: the last line has no end",
		 "cut in a word"},
		{BYTES("version 1\n# end"), "p.conf:2:6: the last line has no end", "cut in a comment"},
		{BYTES("version 1\n "), "p.conf:2:2: the last line has no end", "a blank behind the end"},
		{BYTES("version 1\r\n"), "p.conf:1:10: a carriage return", "CRLF"},
		{BYTES("\xef\xbb\xbfversion 1\n"), "p.conf:1:1: a byte order mark", "BOM"},
		{BYTES("version 1\nallow\0"), "p.conf:2:6: a NUL byte", "NUL at the end"},
		{BYTES("version 1\nallow everyone\0 volume /x\n"), "p.conf:2:15: a NUL byte",
		 "NUL in a line"},
		{BYTES("\0"), "p.conf:1:1: a NUL byte", "NUL alone"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct policy_rules rules;
		struct err e;

		if (parse(row[i].text, row[i].size, &rules, &e) == 0)
			fail_msg("%s: accepted", row[i].why);
		if (strncmp(e.msg, row[i].want, strlen(row[i].want)) != 0)
			fail_msg("%s: '%s', not '%s'", row[i].why, e.msg, row[i].want);
	}
}

static void every_beginning_of_a_policy_is_refused_or_ends_in_a_whole_line(void **state)
{
	static const char text[] =
		"# why\nversion 1\nallow everyone volume \"/a b\" rw\n\ndeny user 5 root host # x\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct policy_rules rules;
		struct err e;
		int r = parse(text, n, &rules, &e);

		assert_int_equal(r == 0, n > 10 && text[n - 1] == '\n');
	}
}

static void a_line_may_be_long_but_not_too_long(void **state)
{
	char *text = malloc(40000), *p;
	struct policy_rules rules;
	struct err e;

	(void)state;
	assert_non_null(text);
	for (int more = 0; more < 2; more++) {
		p = text + sprintf(text, "version 1\nallow everyone volume \"/");
		for (int i = 0; i < 4094 + more; i++)
			p += sprintf(p, "\\\"");
		p += sprintf(p, "\" rw\n");
		assert_int_equal(parse(text, (size_t)(p - text), &rules, &e), more ? -EINVAL : 0);
	}
	assert_non_null(strstr(e.msg, "at most 4095 bytes"));
	p = text + sprintf(text, "version 1\n#");
	memset(p, 'x', 9999);
	strcpy(p + 9999, "\n");
	assert_int_equal(parse(text, strlen(text), &rules, &e), 0);
	strcpy(p + 9999, "x\n");
	assert_int_equal(parse(text, strlen(text), &rules, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "p.conf:2:10001: a line of more than 10000 bytes"));
	free(text);
}

static void a_name_is_looked_up_and_a_number_is_not(void **state)
{
	struct policy_rules rules;
	struct err e;

	(void)state;
	asked = 0;
	assert_int_equal(
		parse(BYTES("version 1\nallow user 5 root host\ndeny everyone root host\n"), &rules, &e), 0);
	assert_int_equal(asked, 0);
	assert_int_equal(parse(BYTES("version 1\nallow user alice root host\n"), &rules, &e), 0);
	assert_int_equal(asked, 1);
	assert_int_equal(rules.rule[0].id, 1000);
	assert_string_equal(rules.rule[0].name, "alice");
}

static void too_many_rules_and_too_little_memory_are_errors(void **state)
{
	static const char text[] =
		"version 1\nallow user alice volume /srv/x rw\ndeny user alice volume /srv/y\n"
		"allow everyone network host tcp-bind=1 tcp-connect=2\n"
		"ids rule base 1000000 size 1 uid-min 5 uid-max 5\n";
	struct policy_rules rules = {.rule = (struct policy_rule[1]){{0}}, .max = 1};
	struct arena a = {.base = memory, .size = sizeof(memory)};
	size_t enough = 0;
	struct err e;

	(void)state;
	assert_int_equal(policy_parse(text, sizeof(text) - 1, "p.conf", &names, &a, &rules, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "p.conf:3:1: more than 1 rules"));
	while (parse_with(text, sizeof(text) - 1, enough, &rules, &e) < 0) {
		if (e.code != ENOMEM)
			fail_msg("%s", e.msg);
		assert_true(++enough < 4096);
	}
	assert_true(enough > 20);
}

static void a_line_has_as_many_ports_as_there_is_room_for(void **state)
{
	char text[4096], *p = text + sprintf(text, "version 1\nallow everyone network host tcp-bind=1");
	struct policy_rules rules;
	struct err e;

	(void)state;
	for (int i = 2; i <= 256; i++)
		p += sprintf(p, ",%d", i);
	strcpy(p, "\n");
	if (parse(text, strlen(text), &rules, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(rules.rule[0].tcp->nbind, 256);
	strcpy(p, ",257\n");
	assert_int_equal(parse(text, strlen(text), &rules, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "p.conf:2:29: more than 256 ports"));
}

static void a_word_is_quoted_where_it_would_read_otherwise(void **state)
{
	struct policy_rule r = {.action = POLICY_DENY, .who = WHO_USER, .kind = POLICY_USERNS, .name = "#x"};
	char text[POLICY_TEXT_MAX];

	(void)state;
	assert_string_equal(policy_rule_text(&r, text, sizeof(text)), "deny user \"#x\" userns");
	assert_string_equal(policy_rule_text(&r, text, 10), "deny user");
	r.name = "";
	assert_string_equal(policy_rule_text(&r, text, sizeof(text)), "deny user \"\" userns");
}

static void lines_are_counted_as_they_are_read(void **state)
{
	(void)state;
	assert_int_equal(policy_count_lines(BYTES("")), 0);
	assert_int_equal(policy_count_lines(BYTES("a")), 0);
	assert_int_equal(policy_count_lines(BYTES("a\n\nb\n")), 3);
}

static void ten_thousand_rules_parse(void **state)
{
	enum { RULES = 10000 };
	char *text = malloc(RULES * 64), *p = text + sprintf(text, "version 1\n");
	struct policy_rules rules = {.rule = calloc(RULES, sizeof(*rules.rule)), .max = RULES};
	struct arena a = {.base = memory, .size = sizeof(memory)};
	struct err e;

	(void)state;
	for (int i = 0; i < RULES; i++)
		p += sprintf(p, "allow user alice volume /srv/projects/%d/** rw\n", i);
	assert_int_equal(policy_parse(text, (size_t)(p - text), "p.conf", &names, &a, &rules, &e), 0);
	assert_int_equal(rules.n, RULES);
	assert_string_equal(rules.rule[RULES - 1].value, "/srv/projects/9999/**");
	assert_int_equal(rules.rule[RULES - 1].line, RULES + 1);
	free(rules.rule);
	free(text);
}

/* ---- the shipped files ---- */

static void expect_same(const struct policy *a, const struct policy *b)
{
	char one[POLICY_TEXT_MAX], other[POLICY_TEXT_MAX];

	assert_int_equal(a->nrules, b->nrules);
	for (size_t i = 0; i < a->nrules; i++)
		assert_string_equal(policy_rule_text(&a->rule[i], one, sizeof(one)),
				    policy_rule_text(&b->rule[i], other, sizeof(other)));
}

static void the_shipped_file_is_the_policy_compiled_in(void **state)
{
	static const char *const shipped[] = {"policy/policy.conf"}, *const built_in[] = {
									     "policy/built-in.conf"};
	struct policy a, b;
	struct arena arena;
	struct err e;

	(void)state;
	assert_int_equal(mem_arena(POLICY_ARENA, &arena), 0);
	if (policy_load_files(shipped, 1, &arena, &a, &e) < 0)
		fail_msg("%s", e.msg);
	if (policy_load_files(built_in, 1, &arena, &b, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(a.nrules > 5);
	expect_same(&a, &b);
}

/* An example is a comment that begins with a word of the language directly behind its #. Its names need not
 * exist. */
static void every_example_of_the_shipped_file_parses(void **state)
{
	FILE *f = fopen("policy/policy.conf", "re");
	char line[512], text[1024], *name;
	struct policy_rules rules;
	size_t examples = 0;
	struct err e;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "#allow ", 7) != 0 && strncmp(line, "#deny ", 6) != 0 &&
		    strncmp(line, "#limit ", 7) != 0)
			continue;
		name = strstr(line, " user ") ? strstr(line, " user ") + 6 : strstr(line, " group ");
		if (name && name[0] == ' ')
			name += 7;
		for (; name && *name != ' '; name++)
			*name = '7';
		snprintf(text, sizeof(text), "version 1\n%s", line + 1);
		if (parse(text, strlen(text), &rules, &e) < 0)
			fail_msg("%s: %s", line, e.msg);
		examples += rules.n;
	}
	fclose(f);
	assert_true(examples >= 10);
}

/* ---- texts at random ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* One of: another byte, a byte less, a piece of the text again, an end. */
static size_t spoil(char *text, size_t n, size_t room, unsigned *seed)
{
	static const char bytes[] = " \t\n\"\\#*%/.uhrow0\r";
	size_t at = next_random(seed) % n, len = next_random(seed) % 16;

	switch (next_random(seed) % 4) {
	case 0:
		text[at] = bytes[next_random(seed) % sizeof(bytes)];
		return n;
	case 1:
		memmove(text + at, text + at + 1, n - at - 1);
		return n - 1;
	case 2:
		if (n + len > room || at + len > n)
			return n;
		memmove(text + at + len, text + at, n - at);
		return n + len;
	default:
		return next_random(seed) % 8 ? n : at + 1;
	}
}

/* What is accepted reads back as the same rules; what is refused says where. */
static void check_spoiled(const char *text, size_t n, size_t *accepted)
{
	static struct policy_rule kept[16];
	static char texts[16][POLICY_TEXT_MAX]; /* the second parser uses the memory of the first */
	char other[POLICY_TEXT_MAX], again[POLICY_TEXT_MAX + 16];
	struct policy_rules rules;
	struct err e;
	size_t count;

	if (parse(text, n, &rules, &e) < 0) {
		assert_int_equal(strncmp(e.msg, "p.conf:", 7), 0);
		return;
	}
	++*accepted;
	count = rules.n;
	assert_true(count <= COUNT(kept));
	for (size_t i = 0; i < count; i++)
		policy_rule_text(&rules.rule[i], texts[i], sizeof(texts[i]));
	memcpy(kept, rules.rule, count * sizeof(*kept));
	for (size_t i = 0; i < count; i++) {
		snprintf(again, sizeof(again), "version 1\n%.*s\n", POLICY_TEXT_MAX - 1, texts[i]);
		assert_int_equal(parse(again, strlen(again), &rules, &e), 0);
		assert_int_equal(rules.n, 1);
		assert_string_equal(policy_rule_text(&rules.rule[0], other, sizeof(other)), texts[i]);
		assert_int_equal(rules.rule[0].rights, kept[i].rights);
		assert_int_equal(rules.rule[0].conditions, kept[i].conditions);
	}
}

static void a_spoiled_policy_is_refused_with_its_place_or_means_what_it_says(void **state)
{
	static const char text[] =
		"version 1\n# why\nallow everyone volume %h/** rw owner=caller\n"
		"deny user alice volume \"/a \\\"b\\n/*/%u\" rw # x\nallow group research root /r/%U ro\n"
		"allow 7 x\nlimit everyone ids 65536\ndeny everyone network host\n";
	size_t accepted = 0, size;
	unsigned seed = 7;
	char copy[2048];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size = sizeof(text) - 1;
		memcpy(copy, text, size);
		/* The line that is no rule is left out in most rounds. */
		if (round % 8) {
			char *wrong = memmem(copy, size, "allow 7 x\n", 10);

			memmove(wrong, wrong + 10, size - (size_t)(wrong - copy) - 10);
			size -= 10;
		}
		for (unsigned i = next_random(&seed) % 6; i > 0; i--)
			size = spoil(copy, size, sizeof(copy), &seed);
		check_spoiled(copy, size, &accepted);
	}
	assert_true(accepted > 1000 && accepted < 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_reads_back_in_one_form),
		cmocka_unit_test(a_line_grants_what_it_says),
		cmocka_unit_test(a_mistake_in_a_line_names_its_column),
		cmocka_unit_test(rules_for_ids_are_kept_apart),
		cmocka_unit_test(there_may_be_many_rules_for_ids_but_not_too_many),
		cmocka_unit_test(a_file_that_is_not_whole_and_plain_is_refused),
		cmocka_unit_test(every_beginning_of_a_policy_is_refused_or_ends_in_a_whole_line),
		cmocka_unit_test(a_line_may_be_long_but_not_too_long),
		cmocka_unit_test(a_name_is_looked_up_and_a_number_is_not),
		cmocka_unit_test(too_many_rules_and_too_little_memory_are_errors),
		cmocka_unit_test(a_line_has_as_many_ports_as_there_is_room_for),
		cmocka_unit_test(a_word_is_quoted_where_it_would_read_otherwise),
		cmocka_unit_test(lines_are_counted_as_they_are_read),
		cmocka_unit_test(ten_thousand_rules_parse),
		cmocka_unit_test(a_spoiled_policy_is_refused_with_its_place_or_means_what_it_says),
		cmocka_unit_test(the_shipped_file_is_the_policy_compiled_in),
		cmocka_unit_test(every_example_of_the_shipped_file_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
