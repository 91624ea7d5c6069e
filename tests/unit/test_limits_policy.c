/* The limits of a sandbox before the policy, and the words for them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "frontend/limits.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIB      (UINT64_C(1) << 20)

static const struct policy_caller alice = {.uid = 1000, .gid = 1000, .name = "alice"};
static struct run_options o; /* large */
static struct limits_given given;
static struct err e;

#define RULE(which, value)                                                                                   \
	{                                                                                                    \
		.action = POLICY_LIMIT, .kind = (which), .who = WHO_EVERYONE, .line = 7, .limit = (value),   \
		.file = "/etc/p"                                                                             \
	}

/* A limit for each; and one for another user, which never counts. */
static const struct policy_rule rule[] = {
	RULE(LIMIT_MEMORY, 64 * MIB),
	RULE(LIMIT_CPUS, 1500),
	RULE(LIMIT_PIDS, 20),
	RULE(LIMIT_TIME, 90000),
	RULE(LIMIT_IDS, 1),
	{.action = POLICY_LIMIT,
	 .kind = LIMIT_PIDS,
	 .who = WHO_USER,
	 .id = 1001,
	 .limit = 1,
	 .file = "/etc/p"},
};
static const struct policy all = {.rule = rule, .nrules = COUNT(rule)};
static const struct policy none = {.rule = rule, .nrules = 0};

struct asked {
	uint64_t memory, memory_swap, cpu_milli, pids;
	uint32_t timeout_ms;
	bool memory_swap_asked;
};

static int vet(const struct policy *p, struct asked asked)
{
	o.memory = asked.memory;
	o.memory_swap = asked.memory_swap;
	o.memory_swap_asked = asked.memory_swap_asked;
	o.cpu_milli = asked.cpu_milli;
	o.pids = asked.pids;
	o.timeout_ms = asked.timeout_ms;
	e = (struct err){0};
	return limits_vet(p, &alice, &o, &given, &e);
}

static void who_asks_for_nothing_gets_the_limit_of_the_policy(void **state)
{
	(void)state;
	assert_int_equal(vet(&all, (struct asked){0}), 0);
	assert_int_equal(o.memory, 64 * MIB);
	assert_int_equal(o.memory_swap, 64 * MIB);
	assert_int_equal(o.cpu_milli, 1500);
	assert_int_equal(o.pids, 20);
	assert_int_equal(o.timeout_ms, 90000);
	assert_ptr_equal(given.rule[LIMIT_MEMORY], &rule[0]);
	assert_ptr_equal(given.rule[LIMIT_TIME], &rule[3]);
	assert_null(given.rule[LIMIT_IDS]);
}

static void without_a_rule_nothing_changes(void **state)
{
	(void)state;
	assert_int_equal(vet(&none, (struct asked){.pids = 3}), 0);
	assert_int_equal(o.memory, 0);
	assert_int_equal(o.pids, 3);
	assert_int_equal(o.timeout_ms, 0);
	for (int i = 0; i < POLICY_LIMIT_COUNT; i++)
		assert_null(given.rule[i]);
}

static void who_asks_for_less_gets_that(void **state)
{
	(void)state;
	assert_int_equal(
		vet(&all, (struct asked){.memory = MIB, .cpu_milli = 1500, .pids = 1, .timeout_ms = 5}), 0);
	assert_int_equal(o.memory, MIB);
	assert_int_equal(o.memory_swap, MIB);
	assert_int_equal(o.cpu_milli, 1500);
	assert_int_equal(o.pids, 1);
	assert_int_equal(o.timeout_ms, 5);
	assert_null(given.rule[LIMIT_MEMORY]);
	assert_null(given.rule[LIMIT_PIDS]);
}

