/*
 * What is mounted below a path, by this process's own table: as root in a mount namespace of its own where
 * there are mounts to make; the rest by what every system has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/object.h"
#include "vet/mounts.h"

static struct err e;

static void the_root_has_kernel_file_systems_below(void **state)
{
	bool any = false;
	const char *kernel = NULL;

	(void)state;
	assert_int_equal(mounts_below("/", &any, &kernel, &e), 0);
	assert_true(any);
	assert_non_null(kernel);
}

/* /proc is mounted there, not below it; and /pro is no directory above it. */
static void by_components_and_strictly_below(void **state)
{
	static const char *const path[] = {"/pro", "/proc/self", "/proc/sys/kernel"};

	(void)state;
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		bool any = false;
		const char *kernel = NULL;

		assert_int_equal(mounts_below(path[i], &any, &kernel, &e), 0);
		assert_false(any);
		assert_null(kernel);
	}
}

static void the_names_of_kernel_file_systems(void **state)
{
	(void)state;
	assert_string_equal(policy_kernel_fs("proc"), "proc");
	assert_string_equal(policy_kernel_fs("cgroup2"), "cgroup2");
	assert_string_equal(policy_kernel_fs("devtmpfs"), "devtmpfs");
	assert_null(policy_kernel_fs("ext4"));
	assert_null(policy_kernel_fs("tmpfs"));
	assert_null(policy_kernel_fs("process"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_has_kernel_file_systems_below),
		cmocka_unit_test(by_components_and_strictly_below),
		cmocka_unit_test(the_names_of_kernel_file_systems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
