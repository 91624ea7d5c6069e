/*
 * Each line of the input is an argument of `croft run`. They are refused with a sentence, or the plan that is
 * made of them passes the plan's own check and is the same once encoded and decoded; or the planner refuses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/planner.h"
#include "frontend/run_options.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS_MAX = 64, BYTES_MAX = 1 << 14, ENCODED_MAX = 1 << 20 };

static const char *const env[] = {"HOME=/root", "A=", NULL};

static void must_be_planned(const struct run_options *o, struct arena *a, const struct plan_facts *f)
{
	static char bytes[ENCODED_MAX];
	struct plan p, again;
	struct err e = {0};
	int r = planner_make(o, f, a, &p, &e);
	long n;

	if (r != 0) {
		fuzz_refused(r, &e);
		return;
	}
	MUST(plan_check(&p, &e) == 0);
	n = plan_encode(&p, bytes, sizeof(bytes));
	MUST(n > 0);
	MUST(plan_decode(bytes, (size_t)n, a, &again, &e) == 0);
	MUST(plan_equal(&p, &again));
}

/* With the facts of both kinds of root, and of a user who is not root. */
static void plan_all(struct run_options *o, struct arena *a)
{
	const struct plan_strings strings = {.item = env, .count = 2};
	struct plan_facts f[] = {
		{.root_kind = PLAN_ROOT_HOST, .root = "", .user = "root", .home = "/root", .env = strings},
		{.root_kind = PLAN_ROOT_DIR, .root = "./r", .user = "root", .home = "/root", .env = strings},
		{.root_kind = PLAN_ROOT_DIR,
		 .root = "./r",
		 .user = "alice",
		 .home = "/home/alice",
		 .uid = 1000,
		 .gid = 1001,
		 .tty = PLAN_TTY_ALL,
		 .conf = {o->conf, o->conf, o->conf},
		 .env = strings},
	};

	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		o->by_gate = i == 2;
		must_be_planned(o, a, &f[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run_options o;
	struct arena a = fuzz_arena(64 << 20);
	char *argv[WORDS_MAX + 2] = {(char[]){"run"}};
	struct err e = {0};
	int argc = 1, r;

	if (size > BYTES_MAX)
		return 0;
	while (argc <= WORDS_MAX && (argv[argc] = fuzz_line(&data, &size)))
		argc++;
	argv[argc] = NULL;
	memset(&o, 0, sizeof(o));
	r = run_options_parse(argc, argv, &a, &o, &e);
	MUST(r == 0 || r == -ECANCELED || r < 0);
	if (r == 0)
		plan_all(&o, &a);
	else if (r != -ECANCELED)
		fuzz_refused(r, &e);
	for (int i = 1; i < argc; i++)
		free(argv[i]);
	return 0;
}