static void who_asks_for_more_is_refused_by_the_rule(void **state)
{
	static const struct {
		struct asked options;
		const char *msg;
	} row[] = {
		{{.memory = 65 * MIB}, "memory 65M: denied for alice: rule /etc/p:7 limits memory to 64M"},
		{{.memory = 64 * MIB + 1},
		 "memory 67108865: denied for alice: rule /etc/p:7 limits memory to 64M"},
		{{.cpu_milli = 1501}, "cpus 1.501: denied for alice: rule /etc/p:7 limits cpus to 1.5"},
		{{.pids = 21}, "pids 21: denied for alice: rule /etc/p:7 limits pids to 20"},
		{{.timeout_ms = 90001}, "time 90001ms: denied for alice: rule /etc/p:7 limits time to 90s"},
		{{.memory = MIB, .memory_swap = UINT64_MAX, .memory_swap_asked = true},
		 "memory-swap: more swap than memory is allowed: denied for alice: rule /etc/p:7 limits "
		 "memory to 64M"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		assert_int_equal(vet(&all, row[i].options), -EACCES);
		assert_string_equal(e.msg, row[i].msg);
	}
}

/* 0 would mean no limit behind this point. */
static void a_limit_of_nothing_refuses_all(void **state)
{
	static const struct policy_rule zero[] = {RULE(LIMIT_PIDS, 0)};
	static const struct policy p = {.rule = zero, .nrules = 1};

	(void)state;
	assert_int_equal(vet(&p, (struct asked){0}), -EACCES);
	assert_string_equal(e.msg, "pids: denied for alice: rule /etc/p:7 limits pids to 0");
	assert_int_equal(vet(&p, (struct asked){.pids = 1}), -EACCES);
}

static void sizes_and_times_are_written_short_and_exact(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} row[] = {{0, "0"},          {1000, "1000"},        {1024, "1K"},
		   {1536, "1536"},    {1536 << 10, "1536K"}, {64 * MIB, "64M"},
		   {MIB << 20, "1T"}, {MIB << 30, "1024T"},  {UINT64_MAX, "18446744073709551615"}};
	char text[LIMITS_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		assert_string_equal(limits_size(row[i].bytes, text), row[i].text);
	assert_string_equal(limits_time(90000, text), "90s");
	assert_string_equal(limits_time(1500, text), "1500ms");
}

static void each_limit_of_a_plan_has_a_row(void **state)
{
	static const struct plan_ulimit ulimit[] = {{RLIMIT_NOFILE, 10, 20}, {RLIMIT_NPROC, 5, UINT64_MAX}};
	static const struct plan p = {.memory_max = 64 * MIB,
				      .memory_swap_max = 0,
				      .cpu_milli = 250,
				      .pids_max = 20,
				      .io_weight = 50,
				      .timeout_ms = 1000,
				      .nice_asked = 1,
				      .nice = -3,
				      .oom_asked = 1,
				      .oom_score_adj = 500,
				      .ulimits = {ulimit, 2}};
	static const struct plan nothing = {.memory_swap_max = UINT64_MAX};
	static const struct limits_row want[] = {{"memory", "64M, and 0 of swap", LIMIT_MEMORY},
						 {"CPUs", "0.25", LIMIT_CPUS},
						 {"processes", "20", LIMIT_PIDS},
						 {"io weight", "50", POLICY_LIMIT_COUNT},
						 {"time", "1s", LIMIT_TIME},
						 {"niceness", "-3", POLICY_LIMIT_COUNT},
						 {"oom score", "500", POLICY_LIMIT_COUNT},
						 {"nofile", "10:20", POLICY_LIMIT_COUNT},
						 {"nproc", "5:unlimited", POLICY_LIMIT_COUNT}};
	static struct limits_row rows[LIMITS_ROWS_MAX];

	(void)state;
	assert_int_equal(limits_rows(&nothing, rows), 0);
	assert_int_equal(limits_rows(&p, rows), COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_string_equal(rows[i].name, want[i].name);
		assert_string_equal(rows[i].value, want[i].value);
		assert_int_equal(rows[i].given, want[i].given);
	}
}

static void a_hard_limit_above_ones_own_is_refused(void **state)
{
	const struct rlimit low = {.rlim_cur = 100, .rlim_max = 100};
	struct plan_ulimit u = {RLIMIT_NOFILE, 5, 100};
	const struct plan p = {.memory_swap_max = UINT64_MAX, .ulimits = {&u, 1}};

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(limits_check(&p, &given, &e), 0);
	u.hard = 101;
	assert_int_equal(limits_check(&p, &given, &e), -EPERM);
	assert_string_equal(e.msg,
			    "option --ulimit: nofile: the hard limit would be above your own, which is 100");
	u.hard = UINT64_MAX;
	assert_int_equal(limits_check(&p, &given, &e), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_for_nothing_gets_the_limit_of_the_policy),
		cmocka_unit_test(without_a_rule_nothing_changes),
		cmocka_unit_test(who_asks_for_less_gets_that),
		cmocka_unit_test(who_asks_for_more_is_refused_by_the_rule),
		cmocka_unit_test(a_limit_of_nothing_refuses_all),
		cmocka_unit_test(sizes_and_times_are_written_short_and_exact),
		cmocka_unit_test(each_limit_of_a_plan_has_a_row),
		cmocka_unit_test(a_hard_limit_above_ones_own_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
