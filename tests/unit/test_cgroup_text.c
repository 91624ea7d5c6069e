/* What the kernel says of cgroups, and what is written for the limits of a plan. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/cgroup_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CPU      CGROUP_BIT(CGROUP_CPU)
#define IO       CGROUP_BIT(CGROUP_IO)
#define MEMORY   CGROUP_BIT(CGROUP_MEMORY)
#define PIDS     CGROUP_BIT(CGROUP_PIDS)

static void controllers_are_whole_words(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
	} row[] = {
		{"", 0},
		{"\n", 0},
		{"cpuset cpu io memory hugetlb pids rdma misc\n", CPU | IO | MEMORY | PIDS},
		{"cpu", CPU},
		{"pids\n", PIDS},
		{"cpuset hugetlb\n", 0},
		{"memoryx xmemory mem ory\n", 0},
		{"memory  pids", MEMORY | PIDS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		if (cgroup_controllers(row[i].text) != row[i].bits)
			fail_msg("%s: %x", row[i].text, cgroup_controllers(row[i].text));
}

static void a_list_of_controllers_reads_back(void **state)
{
	char text[CGROUP_LIST_MAX];

	(void)state;
	for (unsigned bits = 0; bits < 1U << CGROUP_CONTROLLERS; bits++)
		assert_int_equal(cgroup_controllers(cgroup_list(bits, "", text)), bits);
	assert_string_equal(cgroup_list(~0U, "+", text), "+cpu +io +memory +pids");
	assert_string_equal(cgroup_list(0, "-", text), "");
}

static const char hybrid[] = "9:name=systemd:/\n8:pids:/\n7:blkio:/x\n4:memory:/a/memory:pids\n3:cpuset:/\n"
			     "2:cpu,cpuacct:/\n0::/user.slice/a:b\n";

static void the_own_cgroup_is_that_of_version_2(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(cgroup_own(hybrid, path, sizeof(path)), 0);
	assert_string_equal(path, "/user.slice/a:b");
	assert_int_equal(cgroup_own("0::/\n", path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	assert_int_equal(cgroup_own("8:pids:/0::/x\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(cgroup_own("", path, sizeof(path)), -ENOENT);
	assert_string_equal(path, "/");
}

static void a_path_that_does_not_fit_is_an_error(void **state)
{
	char path[6] = "keep";

	(void)state;
	assert_int_equal(cgroup_own("0::/1234\n", path, sizeof(path)), 0);
	assert_string_equal(path, "/1234");
	assert_int_equal(cgroup_own("0::/12345\n", path, sizeof(path)), -ENAMETOOLONG);
	assert_int_equal(cgroup_dir("/a", "/", "/234", path, sizeof(path)), -ENAMETOOLONG);
}

static void version_1_has_what_its_lines_name(void **state)
{
	(void)state;
	assert_int_equal(cgroup_v1(hybrid), CPU | IO | MEMORY | PIDS);
	assert_int_equal(cgroup_v1("0::/memory\n"), 0);
	assert_int_equal(cgroup_v1("1:name=memory:/pids\n0::/\n"), 0);
	assert_int_equal(cgroup_v1("5:cpuacct,cpu:/\n0::/"), CPU);
	assert_int_equal(cgroup_v1("nonsense"), 0);
}

static void the_mount_of_version_2_is_found(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *at, *root;
	} row[] = {
		{"30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", 0, "/sys/fs/cgroup",
		 "/"},
		{"30 22 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n37 30 0:34 / /sys/fs/cgroup/pids rw - "
		 "cgroup cgroup "
		 "rw,pids\n40 30 0:37 / /sys/fs/cgroup/unified rw shared:9 master:2 - cgroup2 none rw\n",
		 0, "/sys/fs/cgroup/unified", "/"},
		{"30 22 0:27 /a\\040b /x\\134y\\011 rw - cgroup2 cgroup2 rw\n", 0, "/x\\y\t", "/a b"},
		{"1 1 0:1 / /first rw - cgroup2 a rw\n2 1 0:1 /.. /second rw - cgroup2 a rw\n", 0, "/second",
		 "/.."},
		{"30 22 0:27 / /cgroup2 rw - tmpfs cgroup2 rw\n", -ENOENT, NULL, NULL},
		{"30 22 0:27 / /a rw - cgroup cgroup rw\n31 1 0:2 / /b rw - proc cgroup2 rw\n", -ENOENT, NULL,
		 NULL},
		{"30 22 0:27 / /a rw - cgroup2x cgroup rw\n", -ENOENT, NULL, NULL},
		{"", -ENOENT, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char at[64] = "", root[64] = "";
		int r = cgroup_mounted(row[i].text, at, root, sizeof(at));

		if (r != row[i].r ||
		    (r == 0 && (strcmp(at, row[i].at) != 0 || strcmp(root, row[i].root) != 0)))
			fail_msg("row %zu: %d %s %s", i, r, at, root);
	}
}

static void the_directory_of_a_cgroup_lies_below_the_mount(void **state)
{
	char dir[64];

	(void)state;
	assert_int_equal(cgroup_dir("/sys/fs/cgroup", "/", "/", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup");
	assert_int_equal(cgroup_dir("/sys/fs/cgroup", "/", "/a/b", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup/a/b");
	assert_int_equal(cgroup_dir("/m", "/a", "/a/b", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/m/b");
	assert_int_equal(cgroup_dir("/m", "/a", "/a", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/m");
	assert_int_equal(cgroup_dir("/m", "/a", "/ab", dir, sizeof(dir)), -EXDEV);
	assert_int_equal(cgroup_dir("/m", "/..", "/a", dir, sizeof(dir)), -EXDEV);
}

static void events_are_read_by_their_whole_name(void **state)
{
	static const char text[] = "low 0\nhigh 7\nmax 12\noom 3\noom_kill 2\noom_group_kill 9\nbad x\n";

	(void)state;
	assert_int_equal(cgroup_event(text, "oom_kill"), 2);
	assert_int_equal(cgroup_event(text, "oom"), 3);
	assert_int_equal(cgroup_event(text, "max"), 12);
	assert_int_equal(cgroup_event(text, "kill"), 0);
	assert_int_equal(cgroup_event(text, "bad"), 0);
	assert_int_equal(cgroup_event("", "max"), 0);
	assert_int_equal(cgroup_event("max 18446744073709551615", "max") == UINT64_MAX, 1);
	assert_int_equal(cgroup_event("max 18446744073709551616", "max"), 0);
}

static void what_lies_below_the_user_manager_is_known(void **state)
{
	static const char *const yes[] = {"/user.slice/user-1.slice/user@1.service",
					  "/user@1.service/app.slice/x.scope", "/a/user@12.service/b"};
	static const char *const no[] = {"/", "/user.slice/user-1.slice/session-3.scope", "/a/user@.x/b",
					 "/xuser@1.service/a", "/user@1.servicex"};

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		if (!cgroup_is_managers(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		if (cgroup_is_managers(no[i]))
			fail_msg("%s", no[i]);
}

/* --- the limits of a plan ------------------------------------------------------------------------ */

