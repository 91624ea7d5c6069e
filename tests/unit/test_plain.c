/* Paths on which no link was met. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "sandbox/plain.h"

static void a_link_is_followed_and_told(void **state)
{
	static const struct {
		const char *path;
		int found, plain;
	} row[] = {{"/d", 1, 1},         {"d", 1, 1},   {"/link", 1, 0},
		   {"/link/../d", 1, 0}, {"/no", 0, 0}, {"/loop", 0, 0}};
	char top[] = "/tmp/croft-plain-XXXXXX";
	int dir;

	(void)state;
	assert_non_null(mkdtemp(top));
	dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(symlinkat("/d", dir, "link"), 0);
	assert_int_equal(symlinkat("loop", dir, "loop"), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bool plain = !row[i].plain;
		fd_auto int fd = plain_open(dir, row[i].path, O_PATH, RESOLVE_IN_ROOT, &plain);

		assert_int_equal(fd >= 0, row[i].found);
		assert_int_equal(plain, row[i].plain);
	}
	unlinkat(dir, "loop", 0);
	unlinkat(dir, "link", 0);
	unlinkat(dir, "d", AT_REMOVEDIR);
	close(dir);
	assert_int_equal(rmdir(top), 0);
}

static void names_that_a_directory_may_take_for_the_place_are_not_apart(void **state)
{
	(void)state;
	assert_true(plain_apart("/mnt/dev", "/dev"));
	assert_true(plain_apart("/de", "/dev"));
	assert_true(plain_apart("/usr", "/sys"));
	assert_false(plain_apart("/dev", "/dev"));
	assert_false(plain_apart("/dev/shm/x", "/dev"));
	assert_false(plain_apart("/DEV/shm/x", "/dev"));
	assert_false(plain_apart("/Dev", "/dev"));
	assert_false(plain_apart("/\305\277ys/x", "/sys")); /* a long s */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_followed_and_told),
		cmocka_unit_test(names_that_a_directory_may_take_for_the_place_are_not_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
