/* passwd and group files as text, and the reading of them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/userdb.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "# alice:x:1:1::/:/bin/false\n"
			     "+carol:x:5:5::/:/bin/false\n"
			     "\n"
			     "alice:x:99\n"
			     "alice:x:1000:1001:Alice A.,,,:/home/alice:/bin/zsh\n"
			     "alice:x:2000:2000::/other:/bin/sh\n"
			     "also1000:x:1000:7::/:/bin/sh\n"
			     "wide:x:4294967295:1::/:/bin/sh\n"
			     "wrap:x:4294968296:1::/:/bin/sh\n"
			     "hex:x:0x7:1::/:/bin/sh\n"
			     "minus:x:-1:1::/:/bin/sh\n"
			     "eight:x:8:8:::::\n"
			     ":x:1234:1::/:/bin/sh\n"
			     "last:x:77:78::/l:/bin/l";

static char memory[4096];

static struct arena arena(void)
{
	return (struct arena){.base = memory, .size = sizeof(memory)};
}

static void the_first_well_formed_line_counts(void **state)
{
	struct arena a = arena();
	struct userdb_user u;

	(void)state;
	assert_int_equal(userdb_user_by_name(passwd, sizeof(passwd) - 1, "alice", &a, &u), 0);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.name, "alice");
	assert_string_equal(u.home, "/home/alice");
	assert_string_equal(u.shell, "/bin/zsh");
	assert_int_equal(userdb_user_by_uid(passwd, sizeof(passwd) - 1, 1000, &a, &u), 0);
	assert_string_equal(u.name, "alice");
	assert_int_equal(userdb_user_by_name(passwd, sizeof(passwd) - 1, "last", &a, &u), 0);
	assert_string_equal(u.shell, "/bin/l");
}

static void lines_that_are_not_well_formed_are_nobody(void **state)
{
	static const char *const name[] = {"carol", "+carol", "# alice", "wide", "wrap",  "hex",
					   "minus", "eight",  "",        "ali",  "alicex"};
	static const uint32_t uid[] = {1, 5, 7, 8, 99, 1234, UINT32_MAX, UINT32_MAX - 1};
	struct arena a = arena();
	struct userdb_user u = {.uid = 42};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (userdb_user_by_name(passwd, sizeof(passwd) - 1, name[i], &a, &u) != -ENOENT)
			fail_msg("name %s", name[i]);
	for (size_t i = 0; i < sizeof(uid) / sizeof(uid[0]); i++)
		if (userdb_user_by_uid(passwd, sizeof(passwd) - 1, uid[i], &a, &u) != -ENOENT)
			fail_msg("uid %u", uid[i]);
	assert_int_equal(u.uid, 42);
}

static void a_nul_does_not_end_a_line_early(void **state)
{
	static const char text[] = "alice\0:x:7:7::/:/bin/sh\nbob:x:8:8::/ho\0me:/bin/sh\n";
	struct arena a = arena();
	struct userdb_user u;

	(void)state;
	assert_int_equal(userdb_user_by_name(text, sizeof(text) - 1, "alice", &a, &u), -ENOENT);
	assert_int_equal(userdb_user_by_uid(text, sizeof(text) - 1, 8, &a, &u), -ENOENT);
}

static void a_full_arena_is_said(void **state)
{
	struct arena a = {.base = memory, .size = 16};
	struct userdb_user u;

	(void)state;
	assert_int_equal(userdb_user_by_name(passwd, sizeof(passwd) - 1, "alice", &a, &u), -ENOMEM);
}

static void groups_are_found_by_name(void **state)
{
	static const char text[] = "root:x:0:\nbad:x:12\nfive:x:9:a:b\nstaff:x:50:alice,bob\nstaff:x:51:\n";
	uint32_t gid = 42;

	(void)state;
	assert_int_equal(userdb_group_by_name(text, sizeof(text) - 1, "bad", &gid), -ENOENT);
	assert_int_equal(userdb_group_by_name(text, sizeof(text) - 1, "five", &gid), -ENOENT);
	assert_int_equal(gid, 42);
	assert_int_equal(userdb_group_by_name(text, sizeof(text) - 1, "staff", &gid), 0);
	assert_int_equal(gid, 50);
}

static void an_id_in_a_range_is_named_even_on_an_odd_line(void **state)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/bash\nodd:x:100005\nalice:x:1000:100007::/:/\n";
	static const struct id_range r[] = {{100000, 6}, {5000, 10}}, beside[] = {{100006, 10}, {100000, 5}};
	char name[4];
	uint32_t id = 0;

	(void)state;
	assert_true(userdb_id_within(text, sizeof(text) - 1, r, 2, name, sizeof(name), &id));
	assert_string_equal(name, "odd");
	assert_int_equal(id, 100005);
	assert_true(userdb_id_within(text, sizeof(text) - 1, r, 1, name, 3, &id));
	assert_string_equal(name, "od");
	assert_false(userdb_id_within(text, sizeof(text) - 1, beside, 2, name, sizeof(name), &id));
	assert_false(userdb_id_within(text, sizeof(text) - 1, r, 0, name, sizeof(name), &id));
	assert_false(userdb_id_within("", 0, r, 2, name, sizeof(name), &id));
	assert_false(userdb_id_within("a:b\n", 4, r, 2, name, sizeof(name), &id));
}

static char dir[] = "/tmp/croft-test-userdb-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void a_file_is_read_and_other_things_are_refused(void **state)
{
	struct arena a = arena();
	const char *text = NULL;
	size_t size = 0;
	struct err e;
	int d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	(void)state;
	fd = openat(d, "passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, passwd, 32), 32);
	assert_int_equal(userdb_read(d, "passwd", 0, &a, &text, &size, &e), 0);
	assert_int_equal(size, 32);
	assert_memory_equal(text, passwd, 32);
	assert_int_equal(ftruncate(fd, (off_t)USERDB_BYTES_MAX + 1), 0);
	assert_int_equal(userdb_read(d, "passwd", 0, &a, &text, &size, &e), -EFBIG);
	assert_int_equal(ftruncate(fd, sizeof(memory)), 0);
	assert_int_equal(userdb_read(d, "passwd", 0, &a, &text, &size, &e), -ENOMEM);
	assert_int_equal(unlinkat(d, "passwd", 0), 0);
	assert_int_equal(userdb_read(d, "passwd", 0, &a, &text, &size, &e), -ENOENT);
	assert_int_equal(mkfifoat(d, "passwd", 0644), 0);
	assert_int_equal(userdb_read(d, "passwd", 0, &a, &text, &size, &e), -EINVAL);
	assert_int_equal(unlinkat(d, "passwd", 0), 0);
	assert_int_equal(userdb_read(d, ".", 0, &a, &text, &size, &e), -EINVAL);
	assert_int_equal(size, 32);
	close(fd);
	close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_well_formed_line_counts),
		cmocka_unit_test(lines_that_are_not_well_formed_are_nobody),
		cmocka_unit_test(a_nul_does_not_end_a_line_early),
		cmocka_unit_test(a_full_arena_is_said),
		cmocka_unit_test(groups_are_found_by_name),
		cmocka_unit_test(an_id_in_a_range_is_named_even_on_an_odd_line),
		cmocka_unit_test_setup_teardown(a_file_is_read_and_other_things_are_refused, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
