/* Removing a tree: all of it, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/rmtree.h"

static char top[] = "/tmp/croft-rmtree-XXXXXX";
static int dir; /* of a fresh folder with the files "keep" and "other/keep" beside what is removed */

static void make_file(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	memcpy(top + sizeof(top) - 7, "XXXXXX", 6);
	if (!mkdtemp(top))
		return -1;
	dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	make_file(dir, "keep");
	assert_int_equal(mkdirat(dir, "other", 0700), 0);
	make_file(dir, "other/keep");
	assert_int_equal(mkdirat(dir, "tree", 0700), 0);
	return 0;
}

/* What is beside the tree is still there. */
static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(dir, "keep", 0), 0);
	assert_int_equal(unlinkat(dir, "other/keep", 0), 0);
	assert_int_equal(unlinkat(dir, "other", AT_REMOVEDIR), 0);
	close(dir);
	return rmdir(top);
}

static void assert_removed(void)
{
	struct stat st;
	struct err e;

	if (rm_tree(dir, "tree", &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(fstatat(dir, "tree", &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, ENOENT);
}

static void files_links_and_directories_go(void **state)
{
	(void)state;
	make_file(dir, "tree/file");
	assert_int_equal(mkfifoat(dir, "tree/fifo", 0600), 0);
	assert_int_equal(mkdirat(dir, "tree/empty", 0700), 0);
	assert_int_equal(mkdirat(dir, "tree/full", 0700), 0);
	make_file(dir, "tree/full/-f");
	make_file(dir, "tree/full/\n");
	assert_removed();
}

static void links_are_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("../other", dir, "tree/relative"), 0);
	assert_int_equal(symlinkat(top, dir, "tree/absolute"), 0);
	assert_int_equal(symlinkat("nowhere", dir, "tree/dangling"), 0);
	assert_int_equal(symlinkat("/proc/self/cwd", dir, "tree/magic"), 0);
	assert_removed();
}

static void a_link_in_place_of_the_tree_goes_alone(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(dir, "tree", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("other", dir, "tree"), 0);
	assert_removed();
}

static void a_tree_that_is_not_there_is_no_error(void **state)
{
	(void)state;
	assert_removed();
	assert_removed();
}

static void directories_without_permission_are_opened_first(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(dir, "tree/a", 0700), 0);
	assert_int_equal(mkdirat(dir, "tree/a/b", 0700), 0);
	make_file(dir, "tree/a/b/f");
	assert_int_equal(fchmodat(dir, "tree/a/b", 0, 0), 0);
	assert_int_equal(fchmodat(dir, "tree/a", 0500, 0), 0);
	assert_int_equal(fchmodat(dir, "tree", 0, 0), 0);
	assert_removed();
}

/* A chain far deeper than descriptors and PATH_MAX go, with a file at each level. */
static void depth_has_no_limit(void **state)
{
	int at = openat(dir, "tree", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rlimit had, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	few = (struct rlimit){.rlim_cur = RM_TREE_FDS + 16, .rlim_max = had.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (unsigned i = 0; i < 600; i++) {
		int next;

		assert_int_equal(mkdirat(at, "directory", 0700), 0);
		make_file(at, "file");
		next = openat(at, "directory", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	close(at);
	assert_removed();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &had), 0);
}

static void wide_directories_go_in_one_call(void **state)
{
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "tree/%u", i);
		make_file(dir, name);
	}
	assert_removed();
}

static void what_is_no_single_name_is_refused(void **state)
{
	static const char *const name[] = {"", ".", "..", "tree/x", "/", "../other"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		assert_int_equal(rm_tree(dir, name[i], &e), -EINVAL);
	assert_removed();
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_links_and_directories_go),
		IN_FOLDER(links_are_not_followed),
		IN_FOLDER(a_link_in_place_of_the_tree_goes_alone),
		IN_FOLDER(a_tree_that_is_not_there_is_no_error),
		IN_FOLDER(directories_without_permission_are_opened_first),
		IN_FOLDER(depth_has_no_limit),
		IN_FOLDER(wide_directories_go_in_one_call),
		IN_FOLDER(what_is_no_single_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
