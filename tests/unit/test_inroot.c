/* Opening and making below a hostile root: nothing outside is ever touched. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/rmtree.h"
#include "sandbox/inroot.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char top[] = "/tmp/croft-inroot-XXXXXX"; /* holds the root and what is outside */
static int dir, root;                           /* of top, of top/root */
static struct err e;
static mode_t old_umask;

static void make_file(const char *path)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	memcpy(top + sizeof(top) - 7, "XXXXXX", 6);
	if (!mkdtemp(top))
		return -1;
	old_umask = umask(0); /* so that modes are what was asked for */
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "root", 0755), 0);
	assert_int_equal(mkdirat(dir, "outside", 0755), 0);
	make_file("outside/canary");
	root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

/* A directory of top holds nothing that is not called so. */
static void assert_only(const char *path, const char *one, const char *other)
{
	DIR *d = fdopendir(openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, one) != 0 && strcmp(entry->d_name, other) != 0)
			fail_msg("%s/%s was made, outside of the root", path, entry->d_name);
	closedir(d);
}

/* What is beside the root is as it was: just one file in one directory. */
static void assert_outside_is_untouched(void)
{
	struct stat st = {0};

	assert_only(".", "root", "outside");
	assert_only("outside", "canary", "canary");
	assert_int_equal(fstatat(dir, "outside/canary", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static int tear_down(void **state)
{
	struct err error;

	(void)state;
	assert_outside_is_untouched();
	close(root);
	if (rm_tree(dir, "root", &error) < 0)
		fail_msg("%s", error.msg);
	assert_int_equal(unlinkat(dir, "outside/canary", 0), 0);
	assert_int_equal(unlinkat(dir, "outside", AT_REMOVEDIR), 0);
	close(dir);
	umask(old_umask);
	return rmdir(top);
}

/* Where fd is below the root: "" for the root itself. */
static const char *place(int fd)
{
	static char path[PATH_MAX];
	char prefix[64];
	size_t n = (size_t)snprintf(prefix, sizeof(prefix), "%s/root", top);

	if (fd_path(fd, path, sizeof(path), &e) < 0)
		fail_msg("%s", e.msg);
	if (strncmp(path, prefix, n) != 0 || (path[n] && path[n] != '/'))
		fail_msg("%s lies outside", path);
	return path + n;
}

static void link_to(const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, root, name), 0);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return st.st_mode;
}

/* --- what is made ------------------------------------------------------------------------------ */

static void directories_are_made_with_their_parents(void **state)
{
	fd_auto int fd = inroot_directory(root, "/a/b/c", 0700, &e);
	fd_auto int again = inroot_directory(root, "/a/b/c", 0755, &e);
	fd_auto int relative = inroot_directory(root, "a/d", 0755, &e);

	(void)state;
	assert_string_equal(place(fd), "/a/b/c");
	assert_string_equal(place(again), "/a/b/c");
	assert_string_equal(place(relative), "/a/d");
	assert_int_equal(mode_of("a"), S_IFDIR | 0755);
	assert_int_equal(mode_of("a/b"), S_IFDIR | 0755);
	assert_int_equal(mode_of("a/b/c"), S_IFDIR | 0700);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
}

static void files_are_made_empty_and_kept_when_there(void **state)
{
	fd_auto int fd = inroot_file(root, "/a/f", 0640, &e), again = -1, there = -1, device = -1;
	struct stat st = {0};

	(void)state;
	assert_string_equal(place(fd), "/a/f");
	assert_int_equal(mode_of("a"), S_IFDIR | 0755);
	assert_int_equal(mode_of("a/f"), S_IFREG | 0640);
	make_file("root/full");
	again = inroot_file(root, "/full", 0777, &e);
	assert_true(again >= 0 && fstat(again, &st) == 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	there = inroot_file(root, "/a", 0600, &e);
	assert_string_equal(place(there), "/a");
	assert_int_equal(mkfifoat(root, "fifo", 0600), 0);
	device = inroot_file(root, "/fifo", 0600, &e); /* does not wait for a writer */
	assert_string_equal(place(device), "/fifo");
}

static void the_root_itself_is_a_directory_in_it(void **state)
{
	fd_auto int fd = inroot_directory(root, "/", 0700, &e), above = inroot_open(root, "../..", O_PATH);

	(void)state;
	assert_string_equal(place(fd), "");
	assert_string_equal(place(above), "");
}

/* --- hostile links ------------------------------------------------------------------------------- */

static void every_hostile_link_ends_inside(void **state)
{
	static const struct {
		const char *target;
		const char *ends; /* where "/link/x" is then */
		const char *why;
	} row[] = {
		{"/outside", "/outside/x", "absolute"},
		{"../outside", "/outside/x", "relative"},
		{"../../../../../../outside", "/outside/x", "any number of .."},
		{"/../../outside", "/outside/x", "absolute with .."},
		{"a/../../../b", "/b/x", "through what is missing"},
		{"/", "/x", "the root"},
		{"..", "/x", "above the root"},
		{"./.", "/x", "here"},
		{"one/two/three", "/one/two/three/x", "parents of a dangling one are made"},
		{"/proc/self/root/outside", "/proc/self/root/outside/x",
		 "by way of /proc, which is just a name"},
		{"/proc/self/fd/3/..", "/proc/self/fd/x", "by way of descriptors"},
		{"outside//", "/outside/x", "slashes at the end"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		for (int file = 0; file < 2; file++) {
			fd_auto int fd = -1;

			set_up(NULL);
			link_to(row[i].target, "link");
			fd = file ? inroot_file(root, "/link/x", 0600, &e)
				  : inroot_directory(root, "/link/x", 0700, &e);
			if (fd < 0)
				fail_msg("%s: %s", row[i].why, e.msg);
			if (strcmp(place(fd), row[i].ends) != 0)
				fail_msg("%s: %s", row[i].why, place(fd));
			assert_int_equal(mode_of(row[i].ends + 1), file ? S_IFREG | 0600 : S_IFDIR | 0700);
			tear_down(NULL);
		}
	set_up(NULL);
}

/* The link is the last component: what is made is what it means. */
static void a_dangling_link_at_the_end_is_followed_inside(void **state)
{
	char canary[64];
	fd_auto int absolute = -1, relative = -1, chain = -1, file = -1;

	(void)state;
	snprintf(canary, sizeof(canary), "%s/outside/canary", top);
	link_to(canary, "absolute");
	absolute = inroot_file(root, "/absolute", 0644, &e);
	assert_string_equal(place(absolute), canary);
	assert_int_equal(mode_of(canary + 1), S_IFREG | 0644);
	link_to("../../outside/new", "relative");
	relative = inroot_directory(root, "/relative", 0700, &e);
	assert_string_equal(place(relative), "/outside/new");
	for (char name[] = "1"; name[0] < '9'; name[0]++)
		link_to((char[]){'/', (char)(name[0] + 1), '\0'}, name);
	link_to("end/", "9");
	chain = inroot_directory(root, "/1", 0711, &e);
	assert_string_equal(place(chain), "/end");
	assert_int_equal(mode_of("end"), S_IFDIR | 0711);
	link_to("new-file/", "slash");
	file = inroot_file(root, "/slash", 0600, &e);
	assert_string_equal(place(file), "/new-file");
}

static void what_cannot_be_made_is_an_error_with_its_reason(void **state)
{
	static const struct {
		const char *path;
		bool file;
		int code;
		const char *why;
	} row[] = {
		{"/loop", false, ELOOP, "a link to itself"},
		{"/loop/x", true, ELOOP, "below it"},
		{"/ping", true, ELOOP, "two links to each other"},
		{"/grow", false, ELOOP, "a link that grows"},
		{"/back", false, ELOOP, "a link through what it has made"},
		{"/file/x", false, ENOTDIR, "below a file"},
		{"/file/x", true, ENOTDIR, "below a file"},
		{"/file", false, ENOTDIR, "a file in place of a directory"},
		{"/to-file/x", true, ENOTDIR, "below a link to a file"},
		{"/file/..", false, ENOTDIR, "above a file"},
	};

	(void)state;
	make_file("root/file");
	link_to("loop", "loop");
	link_to("/pong", "ping");
	link_to("ping", "pong");
	link_to("grow/x", "grow");
	link_to("made/../back", "back");
	link_to("file", "to-file");
	for (size_t i = 0; i < COUNT(row); i++) {
		int r = row[i].file ? inroot_file(root, row[i].path, 0600, &e)
				    : inroot_directory(root, row[i].path, 0700, &e);

		if (r != -row[i].code || e.code != row[i].code || !strstr(e.msg, row[i].path))
			fail_msg("%s: %d %s", row[i].why, r, e.msg);
	}
}

static void names_that_are_too_long_are_refused(void **state)
{
	static char path[2 * PATH_MAX], name[NAME_MAX + 8];
	int r;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	assert_int_equal(inroot_directory(root, path, 0700, &e), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	assert_int_equal(inroot_file(root, path, 0700, &e), -ENAMETOOLONG);
	memset(name, 'n', sizeof(name) - 1);
	assert_int_equal(inroot_file(root, name, 0700, &e), -ENAMETOOLONG);
	name[NAME_MAX] = '\0';
	r = inroot_file(root, name, 0700, &e);
	assert_true(r >= 0);
	close(r);
	/* A link whose target does not fit behind its parent. */
	memset(path, 'y', PATH_MAX);
	for (size_t i = 1; i < PATH_MAX; i += 200)
		path[i] = '/';
	path[PATH_MAX - 2] = '\0';
	link_to(path, "long");
	assert_int_equal(inroot_directory(root, "/long/and/more", 0700, &e), -ENAMETOOLONG);
}

/* A real /proc below the root: its links are no way out, and no way in. */
static void magic_links_are_refused(void **state)
{
	static const char *const path[] = {"/proc/self/cwd", "/proc/self/root/tmp", "/proc/self/exe",
					   "/proc/self/fd/0", "/proc/thread-self/root"};
	fd_auto int real = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < COUNT(path); i++) {
		assert_int_equal(inroot_open(real, path[i], O_PATH), -1);
		assert_int_equal(errno, ELOOP);
		assert_int_equal(inroot_directory(real, path[i], 0700, &e), -ELOOP);
		assert_int_equal(inroot_file(real, path[i], 0700, &e), -ELOOP);
	}
}

static void opening_makes_nothing(void **state)
{
	fd_auto int fd = -1;

	(void)state;
	link_to("missing", "link");
	link_to("../outside/canary", "canary");
	assert_int_equal(inroot_open(root, "/link", O_PATH), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(inroot_open(root, "/canary", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(faccessat(root, "missing", F_OK, 0), -1);
	assert_int_equal(mkdirat(root, "outside", 0700), 0);
	make_file("root/outside/canary");
	fd = inroot_open(root, "/canary", O_RDONLY);
	assert_string_equal(place(fd), "/outside/canary");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

/* --- symbolic links ----------------------------------------------------------------------------------- */

static void links_are_made_in_the_root(void **state)
{
	char target[PATH_MAX];

	(void)state;
	link_to("/../outside", "way-out");
	assert_int_equal(mkdirat(root, "outside", 0700), 0);
	assert_int_equal(inroot_symlink(root, "/proc/self/fd", "/fd", &e), 0);
	assert_int_equal(inroot_symlink(root, "/proc/self/fd", "/fd", &e), 0);
	assert_int_equal(readlinkat(root, "fd", target, sizeof(target)), 13);
	assert_memory_equal(target, "/proc/self/fd", 13);
	assert_int_equal(inroot_symlink(root, "any thing", "way-out/link", &e), 0);
	assert_int_equal(mode_of("outside/link") & S_IFMT, S_IFLNK);
}

static void what_stands_there_already_is_not_replaced(void **state)
{
	(void)state;
	link_to("other", "link");
	link_to("longer", "long");
	make_file("root/file");
	assert_int_equal(inroot_symlink(root, "target", "/link", &e), -EEXIST);
	assert_string_equal(e.msg, "make the link /link in the root: something else is there");
	assert_int_equal(inroot_symlink(root, "long", "/long", &e), -EEXIST);
	assert_int_equal(inroot_symlink(root, "target", "/file", &e), -EEXIST);
	assert_int_equal(inroot_symlink(root, "target", "/", &e) < 0, 1);
	assert_int_equal(inroot_symlink(root, "target", "/no/link", &e), -ENOENT);
	assert_string_equal(e.msg, "open /no in the root: No such file or directory");
	assert_int_equal(mode_of("file"), S_IFREG | 0600);
}

/* --- the property: the same as a naive model, on trees made at random ------------------------------------
 */

enum { NODES = 96, ROUNDS = 400, LINKS = 40 };
enum kind { DIRECTORY, REGULAR, LINK };

struct node {
	int parent;
	enum kind kind;
	char name[8];
	char target[32];
};
static struct node node[NODES];
static int nnodes;
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 32) % below;
}

static int child(int parent, const char *name)
{
	for (int i = 1; i < nnodes; i++)
		if (node[i].parent == parent && !strcmp(node[i].name, name))
			return i;
	return -1;
}

static int add(int parent, const char *name, enum kind kind)
{
	assert_true(nnodes < NODES);
	node[nnodes] = (struct node){.parent = parent, .kind = kind};
	snprintf(node[nnodes].name, sizeof(node[nnodes].name), "%s", name);
	return nnodes++;
}

/* Few names, so that paths meet. */
static void any_path(char *path, size_t size)
{
	static const char *const word[] = {"a", "b", "c", "d", "..", "a", "b", ".", "outside"};
	size_t n = (size_t)snprintf(path, size, "%s", rnd(3) ? "" : "/");

	for (uint32_t i = 1 + rnd(4); i; i--)
		n += (size_t)snprintf(path + n, size - n, "%s%s", word[rnd(COUNT(word))], i > 1 ? "/" : "");
}

static void path_of(int i, char *path, size_t size)
{
	char above[PATH_MAX] = "";

	if (i == 0) {
		path[0] = '\0';
		return;
	}
	if (node[i].parent)
		path_of(node[i].parent, above, sizeof(above));
	snprintf(path, size, "%.3000s%s%s", above, above[0] ? "/" : "", node[i].name);
}

static void make_real(int i)
{
	char path[PATH_MAX];
	int r;

	path_of(i, path, sizeof(path));
	if (node[i].kind == DIRECTORY)
		r = mkdirat(root, path, 0755);
	else if (node[i].kind == REGULAR)
		r = mknodat(root, path, S_IFREG | 0644, 0);
	else
		r = symlinkat(node[i].target, root, path);
	if (r < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static void any_tree(void)
{
	static const char *const name[] = {"a", "b", "c", "d", "outside"};

	nnodes = 1;
	node[0] = (struct node){.parent = 0, .kind = DIRECTORY};
	for (uint32_t i = rnd(10); i; i--) {
		int parent = (int)rnd((uint32_t)nnodes), n;
		uint32_t kind = rnd(8);
		const char *word = name[rnd(COUNT(name))];

		if (node[parent].kind != DIRECTORY || child(parent, word) >= 0)
			continue;
		n = add(parent, word, kind < 3 ? DIRECTORY : kind < 4 ? REGULAR : LINK);
		any_path(node[n].target, sizeof(node[n].target));
		make_real(n);
	}
}

/* One step of the model: from the directory at by one name. last: nothing follows. A node, or -errno. */
static int step(int at, const char *name, bool last, bool file)
{
	int next;

	if (node[at].kind != DIRECTORY)
		return -ENOTDIR;
	if (!strcmp(name, "."))
		return at;
	if (!strcmp(name, ".."))
		return node[at].parent;
	next = child(at, name);
	return next >= 0 ? next : add(at, name, last && file ? REGULAR : DIRECTORY);
}

/* What path means, made where it is missing: by hand, a name at a time. A node, or -errno. */
static int model(const char *path, bool file)
{
	char todo[PATH_MAX], rest[PATH_MAX];
	int at = 0, links = 0;

	snprintf(todo, sizeof(todo), "%s", path);
	for (;;) {
		char name[16];
		size_t skip = strspn(todo, "/"), n = strcspn(todo + skip, "/");
		int next;

		if (!todo[skip])
			break;
		snprintf(name, sizeof(name), "%.*s", (int)n, todo + skip);
		snprintf(rest, sizeof(rest), "%s", todo + skip + n);
		next = step(at, name, !rest[strspn(rest, "/")], file);
		if (next < 0)
			return next;
		if (node[next].kind == LINK) {
			if (++links > LINKS)
				return -ELOOP;
			at = node[next].target[0] == '/' ? 0 : at;
			snprintf(todo, sizeof(todo), "%s%.3000s", node[next].target, rest);
			continue;
		}
		at = next;
		memcpy(todo, rest, sizeof(todo));
	}
	return !file && node[at].kind != DIRECTORY ? -ENOTDIR : at;
}

/* Every node of the model is in the real tree, with its kind. */
static void assert_real(const char *path, int round)
{
	for (int i = 1; i < nnodes; i++) {
		static const mode_t type[] = {S_IFDIR, S_IFREG, S_IFLNK};
		char name[PATH_MAX];
		struct stat st;

		path_of(i, name, sizeof(name));
		if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    (st.st_mode & S_IFMT) != type[node[i].kind])
			fail_msg("round %d, %s: %s is not there", round, path, name);
	}
}

/* How many things are below a directory; the descriptor is taken. */
static int count(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	int n = 0;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		n++;
		if (entry->d_type == DT_DIR)
			n += count(openat(dirfd(d), entry->d_name,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	}
	closedir(d);
	return n;
}

static void whatever_the_tree_it_is_as_a_naive_model_says(void **state)
{
	int made = 0, failed = 0;

	(void)state;
	seed = 5;
	for (int round = 0; round < ROUNDS; round++) {
		set_up(NULL);
		any_tree();
		for (int k = 0; k < 4; k++) {
			char path[64], expected[PATH_MAX];
			bool file = rnd(2);
			int want, r;

			any_path(path, sizeof(path));
			want = model(path, file);
			r = file ? inroot_file(root, path, 0644, &e) : inroot_directory(root, path, 0755, &e);
			if ((r < 0 || want < 0) && r != want)
				fail_msg("round %d, %s: %d %s, the model says %d", round, path, r, e.msg,
					 want);
			if (r >= 0) {
				path_of(want, expected, sizeof(expected));
				assert_string_equal(place(r) + (place(r)[0] == '/'), expected);
				fd_close(r);
			}
			made += r >= 0;
			failed += r < 0;
			assert_real(path, round);
			assert_int_equal(count(openat(dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
					 nnodes - 1);
		}
		tear_down(NULL);
	}
	assert_true(made > 500 && failed > 100);
	set_up(NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define OWN(f)  cmocka_unit_test_teardown(f, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(directories_are_made_with_their_parents),
		TEST(files_are_made_empty_and_kept_when_there),
		TEST(the_root_itself_is_a_directory_in_it),
		OWN(every_hostile_link_ends_inside),
		TEST(a_dangling_link_at_the_end_is_followed_inside),
		TEST(what_cannot_be_made_is_an_error_with_its_reason),
		TEST(names_that_are_too_long_are_refused),
		TEST(magic_links_are_refused),
		TEST(opening_makes_nothing),
		TEST(links_are_made_in_the_root),
		TEST(what_stands_there_already_is_not_replaced),
		OWN(whatever_the_tree_it_is_as_a_naive_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
