/* Names of roots: which are allowed, where they are looked up, what is said when there is none. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mem.h"
#include "frontend/roots.h"

static char home[] = "/tmp/croft-roots-XXXXXX";
static char path[256]; /* of what in_home() made last */
static struct arena arena;

static const char *in_home(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

static int set_up(void **state)
{
	static const char *const dir[] = {".local", ".local/share", ".local/share/croft",
					  ".local/share/croft/roots", ".local/share/croft/roots/web"};

	(void)state;
	if (!mkdtemp(home) || chdir(home) < 0 || mem_arena(1 << 20, &arena) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dir) / sizeof(dir[0]); i++)
		if (mkdir(in_home(dir[i]), 0700) < 0)
			return -1;
	return symlink(home, in_home(".local/share/croft/roots/elsewhere"));
}

static int tear_down(void **state)
{
	static const char *const dir[] = {".local/share/croft/roots/web", ".local/share/croft/roots",
					  ".local/share/croft", ".local/share", ".local"};

	(void)state;
	unlink(in_home(".local/share/croft/roots/elsewhere"));
	for (size_t i = 0; i < sizeof(dir) / sizeof(dir[0]); i++)
		rmdir(in_home(dir[i]));
	return chdir("/") < 0 || rmdir(home) < 0 ? -1 : 0;
}

static int at_home(void **state)
{
	(void)state;
	unsetenv("XDG_DATA_HOME");
	return setenv("HOME", home, 1);
}

static int find(const char *root, enum plan_root *kind, const char **ret, struct err *e)
{
	*e = (struct err){.code = 0};
	return roots_find(root, &arena, kind, ret, e);
}

static void a_path_is_taken_as_it_is(void **state)
{
	static const char *const root[] = {"./x", "/", "a/b", "../..", "host/", "/nonexistent//"};
	enum plan_root kind;
	const char *found;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(root) / sizeof(root[0]); i++) {
		assert_int_equal(find(root[i], &kind, &found, &e), 0);
		assert_int_equal(kind, PLAN_ROOT_DIR);
		assert_string_equal(found, root[i]);
	}
}

static void host_is_built_in(void **state)
{
	enum plan_root kind;
	const char *found;
	struct err e;

	(void)state;
	assert_int_equal(find("host", &kind, &found, &e), 0);
	assert_int_equal(kind, PLAN_ROOT_HOST);
	assert_string_equal(found, "");
}

static enum plan_root kind_of(const void *bytes, size_t size, off_t at)
{
	static const char image[] = "./image";
	int fd = open(image, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum plan_root kind = PLAN_ROOT_COUNT;
	const char *found;
	struct err e;
	int r;

	assert_true(fd >= 0 && ftruncate(fd, 4096) == 0 && pwrite(fd, bytes, size, at) == (ssize_t)size);
	close(fd);
	r = find(image, &kind, &found, &e);
	unlink(image);
	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		assert_non_null(strstr(e.msg, "neither a squashfs nor an erofs image"));
		return PLAN_ROOT_COUNT;
	}
	assert_string_equal(found, image);
	return kind;
}

static void an_image_is_known_by_its_first_bytes(void **state)
{
	(void)state;
	assert_int_equal(chdir(home), 0);
	assert_int_equal(kind_of("hsqs", 4, 0), PLAN_ROOT_SQUASHFS);
	assert_int_equal(kind_of("\xe2\xe1\xf5\xe0", 4, 1024), PLAN_ROOT_EROFS);
	assert_int_equal(kind_of("hsqs", 4, 1024), PLAN_ROOT_COUNT);
	assert_int_equal(kind_of("sqsh", 4, 0), PLAN_ROOT_COUNT);
}

static void a_name_is_found_with_and_without_xdg(void **state)
{
	enum plan_root kind;
	const char *found;
	struct err e;

	(void)state;
	assert_int_equal(find("web", &kind, &found, &e), 0);
	assert_int_equal(kind, PLAN_ROOT_DIR);
	assert_string_equal(found, in_home(".local/share/croft/roots/web"));
	assert_int_equal(find("elsewhere", &kind, &found, &e), 0);

	setenv("XDG_DATA_HOME", "relative", 1); /* to be ignored */
	assert_int_equal(find("web", &kind, &found, &e), 0);
	setenv("XDG_DATA_HOME", in_home(".local/share"), 1);
	setenv("HOME", "/nonexistent", 1);
	assert_int_equal(find("web", &kind, &found, &e), 0);
	setenv("XDG_DATA_HOME", "/nonexistent", 1);
	assert_int_equal(find("web", &kind, &found, &e), -ENOENT);
}

static void a_missing_name_says_what_to_write(void **state)
{
	enum plan_root kind;
	const char *found;
	struct err e;

	(void)state;
	assert_int_equal(find("nosuch", &kind, &found, &e), -ENOENT);
	assert_string_equal(e.msg, "there is no root called nosuch");
	assert_non_null(strstr(e.hint, "croft root list"));
	assert_int_equal(mkdir("here", 0700), 0);
	assert_int_equal(find("here", &kind, &found, &e), -ENOENT);
	assert_int_equal(rmdir("here"), 0);
	assert_non_null(strstr(e.hint, "./here"));
	unsetenv("HOME");
	assert_int_equal(find("nosuch", &kind, &found, &e), -ENOENT);
	assert_string_equal(e.msg, "there is no root called nosuch");
}

static void names_that_cannot_be_are_refused(void **state)
{
	char longest[ROOTS_NAME_MAX + 2];
	static const char *const bad[] = {"", ".", "..", ".x", "-", "-x", "a\nb", "\x7f"};
	enum plan_root kind;
	const char *found;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(find(bad[i], &kind, &found, &e), -EINVAL);
		assert_int_equal(roots_check_name(bad[i], &e), -EINVAL);
	}
	assert_int_equal(roots_check_name("a/b", &e), -EINVAL);
	assert_int_equal(roots_check_name("host", &e), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[ROOTS_NAME_MAX + 1] = '\0';
	assert_int_equal(roots_check_name(longest, &e), -ENAMETOOLONG);
	longest[ROOTS_NAME_MAX] = '\0';
	assert_int_equal(roots_check_name(longest, &e), 0);
	assert_int_equal(roots_check_name("web 1.0-b_c", &e), 0);
	assert_int_equal(roots_check_name("h\xc3\xb6hle", &e), 0);
}

#define AT_HOME(f) cmocka_unit_test_setup(f, at_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_HOME(a_path_is_taken_as_it_is),
		AT_HOME(host_is_built_in),
		AT_HOME(an_image_is_known_by_its_first_bytes),
		AT_HOME(a_name_is_found_with_and_without_xdg),
		AT_HOME(a_missing_name_says_what_to_write),
		AT_HOME(names_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
