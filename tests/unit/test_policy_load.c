/* Opening the policy: whose files they are and what they are; the names in them; pinned objects. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/mem.h"
#include "policy/caller.h"
#include "policy/load.h"
#include "policy/names.h"
#include "policy/object.h"
#include "policy/rule.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char rule_text[] = "version 1\nallow everyone root host\n";
static char top[64]; /* a directory below directories of root's alone */
static struct arena arena;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void path_of(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s/%s", top, name);
}

static void put_file(const char *name, const void *text, size_t size)
{
	char path[256];
	fd_auto int fd = -1;

	path_of(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, size), 0);
}

static void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

static void put_dir(const char *name)
{
	char path[256];

	path_of(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Root, and no root of a user namespace in which the files of the host's root are nobody's. */
static bool host_root(void)
{
	struct stat st;

	return geteuid() == 0 && stat("/", &st) == 0 && st.st_uid == 0;
}

static int begin(void **state)
{
	(void)state;
	umask(022);
	snprintf(top, sizeof(top), "%s/croft-test-XXXXXX", host_root() ? "/run" : "/tmp");
	if (!mkdtemp(top) || chmod(top, 0755) < 0)
		return -1;
	return mem_arena((size_t)64 << 20, &arena);
}

static int end(void **state)
{
	(void)state;
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int load(struct policy *p, struct err *e)
{
	char dir[128];

	path_of(dir, sizeof(dir), "etc/croft");
	arena.used = 0;
	return policy_load_from(dir, &arena, p, e);
}

/* The good policy that every row begins with. */
static void put_good(void)
{
	put_dir("etc");
	put_dir("etc/croft");
	put_dir("etc/croft/policy.d");
	put_text("etc/croft/policy.conf", rule_text);
	put_text("etc/croft/policy.d/a.conf", rule_text);
}

static void remove_all(void)
{
	char path[128];

	path_of(path, sizeof(path), "etc");
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void need_root(void)
{
	if (!host_root())
		skip();
}

static void a_mode_that_lets_others_write_refuses_everything(void **state)
{
	static const char *const name[] = {"etc", "etc/croft", "etc/croft/policy.conf", "etc/croft/policy.d",
					   "etc/croft/policy.d/a.conf"};
	static const mode_t mode[] = {0666, 0664, 0646, 0777, 0775, 0757, 01777, 0622};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	put_good();
	assert_int_equal(load(&p, &e), 0);
	assert_int_equal(p.nrules, 2);
	assert_false(p.built_in);
	for (size_t i = 0; i < COUNT(name); i++) {
		for (size_t j = 0; j < COUNT(mode); j++) {
			char path[128], said[256];

			path_of(path, sizeof(path), name[i]);
			assert_int_equal(chmod(path, mode[j]), 0);
			assert_int_equal(load(&p, &e), -EPERM);
			snprintf(said, sizeof(said), "%s may be written by others than root (mode %04o)",
				 path, mode[j]);
			assert_string_equal(e.msg, said);
			assert_int_equal(chmod(path, i == 2 || i == 4 ? 0644 : 0755), 0);
		}
		assert_int_equal(load(&p, &e), 0);
	}
	remove_all();
}

static void an_owner_other_than_root_refuses_everything(void **state)
{
	static const char *const name[] = {"etc", "etc/croft", "etc/croft/policy.conf", "etc/croft/policy.d",
					   "etc/croft/policy.d/a.conf"};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	put_good();
	for (size_t i = 0; i < COUNT(name); i++) {
		char path[128];

		path_of(path, sizeof(path), name[i]);
		if (chown(path, 1000, (gid_t)-1) < 0 && errno == EINVAL) {
			remove_all();
			skip(); /* a user namespace with one id */
		}
		assert_int_equal(load(&p, &e), -EPERM);
		assert_non_null(strstr(e.msg, path));
		assert_non_null(strstr(e.msg, "belongs to uid 1000"));
		assert_non_null(strstr(e.hint, "chown root"));
		assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
		assert_int_equal(load(&p, &e), -EPERM);
		assert_non_null(strstr(e.hint, "cannot be verified"));
		assert_int_equal(chown(path, 0, (gid_t)-1), 0);
		assert_int_equal(load(&p, &e), 0);
	}
	remove_all();
}

enum odd { ODD_LINK, ODD_DANGLING, ODD_FIFO, ODD_DIR, ODD_SOCKET, ODD_COUNT };

static void put_odd(enum odd what, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	fd_auto int s = -1;
	char path[128], good[128];

	path_of(path, sizeof(path), name);
	path_of(good, sizeof(good), "good.conf");
	switch (what) {
	case ODD_LINK:
		assert_int_equal(symlink(good, path), 0);
		break;
	case ODD_DANGLING:
		assert_int_equal(symlink("/nonexistent/x", path), 0);
		break;
	case ODD_FIFO:
		assert_int_equal(mkfifo(path, 0644), 0);
		break;
	case ODD_DIR:
		assert_int_equal(mkdir(path, 0755), 0);
		break;
	case ODD_SOCKET:
		s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		strcpy(a.sun_path, path);
		assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
		break;
	case ODD_COUNT:
		break;
	}
}

static void what_is_not_a_regular_file_refuses_everything(void **state)
{
	static const char *const name[] = {"etc/croft/policy.conf", "etc/croft/policy.d/a.conf"};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	put_text("good.conf", rule_text);
	for (size_t i = 0; i < COUNT(name); i++) {
		for (enum odd what = 0; what < ODD_COUNT; what++) {
			char path[128];

			put_good();
			path_of(path, sizeof(path), name[i]);
			assert_int_equal(unlink(path), 0);
			put_odd(what, name[i]);
			if (load(&p, &e) == 0)
				fail_msg("%s, kind %d: accepted", name[i], (int)what);
			assert_non_null(strstr(e.msg, path));
			assert_non_null(strstr(e.msg, what == ODD_LINK || what == ODD_DANGLING
							      ? "not read through links"
						      : what == ODD_SOCKET ? "open "
									   : "is not a regular file"));
			remove_all();
		}
	}
}

static void a_link_or_a_file_in_place_of_a_directory_refuses_everything(void **state)
{
	static const char *const name[] = {"etc/croft/policy.d", "etc/croft", "etc"};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	for (size_t i = 0; i < COUNT(name); i++) {
		char path[128], moved[128];

		put_good();
		path_of(path, sizeof(path), name[i]);
		path_of(moved, sizeof(moved), "moved");
		assert_int_equal(rename(path, moved), 0);
		assert_int_equal(symlink(moved, path), 0);
		assert_true(load(&p, &e) < 0);
		assert_non_null(strstr(e.msg, path));
		assert_non_null(strstr(e.msg, "not read through links"));
		assert_int_equal(unlink(path), 0);
		put_text(name[i], "");
		assert_true(load(&p, &e) < 0);
		assert_non_null(strstr(e.msg, path));
		assert_non_null(strstr(e.msg, "not of the expected type"));
		assert_int_equal(unlink(path), 0);
		nftw(moved, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		remove_all();
	}
}

static void where_nothing_is_installed_the_policy_compiled_in_holds(void **state)
{
	static const char *const dir[] = {"etc", "etc/croft", "etc/croft/policy.d"};
	static const char *const source[] = {"policy/built-in.conf"};
	struct policy p, want;
	struct arena other;
	struct err e;

	(void)state;
	need_root();
	assert_int_equal(mem_arena(POLICY_ARENA, &other), 0);
	assert_int_equal(policy_load_files(source, 1, &other, &want, &e), 0);
	for (size_t i = 0; i <= COUNT(dir); i++) {
		assert_int_equal(load(&p, &e), 0);
		assert_true(p.built_in);
		assert_int_equal(p.nrules, want.nrules);
		for (size_t j = 0; j < p.nrules; j++) {
			char a[POLICY_TEXT_MAX], b[POLICY_TEXT_MAX];

			assert_string_equal(policy_rule_text(&p.rule[j], a, sizeof(a)),
					    policy_rule_text(&want.rule[j], b, sizeof(b)));
			assert_string_equal(p.rule[j].file, "built-in policy");
		}
		if (i < COUNT(dir))
			put_dir(dir[i]);
	}
	remove_all();
}

static void drop_ins_count_alone_and_in_the_order_of_their_bytes(void **state)
{
	static const char *const passed_over[] = {".hidden.conf", "x.conf~", "x.conf.dpkg-old",
						  "README",       ".conf",   "conf"};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	put_dir("etc");
	put_dir("etc/croft");
	put_dir("etc/croft/policy.d");
	put_dir("etc/croft/policy.d/sub");
	put_text("etc/croft/policy.d/b.conf", "version 1\nallow user 2 root host\n");
	put_text("etc/croft/policy.d/10.conf", "version 1\nallow user 1 root host\n");
	put_text("etc/croft/policy.d/Z.conf", "version 1\n\nallow user 3 root host\n");
	/* Many, so that no directory has them in that order by chance. */
	for (char c = 'z'; c >= 'c'; c--) {
		char file[64];

		snprintf(file, sizeof(file), "etc/croft/policy.d/%c.conf", c);
		put_text(file, "version 1\nallow user 4 root host\n");
	}
	for (size_t i = 0; i < COUNT(passed_over); i++) {
		char name[64];

		snprintf(name, sizeof(name), "etc/croft/policy.d/%s", passed_over[i]);
		put_text(name, "nonsense");
	}
	assert_int_equal(load(&p, &e), 0);
	assert_int_equal(p.nrules, 3 + 24);
	for (size_t i = 4; i < p.nrules; i++)
		assert_true(strcmp(p.rule[i - 1].file, p.rule[i].file) < 0);
	assert_int_equal(p.rule[0].id, 1);
	assert_int_equal(p.rule[1].id, 3);
	assert_int_equal(p.rule[1].line, 3);
	assert_int_equal(p.rule[2].id, 2);
	assert_non_null(strstr(p.rule[2].file, "/etc/croft/policy.d/b.conf"));
	put_text("etc/croft/policy.conf", rule_text);
	assert_int_equal(load(&p, &e), 0);
	assert_int_equal(p.nrules, 4 + 24);
	remove_all();
}

static void a_mistake_in_any_file_refuses_everything(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} row[] = {
		{"etc/croft/policy.conf", "", "policy.conf:1:1: expected 'version 1'"},
		{"etc/croft/policy.d/a.conf", "", "policy.d/a.conf:1:1: expected 'version 1'"},
		{"etc/croft/policy.d/z.conf", "version 1\nfoo\n", "policy.d/z.conf:2:1: expected allow"},
		{"etc/croft/policy.d/z.conf", "version 1\ndeny group croft-no-such-group root host\n",
		 "policy.d/z.conf:2:12: no group 'croft-no-such-group' in /etc/group"},
		{"etc/croft/policy.d/z.conf", "version 1\ndeny user croft-no-such-user root host\n",
		 "policy.d/z.conf:2:11: no user 'croft-no-such-user' in /etc/passwd"},
	};
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	for (size_t i = 0; i < COUNT(row); i++) {
		put_good();
		put_text(row[i].name, row[i].text);
		assert_int_equal(load(&p, &e), -EINVAL);
		assert_non_null(strstr(e.msg, row[i].want));
		remove_all();
	}
}

static void too_many_bytes_or_files_refuse_everything(void **state)
{
	char *big = malloc(POLICY_BYTES_MAX);
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	assert_non_null(big);
	put_good();
	memset(big, '\n', POLICY_BYTES_MAX);
	memcpy(big + POLICY_BYTES_MAX - 10, "version 1\n", 10);
	put_file("etc/croft/policy.conf", big, POLICY_BYTES_MAX - strlen(rule_text));
	put_text("etc/croft/policy.d/a.conf", rule_text);
	assert_int_equal(load(&p, &e), -EINVAL); /* it fits; the version is cut off */
	assert_non_null(strstr(e.msg, "expected"));
	put_file("etc/croft/policy.conf", big, POLICY_BYTES_MAX - strlen(rule_text) + 1);
	assert_int_equal(load(&p, &e), -EFBIG);
	assert_non_null(strstr(e.msg, "policy.d/a.conf: the policy is larger than 4194304 bytes"));
	put_text("etc/croft/policy.conf", rule_text);
	for (int i = 1; i < POLICY_FILES_MAX; i++) {
		char name[64];

		snprintf(name, sizeof(name), "etc/croft/policy.d/b%d.conf", i);
		assert_int_equal(load(&p, &e), 0);
		put_text(name, rule_text);
	}
	assert_int_equal(load(&p, &e), -E2BIG);
	assert_non_null(strstr(e.msg, "more than 256 policy files"));
	remove_all();
	free(big);
}

static void too_many_drop_ins_are_too_many_by_themselves(void **state)
{
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	put_good();
	for (int i = 0; i < POLICY_FILES_MAX; i++) {
		char name[64];

		snprintf(name, sizeof(name), "etc/croft/policy.d/b%d.conf", i);
		put_text(name, rule_text);
	}
	assert_int_equal(load(&p, &e), -E2BIG);
	assert_string_equal(e.msg, "more than 256 policy files");
	remove_all();
}

static void whatever_memory_it_has_it_loads_all_or_says_so(void **state)
{
	char dir[128];
	int r;

	(void)state;
	need_root();
	put_good();
	path_of(dir, sizeof(dir), "etc/croft");
	for (size_t size = 0;; size += 8) {
		struct arena small = {.base = arena.base, .size = size};
		struct policy p;
		struct err e;

		r = policy_load_from(dir, &small, &p, &e);
		if (r == 0) {
			assert_int_equal(p.nrules, 2);
			break;
		}
		assert_int_equal(r, -ENOMEM);
		assert_non_null(strstr(e.msg, "does not fit into the memory set aside"));
		assert_true(size < 65536);
	}
	remove_all();
	for (size_t size = 0; r != 0 || size == 0; size += 8) {
		struct arena small = {.base = arena.base, .size = size};
		struct policy p;
		struct err e;

		r = policy_load_from(dir, &small, &p, &e);
		assert_true(r == 0 ? p.built_in : r == -ENOMEM);
	}
}

static void the_path_of_a_policy_is_not_too_long(void **state)
{
	char dir[8192];
	struct policy p;
	struct err e;

	(void)state;
	need_root();
	for (size_t i = 0; i < sizeof(dir) - 1; i += 2)
		memcpy(dir + i, "/.", 2);
	memcpy(dir, top, strlen(top));
	dir[sizeof(dir) - 1] = '\0';
	arena.used = 0;
	assert_int_equal(policy_load_from(dir, &arena, &p, &e), -ENAMETOOLONG);
}

static void files_that_are_named_are_there(void **state)
{
	char good[128], none[128];
	const char *file[] = {good, none};
	struct policy p;
	struct err e;

	(void)state;
	put_text("good.conf", rule_text);
	path_of(good, sizeof(good), "good.conf");
	path_of(none, sizeof(none), "none.conf");
	arena.used = 0;
	assert_int_equal(policy_load_files(file, 1, &arena, &p, &e), 0);
	assert_int_equal(policy_load_files(file, 2, &arena, &p, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "none.conf: No such file or directory"));
	assert_int_equal(policy_load_files(file + 1, 1, &arena, &p, &e), -ENOENT);
}

static void a_user_namespace_that_does_not_map_root_cannot_verify_the_policy(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct policy p;
		struct err e;

		/* Without a map every id shows as the overflow id. */
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		_exit(policy_load(&arena, &p, &e) == -EPERM && strstr(e.msg, "/ belongs to uid 65534") &&
				      strstr(e.hint, "cannot be verified")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- names ---- */

static void the_first_well_formed_line_of_a_name_counts(void **state)
{
	static const char passwd[] =
		"root:x:0:0:root:/root:/bin/sh\nalice:x\nalice:x:1000:1000::/home/alice:/bin/sh\n"
		"alice:x:1:1::/:/bin/sh\n\nwide:x:4294967295:1::/:/bin/sh\n:x:5:5::/:\nlast:x:7:7::/:";
	static const char group[] = "root:x:0:\nresearch:x:300:alice,bob\nalice:x:9:\n";
	static const struct {
		enum policy_who who;
		const char *name;
		int want;
		uint32_t id;
	} row[] = {
		{WHO_USER, "root", 0, 0},        {WHO_USER, "alice", 0, 1000},
		{WHO_USER, "last", 0, 7},        {WHO_USER, "wide", -ENOENT, 0},
		{WHO_USER, "", -ENOENT, 0},      {WHO_USER, "research", -ENOENT, 0},
		{WHO_USER, "ALICE", -ENOENT, 0}, {WHO_USER, "alice:x", -ENOENT, 0},
		{WHO_GROUP, "research", 0, 300}, {WHO_GROUP, "alice", 0, 9},
		{WHO_GROUP, "bob", -ENOENT, 0},  {WHO_GROUP, "last", -ENOENT, 0},
	};
	struct policy_resolver r;
	struct names n;
	char p[128], g[128], *memory = NULL;
	struct err e;

	(void)state;
	put_text("passwd", passwd);
	put_text("group", group);
	path_of(p, sizeof(p), "passwd");
	path_of(g, sizeof(g), "group");
	names_init(&n, p, g);
	r = names_resolver(&n);
	for (size_t i = 0; i < COUNT(row); i++) {
		const uint32_t untouched = 77, want = row[i].want == 0 ? row[i].id : untouched;
		uint32_t id = untouched;

		if (r.find(r.ctx, row[i].who, row[i].name, &id, &e) != row[i].want || id != want)
			fail_msg("%s: %u", row[i].name, id);
		if (i == 0)
			memory = n.memory.base;
	}
	assert_ptr_equal(n.memory.base, memory); /* both files lie in it */
	names_close(&n);
	assert_null(n.memory.base);
	assert_null(n.user.text);
	assert_null(n.group.text);
	assert_string_equal(n.user.path, p);
	assert_true(msync(memory, 4096, MS_ASYNC) < 0 && errno == ENOMEM); /* it is given back */
}

static void ten_thousand_names_are_found_in_a_large_file(void **state)
{
	enum { USERS = 20000 };
	char *text = malloc(USERS * 64), *at = text, p[128];
	struct policy_resolver r;
	struct names n;
	struct err e;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < USERS; i++)
		at += sprintf(at, "user%d:x:%d:%d::/home/user%d:/bin/sh\n", i, i + 1000, i + 1000, i);
	put_file("passwd", text, (size_t)(at - text));
	path_of(p, sizeof(p), "passwd");
	names_init(&n, p, "/nonexistent");
	r = names_resolver(&n);
	for (int i = 0; i < USERS; i += 2) {
		uint32_t id = 0;
		char name[32];

		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(r.find(r.ctx, WHO_USER, name, &id, &e), 0);
		assert_int_equal(id, i + 1000);
	}
	names_close(&n);
	free(text);
}

static void a_user_database_that_cannot_be_read_is_no_missing_name(void **state)
{
	struct policy_resolver r;
	struct names n;
	struct err e;
	uint32_t id;
	int got;

	(void)state;
	names_init(&n, "/nonexistent/passwd", "/dev/null");
	r = names_resolver(&n);
	got = r.find(r.ctx, WHO_USER, "root", &id, &e);
	assert_true(got < 0 && got != -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/passwd"));
	got = r.find(r.ctx, WHO_GROUP, "root", &id, &e);
	assert_true(got < 0 && got != -ENOENT);
	assert_non_null(strstr(e.msg, "not a regular file"));
	names_close(&n);
}

/* ---- the caller ---- */

static void in_a_child(int (*fn)(const char *path), const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_caller_is_who_the_kernel_and_passwd_say(void **state)
{
	static const char passwd[] = "root:x:0:0::/:\nalice:x:1000:1000::/home/alice:/bin/sh\n";
	struct policy_caller c = {.uid = 1000};
	gid_t groups[1024];
	struct err e;
	int n = getgroups(COUNT(groups), groups);

	(void)state;
	assert_true(n >= 0);
	arena.used = 0;
	assert_int_equal(policy_caller_read(&arena, passwd, sizeof(passwd) - 1, &c, &e), 0);
	assert_string_equal(c.name, "alice");
	assert_string_equal(c.home, "/home/alice");
	assert_int_equal(c.ngroups, n);
	assert_memory_equal(c.groups, groups, (size_t)n * sizeof(*groups));
	c = (struct policy_caller){.uid = 1001, .home = "as it was"};
	assert_int_equal(policy_caller_read(&arena, passwd, sizeof(passwd) - 1, &c, &e), 0);
	assert_null(c.name);
	assert_string_equal(c.home, "as it was");
	assert_int_equal(c.ngroups, n);
}

static void a_caller_who_does_not_fit_is_refused(void **state)
{
	static const char passwd[] = "alice:x:1000:1000::/home/alice:/bin/sh\n";
	const size_t groups = ((size_t)getgroups(0, NULL) + 1) * sizeof(gid_t);
	struct arena none = {.size = 0}, small = arena;
	struct policy_caller c = {.uid = 1000};
	struct err e;

	(void)state;
	assert_int_equal(policy_caller_read(&none, passwd, sizeof(passwd) - 1, &c, &e), -ENOMEM);
	assert_string_equal(e.msg, "read the groups of the caller");
	small.used = 0;
	small.size = (groups + 15) / 16 * 16;
	assert_int_equal(policy_caller_read(&small, passwd, sizeof(passwd) - 1, &c, &e), -ENOMEM);
	assert_non_null(strstr(e.msg, "/etc/passwd: "));
}

static int try_groups(const char *path)
{
	static const gid_t some[] = {5, 6, 7};
	struct policy_caller c = {.uid = 1000};
	struct err e;

	(void)path;
	for (size_t n = 0; n <= COUNT(some); n++) {
		arena.used = 0;
		if (setgroups(n, some) < 0)
			return 77;
		if (policy_caller_read(&arena, "", 0, &c, &e) != 0 || c.ngroups != n ||
		    memcmp(c.groups, some, n * sizeof(*some)) != 0)
			return 1;
	}
	return 0;
}

static void each_group_of_the_caller_is_known(void **state)
{
	(void)state;
	need_root();
	in_a_child(try_groups, NULL);
}

/* ---- objects ---- */

static int describe(const char *path, int flags, struct policy_request *r, char found[4096], struct err *e)
{
	fd_auto int fd = open(path, O_PATH | O_CLOEXEC | flags);

	assert_true(fd >= 0);
	*r = (struct policy_request){.kind = POLICY_VOLUME, .rights = RIGHT_WRITE, .submounts = true};
	return policy_object(fd, found, 4096, r, e);
}

static void an_object_is_described_by_what_was_opened(void **state)
{
	char path[128], link[128], found[4096];
	struct policy_request r;
	struct err e;

	(void)state;
	put_dir("dir");
	put_text("dir/file", "");
	put_odd(ODD_FIFO, "dir/fifo");
	put_odd(ODD_SOCKET, "dir/socket");
	path_of(path, sizeof(path), "dir");
	path_of(link, sizeof(link), "link");
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(describe(link, 0, &r, found, &e), 0);
	assert_string_equal(r.value, path);
	assert_int_equal(r.object, OBJECT_DIRECTORY);
	assert_int_equal(r.owner, geteuid());
	assert_null(r.kernel_fs);
	assert_true(r.submounts && r.rights == RIGHT_WRITE && r.kind == POLICY_VOLUME);
	assert_int_equal(describe(link, O_NOFOLLOW, &r, found, &e), -ELOOP);
	path_of(path, sizeof(path), "dir/file");
	assert_int_equal(describe(path, 0, &r, found, &e), 0);
	assert_int_equal(r.object, OBJECT_FILE);
	path_of(path, sizeof(path), "dir/fifo");
	assert_int_equal(describe(path, 0, &r, found, &e), 0);
	assert_int_equal(r.object, OBJECT_SOCKET);
	path_of(path, sizeof(path), "dir/socket");
	assert_int_equal(describe(path, 0, &r, found, &e), 0);
	assert_int_equal(r.object, OBJECT_SOCKET);
}

static void kernel_file_systems_and_devices_are_told(void **state)
{
	char found[4096];
	struct policy_request r;
	struct err e;

	(void)state;
	assert_int_equal(describe("/proc/self", 0, &r, found, &e), 0);
	assert_string_equal(r.kernel_fs, "proc");
	assert_int_equal(describe("/sys", 0, &r, found, &e), 0);
	assert_non_null(r.kernel_fs);
	assert_int_equal(describe("/dev/null", 0, &r, found, &e), 0);
	assert_int_equal(r.object, OBJECT_DEVICE);
}

/* In a child, in a mount namespace of its own. 0: told apart as it should be. */
static int try_dev(const char *path)
{
	static const char *const type[] = {"tmpfs", "ramfs"};
	struct policy_request r = {.kind = POLICY_VOLUME};
	char found[4096];
	struct err e;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	for (size_t i = 0; i < COUNT(type); i++) {
		/* a user namespace has no ramfs */
		if (mount("x", "/dev", type[i], 0, NULL) < 0 || mount("x", path, type[i], 0, NULL) < 0)
			return i == 0 ? 77 : 0;
		if (describe("/dev", 0, &r, found, &e) != 0 || !r.kernel_fs ||
		    strcmp(r.kernel_fs, "devtmpfs") != 0)
			return 1;
		if (describe(path, 0, &r, found, &e) != 0 || r.kernel_fs)
			return 2;
	}
	return 0;
}

/* The same; what is opened lies below a mount. */
static int try_hidden(const char *path)
{
	struct policy_request r = {.kind = POLICY_VOLUME};
	char found[4096], below[256];
	struct err e;
	int fd;

	snprintf(below, sizeof(below), "%s/below", path);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir(below, 0755) < 0)
		return 77;
	fd = open(below, O_PATH | O_CLOEXEC);
	if (fd < 0 || mount("x", path, "tmpfs", 0, NULL) < 0)
		return 77;
	return policy_object(fd, found, sizeof(found), &r, &e) == -ENOENT &&
			       strstr(e.msg, "cannot be opened again")
		       ? 0
		       : 1;
}

/* The same, where / is a tmpfs and nothing is mounted on /dev. */
static int try_plain_dev(const char *path)
{
	struct policy_request r = {.kind = POLICY_VOLUME};
	char found[4096];
	struct err e;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	if (mount("x", path, "tmpfs", 0, NULL) < 0 || chdir(path) < 0 || mkdir("dev", 0755) < 0 ||
	    mkdir("proc", 0755) < 0)
		return 77;
	if (mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(".") < 0)
		return 77;
	return describe("/dev", 0, &r, found, &e) == 0 && !r.kernel_fs ? 0 : 1;
}

static void what_is_mounted_on_dev_is_told_from_other_tmpfs(void **state)
{
	char path[128];

	(void)state;
	need_root();
	put_dir("tmpfs");
	path_of(path, sizeof(path), "tmpfs");
	in_a_child(try_dev, path);
	in_a_child(try_plain_dev, path);
}

static void a_removed_object_is_refused(void **state)
{
	char path[128], found[4096];
	struct policy_request r = {.kind = POLICY_VOLUME};
	fd_auto int fd = -1;
	struct err e;

	(void)state;
	put_dir("gone");
	path_of(path, sizeof(path), "gone");
	fd = open(path, O_PATH | O_CLOEXEC);
	assert_int_equal(policy_object(fd, found, sizeof(found), &r, &e), 0);
	assert_int_equal(rmdir(path), 0);
	assert_true(policy_object(fd, found, sizeof(found), &r, &e) < 0);
	/* A directory of that very name is another one. */
	strcat(path, " (deleted)");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(policy_object(fd, found, sizeof(found), &r, &e) < 0);
	assert_int_equal(describe(path, 0, &r, found, &e), 0);
	assert_string_equal(r.value, path);
}

/* In a child, in a mount namespace of its own. 0: refused as it should be. */
static int try_overmounted(const char *path)
{
	struct policy_request r = {.kind = POLICY_VOLUME};
	char found[4096];
	struct err e;
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || policy_object(fd, found, sizeof(found), &r, &e) < 0)
		return 1;
	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return 77;
	return policy_object(fd, found, sizeof(found), &r, &e) == -ESTALE ? 0 : 2;
}

static void an_object_with_a_mount_over_it_is_refused(void **state)
{
	char path[128];

	(void)state;
	need_root();
	put_dir("over");
	path_of(path, sizeof(path), "over");
	in_a_child(try_overmounted, path);
	in_a_child(try_hidden, path);
}

static void each_kernel_file_system_has_its_name(void **state)
{
	static const char *const type[] = {"proc", "sysfs", "configfs", "devtmpfs", "resctrl"};

	(void)state;
	for (size_t i = 0; i < COUNT(type); i++)
		assert_string_equal(policy_kernel_fs(type[i]), type[i]);
	assert_null(policy_kernel_fs("tmpfs"));
	assert_null(policy_kernel_fs(""));
}

static void what_is_no_descriptor_is_no_object(void **state)
{
	struct policy_request r = {.kind = POLICY_VOLUME};
	char found[4096];
	struct err e;

	(void)state;
	assert_int_equal(policy_object(-1, found, sizeof(found), &r, &e), -EBADF);
	assert_string_equal(e.msg, "look at a descriptor: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mode_that_lets_others_write_refuses_everything),
		cmocka_unit_test(an_owner_other_than_root_refuses_everything),
		cmocka_unit_test(what_is_not_a_regular_file_refuses_everything),
		cmocka_unit_test(a_link_or_a_file_in_place_of_a_directory_refuses_everything),
		cmocka_unit_test(where_nothing_is_installed_the_policy_compiled_in_holds),
		cmocka_unit_test(drop_ins_count_alone_and_in_the_order_of_their_bytes),
		cmocka_unit_test(a_mistake_in_any_file_refuses_everything),
		cmocka_unit_test(too_many_bytes_or_files_refuse_everything),
		cmocka_unit_test(too_many_drop_ins_are_too_many_by_themselves),
		cmocka_unit_test(whatever_memory_it_has_it_loads_all_or_says_so),
		cmocka_unit_test(the_path_of_a_policy_is_not_too_long),
		cmocka_unit_test(files_that_are_named_are_there),
		cmocka_unit_test(a_user_namespace_that_does_not_map_root_cannot_verify_the_policy),
		cmocka_unit_test(the_first_well_formed_line_of_a_name_counts),
		cmocka_unit_test(ten_thousand_names_are_found_in_a_large_file),
		cmocka_unit_test(a_user_database_that_cannot_be_read_is_no_missing_name),
		cmocka_unit_test(an_object_is_described_by_what_was_opened),
		cmocka_unit_test(kernel_file_systems_and_devices_are_told),
		cmocka_unit_test(a_removed_object_is_refused),
		cmocka_unit_test(an_object_with_a_mount_over_it_is_refused),
		cmocka_unit_test(what_is_mounted_on_dev_is_told_from_other_tmpfs),
		cmocka_unit_test(each_kernel_file_system_has_its_name),
		cmocka_unit_test(what_is_no_descriptor_is_no_object),
		cmocka_unit_test(the_caller_is_who_the_kernel_and_passwd_say),
		cmocka_unit_test(a_caller_who_does_not_fit_is_refused),
		cmocka_unit_test(each_group_of_the_caller_is_known),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
