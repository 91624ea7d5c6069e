#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/caps.h"

static int in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A field of /proc/self/status as the kernel prints it: the oracle. */
static uint64_t status_field(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long v = 0;
	char line[256];
	int found = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			found += sscanf(line + strlen(name), ":%llx", &v) == 1;
	if (f)
		fclose(f);
	if (found != 1)
		_exit(99);
	return v;
}

static void every_name_leads_to_its_number_and_back(void **state)
{
	(void)state;
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++) {
		const char *name = caps_name(cap);

		assert_non_null(name);
		assert_memory_equal(name, "CAP_", 4);
		assert_int_equal(caps_parse(name), cap);
		assert_int_equal(caps_parse(name + 4), cap);
	}
}

static void names_are_those_of_the_kernel(void **state)
{
	static const struct {
		const char *text;
		int cap;
	} row[] = {
		{"CAP_CHOWN", CAP_CHOWN},
		{"chown", CAP_CHOWN},
		{"Cap_Sys_Admin", CAP_SYS_ADMIN},
		{"sys_admin", CAP_SYS_ADMIN},
		{"CAP_CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
		{"", -EINVAL},
		{"CAP_", -EINVAL},
		{"CAP_LAST_CAP", -EINVAL},
		{"CAP_CAP_CHOWN", -EINVAL},
		{"chow", -EINVAL},
		{"chown ", -EINVAL},
		{"0", -EINVAL},
		{"ALL", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (caps_parse(row[i].text) != row[i].cap)
			fail_msg("\"%s\" is %d", row[i].text, caps_parse(row[i].text));
}

static void numbers_beyond_the_table_have_no_name(void **state)
{
	(void)state;
	assert_null(caps_name(CAP_LAST_CAP + 1));
	assert_null(caps_name(64));
	assert_null(caps_name(UINT32_MAX));
}

static void the_sets_are_those_that_proc_shows(void **state)
{
	struct caps c;

	(void)state;
	assert_int_equal(caps_get(&c), 0);
	assert_int_equal(c.effective, status_field("CapEff"));
	assert_int_equal(c.permitted, status_field("CapPrm"));
	assert_int_equal(c.inheritable, status_field("CapInh"));
}

static void the_last_capability_is_that_of_the_kernel(void **state)
{
	FILE *f = fopen("/proc/sys/kernel/cap_last_cap", "re");
	int last = -1;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &last), 1);
	fclose(f);
	assert_int_equal(caps_last(), last);
}

static int drop_all(void)
{
	struct caps none = {0}, c;

	if (caps_set(&none) != 0 || caps_get(&c) != 0)
		return 1;
	return c.effective || c.permitted || c.inheritable || status_field("CapPrm");
}

static void what_is_dropped_is_gone(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_all), 0);
}

static int take_back(void)
{
	struct caps c = {0};

	if (caps_set(&c) != 0)
		return 1;
	c.permitted = CAP_BIT(CAP_CHOWN);
	return caps_set(&c) == -EPERM ? 0 : 2;
}

static void what_is_dropped_does_not_come_back(void **state)
{
	(void)state;
	assert_int_equal(in_child(take_back), 0);
}

static int without_setpcap(void)
{
	struct caps none = {0};
	uint64_t before = status_field("CapBnd");

	if (caps_set(&none) != 0)
		return 1;
	if (caps_bounding_keep(0) != -EPERM)
		return 2;
	return status_field("CapBnd") == before ? 0 : 3;
}

static void the_bounding_set_needs_setpcap(void **state)
{
	(void)state;
	assert_int_equal(in_child(without_setpcap), 0);
}

static int ambient_of_nothing(void)
{
	struct caps none = {0};

	if (caps_set(&none) != 0 || caps_ambient_set(0) != 0)
		return 1;
	return caps_ambient_set(CAP_BIT(CAP_CHOWN)) == -EPERM ? 0 : 2;
}

static void what_is_not_permitted_cannot_be_ambient(void **state)
{
	(void)state;
	assert_int_equal(in_child(ambient_of_nothing), 0);
}

/* Both ends of the numbers: 0 and one above 31, which is in the second word of capset(2). */
static const uint64_t both = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SYSLOG);

static int keep_two(void)
{
	struct caps c;

	if (caps_get(&c) != 0 || (c.permitted & both) != both)
		return 77;
	if (caps_bounding_keep(both) != 0 || status_field("CapBnd") != both)
		return 2;
	c = (struct caps){.effective = CAP_BIT(CAP_SYSLOG), .permitted = both, .inheritable = both};
	if (caps_set(&c) != 0 || status_field("CapPrm") != both ||
	    status_field("CapEff") != CAP_BIT(CAP_SYSLOG))
		return 3;
	if (caps_ambient_set(both) != 0 || status_field("CapAmb") != both)
		return 4;
	if (caps_ambient_set(CAP_BIT(CAP_SYSLOG)) != 0 || status_field("CapAmb") != CAP_BIT(CAP_SYSLOG))
		return 5;
	return 0;
}

static void with_capabilities_each_set_becomes_what_was_asked(void **state)
{
	struct caps c;
	const uint64_t needed = both | CAP_BIT(CAP_SETPCAP);

	(void)state;
	assert_int_equal(caps_get(&c), 0);
	if ((c.effective & needed) != needed)
		skip(); /* an ordinary user cannot look at this; CI runs as root */
	assert_int_equal(in_child(keep_two), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_leads_to_its_number_and_back),
		cmocka_unit_test(names_are_those_of_the_kernel),
		cmocka_unit_test(numbers_beyond_the_table_have_no_name),
		cmocka_unit_test(the_sets_are_those_that_proc_shows),
		cmocka_unit_test(the_last_capability_is_that_of_the_kernel),
		cmocka_unit_test(what_is_dropped_is_gone),
		cmocka_unit_test(what_is_dropped_does_not_come_back),
		cmocka_unit_test(the_bounding_set_needs_setpcap),
		cmocka_unit_test(what_is_not_permitted_cannot_be_ambient),
		cmocka_unit_test(with_capabilities_each_set_becomes_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
