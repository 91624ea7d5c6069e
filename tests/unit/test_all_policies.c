/*
 * Every rule of a small world, every set of two of them and many of three, asked about every request of that
 * world; compared with the decision written a second time (tests/reference/decide.c).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "tests/reference/decide.h"
#include "tests/reference/nobody.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { RULES_MAX = 4096, REQUESTS_MAX = 4096, MEMORY = 4 << 20 };

static _Alignas(max_align_t) char memory[MEMORY];
static struct arena arena = {.base = memory, .size = MEMORY};

static const gid_t groups[] = {300};
static const struct policy_caller callers[] = {
	{.uid = 1000, .gid = 100, .groups = groups, .ngroups = 1, .name = "u", .home = "/h/u"},
	{.uid = 1000, .gid = 100, .groups = groups, .ngroups = 1},
};

/* ---- the world: its lines ------------------------------------------------------------------------ */

static struct policy_rule rule[RULES_MAX];
static struct policy_rules rules = {.rule = rule, .max = RULES_MAX};

/* Lines that the language does not have are left out. */
static void add_line(const char *action, const char *who, const char *what, const char *mode,
		     const char *condition)
{
	char text[256];
	struct err e;
	size_t before = rules.n;

	snprintf(text, sizeof(text), "version 1\n%s %s %s%s%s\n", action, who, what, mode, condition);
	if (policy_parse(text, strlen(text), "p", &nobody, &arena, &rules, &e) < 0) {
		assert_int_equal(e.code, EINVAL);
		rules.n = before;
	}
}

struct words {
	const char *const *word;
	size_t n;
};
#define WORDS(array)                                                                                         \
	{                                                                                                    \
		array, COUNT(array)                                                                          \
	}

struct world {
	struct words who, pattern, condition, word;
};

static void make_lines(const struct world *w)
{
	static const char *const action[] = {"allow", "deny"}, *const mode[] = {"", " ro", " rw"},
				 *const kind[] = {"volume", "root"};
	char what[64];

	rules.n = arena.used = 0;
	for (size_t i = 0; i < COUNT(action) * w->who.n; i++) {
		const char *does = action[i % 2], *who = w->who.word[i / 2];

		for (size_t k = 0; k < w->word.n; k++)
			add_line(does, who, w->word.word[k], "", "");
		for (size_t k = 0; k < COUNT(kind) * w->pattern.n * w->condition.n * COUNT(mode); k++) {
			snprintf(what, sizeof(what), "%s %s", kind[k % 2],
				 w->pattern.word[k / 2 % w->pattern.n]);
			add_line(does, who, what, mode[k / 2 / w->pattern.n % 3],
				 w->condition.word[k / 2 / w->pattern.n / 3]);
		}
	}
}

/* ---- the world: its requests ------------------------------------------------------------------------ */

static struct policy_request request[REQUESTS_MAX];
static size_t nrequests;

static void add_request(const struct policy_request *r)
{
	assert_true(nrequests < REQUESTS_MAX);
	request[nrequests++] = *r;
}

static void add_paths(const struct words *path)
{
	static const uint8_t object[] = {OBJECT_DIRECTORY, OBJECT_FILE, OBJECT_SOCKET};
	static const uid_t owner[] = {0, 1000, 7};
	enum { EACH = 4 * COUNT(object) * COUNT(owner) * 3 };

	for (size_t i = 0; i < path->n * EACH; i++) {
		size_t k = i / path->n, more = k / 4 / COUNT(object) / COUNT(owner);
		const struct policy_request r = {.kind = more == 2 ? POLICY_ROOT : POLICY_VOLUME,
						 .rights = k % 4,
						 .object = object[k / 4 % COUNT(object)],
						 .owner = owner[k / 4 / COUNT(object) % COUNT(owner)],
						 .submounts = more == 1,
						 .value = path->word[i % path->n]};
		struct policy_request shared = r;

		add_request(&r);
		shared.shared = true;
		shared.overlay = i / path->n % 2;
		if (more == 2)
			add_request(&shared);
	}
}