#define NONE .memory_swap_max = UINT64_MAX

static void each_limit_needs_its_controller(void **state)
{
	static const struct {
		struct plan plan;
		unsigned need;
	} row[] = {
		{{NONE}, 0},
		{{NONE, .memory_max = 1}, MEMORY},
		{{.memory_swap_max = 0}, MEMORY},
		{{NONE, .cpu_milli = 1}, CPU},
		{{NONE, .pids_max = 1}, PIDS},
		{{NONE, .io_weight = 1}, IO},
		{{NONE, .timeout_ms = 1, .nice_asked = 1, .oom_asked = 1, .ulimits = {.count = 1}}, 0},
		{{.memory_max = 1, .cpu_milli = 1, .pids_max = 1, .io_weight = 1}, MEMORY | CPU | PIDS | IO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		if (cgroup_needs(&row[i].plan) != row[i].need)
			fail_msg("row %zu: %x", i, cgroup_needs(&row[i].plan));
}

static void each_limit_is_written_into_its_file(void **state)
{
	static const struct plan all = {.memory_max = 64 << 20,
					.memory_swap_max = 0,
					.cpu_milli = 1500,
					.pids_max = 20,
					.io_weight = 10000};
	static const struct plan none = {NONE};
	static const char *const want[CGROUP_SETTINGS_MAX][2] = {{"memory.max", "67108864"},
								 {"memory.swap.max", "0"},
								 {"cpu.max", "150000 100000"},
								 {"pids.max", "20"},
								 {"io.weight", "default 10000"}};
	struct cgroup_setting s[CGROUP_SETTINGS_MAX];

	(void)state;
	assert_int_equal(cgroup_settings(&none, s), 0);
	assert_int_equal(cgroup_settings(&all, s), CGROUP_SETTINGS_MAX);
	for (int i = 0; i < CGROUP_SETTINGS_MAX; i++) {
		assert_string_equal(s[i].file, want[i][0]);
		assert_string_equal(s[i].value, want[i][1]);
	}
	assert_string_equal(s[4].other, "io.bfq.weight");
	assert_string_equal(s[4].other_value, "1000");
	assert_null(s[0].other);
}

/* The kernel takes quotas from 1000 and periods up to 1000000 microseconds; the share is exact. */
static void every_share_of_a_processor_is_one_the_kernel_takes(void **state)
{
	(void)state;
	for (uint64_t milli = 1; milli < 20000; milli++) {
		const struct plan p = {NONE, .cpu_milli = milli};
		struct cgroup_setting s[CGROUP_SETTINGS_MAX];
		unsigned long long quota = 0, period = 0;

		assert_int_equal(cgroup_settings(&p, s), 1);
		assert_int_equal(sscanf(s[0].value, "%llu %llu", &quota, &period), 2);
		assert_true(quota >= 1000 && period <= 1000000);
		assert_true(quota * 1000 == milli * period);
	}
}

static void weights_of_bfq_keep_their_order_and_their_middle(void **state)
{
	unsigned before = 0;

	(void)state;
	for (uint32_t weight = 1; weight <= 10000; weight++) {
		const struct plan p = {NONE, .io_weight = weight};
		struct cgroup_setting s[CGROUP_SETTINGS_MAX];
		unsigned bfq = 0;

		assert_int_equal(cgroup_settings(&p, s), 1);
		assert_int_equal(sscanf(s[0].other_value, "%u", &bfq), 1);
		assert_true(bfq >= before && bfq >= 1 && bfq <= 1000);
		if (weight <= 100)
			assert_int_equal(bfq, weight);
		before = bfq;
	}
	assert_int_equal(before, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controllers_are_whole_words),
		cmocka_unit_test(a_list_of_controllers_reads_back),
		cmocka_unit_test(the_own_cgroup_is_that_of_version_2),
		cmocka_unit_test(a_path_that_does_not_fit_is_an_error),
		cmocka_unit_test(version_1_has_what_its_lines_name),
		cmocka_unit_test(the_mount_of_version_2_is_found),
		cmocka_unit_test(the_directory_of_a_cgroup_lies_below_the_mount),
		cmocka_unit_test(events_are_read_by_their_whole_name),
		cmocka_unit_test(what_lies_below_the_user_manager_is_known),
		cmocka_unit_test(each_limit_needs_its_controller),
		cmocka_unit_test(each_limit_is_written_into_its_file),
		cmocka_unit_test(every_share_of_a_processor_is_one_the_kernel_takes),
		cmocka_unit_test(weights_of_bfq_keep_their_order_and_their_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