static void add_words(void)
{
	static const uint32_t ports[] = {22, 80};
	static const struct policy_tcp some = {.only_bind = true, .nbind = 2, .bind = ports},
				       one = {.only_bind = true, .nbind = 1, .bind = ports},
				       no = {.only_bind = true};
	static const struct policy_request r[] = {
		{.kind = POLICY_ROOT, .value = "host"},
		{.kind = POLICY_IDS, .value = "subordinate"},
		{.kind = POLICY_IDS, .value = "setgroups"},
		{.kind = POLICY_NETWORK, .value = "none"},
		{.kind = POLICY_NETWORK, .value = "host"},
		{.kind = POLICY_NETWORK, .value = "host", .tcp = &some},
		{.kind = POLICY_NETWORK, .value = "host", .tcp = &one},
		{.kind = POLICY_NETWORK, .value = "host", .tcp = &no},
		{.kind = POLICY_SECCOMP, .value = "custom"},
		{.kind = POLICY_USERNS, .value = "inside"},
		{.kind = POLICY_CAPABILITY, .value = "default"},
		{.kind = POLICY_CAPABILITY, .value = "CAP_CHOWN"},
		{.kind = POLICY_CAPABILITY, .value = "CAP_SYS_ADMIN"},
		{.kind = POLICY_VOLUME, .value = "host"},                                /* never described */
		{.kind = POLICY_VOLUME, .value = "/a/../b", .object = OBJECT_DIRECTORY}, /* not resolved */
		{.kind = POLICY_VOLUME, .value = "/a", .object = OBJECT_NONE},
		{.kind = POLICY_VOLUME, .value = "/a", .object = OBJECT_DEVICE},
		{.kind = POLICY_VOLUME, .value = "/a", .object = OBJECT_DIRECTORY, .kernel_fs = "proc"},
		{.kind = POLICY_DEVICE, .value = "/dev/d", .object = OBJECT_DEVICE},
		{.kind = POLICY_DEVICE,
		 .value = "/dev/d/d",
		 .object = OBJECT_DEVICE,
		 .kernel_fs = "devtmpfs"},
		{.kind = POLICY_DEVICE, .value = "/dev", .object = OBJECT_DIRECTORY},
		{.kind = POLICY_DEVICE, .value = "/dev/d", .object = OBJECT_FILE},
		{.kind = POLICY_DEVICE, .value = "d"},
		{.kind = POLICY_KIND_COUNT, .value = "host"},
	};

	for (size_t i = 0; i < COUNT(r); i++)
		add_request(&r[i]);
}

/* ---- comparing --------------------------------------------------------------------------------- */

static size_t allowed_so_far, asked_so_far;

static void compare(const struct policy_rule *set, size_t n, const struct policy_caller *c,
		    const struct policy_request *r, bool want)
{
	const struct policy p = {.rule = set, .nrules = n};
	struct policy_verdict v = policy_decide(&p, c, r);

	asked_so_far++;
	allowed_so_far += v.allowed;
	if (v.allowed != want || v.allowed != (v.reason == REASON_ALLOWED))
		fail_msg("%s %s: %d with reason %d; %zu rules, the first %s %s", r->value,
			 c->name ? c->name : "(no name)", v.allowed, v.reason, n,
			 set[0].action == POLICY_DENY ? "denies" : "allows", set[0].value);
}

static void begin(const struct world *w, const struct words *path)
{
	make_lines(w);
	nrequests = allowed_so_far = asked_so_far = 0;
	add_paths(path);
	add_words();
}

/* ---- sets of one ----------------------------------------------------------------------------------- */

static void every_rule_alone_decides_as_written_twice(void **state)
{
	static const char *const
		who[] = {"everyone", "user 1000", "user 7", "group 100", "group 300", "group 7"},
		*const pattern[] = {"/",  "/**",   "/a",    "/a/*",  "/a/**",    "/*/b", "/*/b/**",
				    "%h", "%h/**", "/h/%u", "/n/%U", "/n/%g/**", "/p%%"},
		*const condition[] = {"",        " owner=caller",     " owner=root", " submounts",
				      " noexec", " sockets",          " shared",     " submounts sockets",
				      " mask",   " owner=caller mask"},
		*const word[] = {"root host",
				 "ids subordinate",
				 "ids setgroups",
				 "network none",
				 "network host",
				 "network host tcp-bind=22,80",
				 "network host tcp-bind=none",
				 "network host tcp-bind=22 tcp-connect=none",
				 "seccomp custom",
				 "userns",
				 "capability default",
				 "capability CHOWN",
				 "capability SYS_ADMIN",
				 "device /dev/d",
				 "device /dev/*",
				 "device /dev/**"},
		*const path[] = {"/",    "/a",     "/a/b",    "/a/b/c",   "/b",  "/x/b", "/h",
				 "/h/u", "/h/u/x", "/n/1000", "/n/100/x", "/p%", "/n"};
	const struct world w = {WORDS(who), WORDS(pattern), WORDS(condition), WORDS(word)};
	const struct words paths = WORDS(path);

	(void)state;
	begin(&w, &paths);
	for (size_t i = 0; i < rules.n; i++)
		for (size_t k = 0; k < nrequests; k++)
			for (size_t c = 0; c < COUNT(callers); c++) {
				const struct policy p = {.rule = &rule[i], .nrules = 1};

				/* for everyone all requests, for the others a seventh: WHO is compared apart
				 * from the rest */
				if (rule[i].who != WHO_EVERYONE && (i + k) % 7)
					continue;
				compare(&rule[i], 1, &callers[c], &request[k],
					reference_allows(&p, &callers[c], &request[k]));
			}
	assert_true(rules.n > 1500 && nrequests > 1000);
	assert_true(allowed_so_far > 10000 && asked_so_far - allowed_so_far > 10000);
}

/* ---- sets of two and three ------------------------------------------------------------------------- */

enum { SMALL_RULES = 256, SMALL_REQUESTS = 256 };

/* What the reference says of one rule and one request. */
static bool grants[SMALL_RULES][SMALL_REQUESTS], denies[SMALL_RULES][SMALL_REQUESTS];
static size_t some_request[SMALL_REQUESTS], nsome;

static void ask_reference(const struct policy_caller *c)
{
	for (size_t i = 0; i < rules.n; i++)
		for (size_t k = 0; k < nsome; k++) {
			const struct policy_request *r = &request[some_request[k]];

			grants[i][k] = rule[i].action == POLICY_ALLOW && reference_grants(&rule[i], c, r);
			denies[i][k] = rule[i].action == POLICY_DENY && reference_denies(&rule[i], c, r);
		}
}

static void begin_small(void)
{
	static const char *const who[] = {"everyone", "group 7"},
				 *const pattern[] = {"/a/**", "/a/b", "/*/b", "%h/**"},
				 *const condition[] = {"", " owner=caller", " submounts", " mask"},
				 *const word[] = {"root host", "capability default", "capability CHOWN",
						  "network host", "network host tcp-bind=22"},
				 *const path[] = {"/", "/a", "/a/b", "/a/b/c", "/h/u/x"};
	const struct world w = {WORDS(who), WORDS(pattern), WORDS(condition), WORDS(word)};
	const struct words paths = WORDS(path);

	begin(&w, &paths);
	assert_true(rules.n > 100 && rules.n <= SMALL_RULES);
	nsome = 0;
	for (size_t k = 0; k < nrequests && nsome < SMALL_REQUESTS; k += nsome % 3 + 1)
		some_request[nsome++] = k;
	ask_reference(&callers[0]);
}

static void every_set_of_two_decides_as_written_twice(void **state)
{
	struct policy_rule set[2];

	(void)state;
	begin_small();
	for (size_t i = 0; i < rules.n; i++)
		for (size_t j = 0; j < rules.n; j++) {
			set[0] = rule[i];
			set[1] = rule[j];
			for (size_t k = 0; k < nsome; k++)
				compare(set, 2, &callers[0], &request[some_request[k]],
					(grants[i][k] || grants[j][k]) && !denies[i][k] && !denies[j][k]);
		}
	assert_true(allowed_so_far > 10000 && asked_so_far - allowed_so_far > 10000);
}

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static void many_sets_of_three_decide_as_written_twice(void **state)
{
	enum { SETS = 30000 };
	struct policy_rule set[3];
	uint64_t seed = 1;

	(void)state;
	begin_small();
	for (size_t s = 0; s < SETS; s++) {
		size_t at[3];

		for (size_t i = 0; i < 3; i++) {
			at[i] = next(&seed) % rules.n;
			set[i] = rule[at[i]];
		}
		for (size_t k = 0; k < nsome; k += 1 + s % 5) {
			bool granted = false, denied = false;

			for (size_t i = 0; i < 3; i++) {
				granted |= grants[at[i]][k];
				denied |= denies[at[i]][k];
			}
			compare(set, 3, &callers[0], &request[some_request[k]], granted && !denied);
		}
	}
	assert_true(allowed_so_far > 10000 && asked_so_far - allowed_so_far > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_alone_decides_as_written_twice),
		cmocka_unit_test(every_set_of_two_decides_as_written_twice),
		cmocka_unit_test(many_sets_of_three_decide_as_written_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
