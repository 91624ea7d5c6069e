/*
 * main() of croft-idmap, with everything that it calls played here (-Wl,--wrap): the order of its steps, what
 * is said and logged when one of them fails, and that nothing follows but giving the privilege up.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/helper_exit.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/userdb.h"
#include "helper/idmap/target.h"
#include "helper/idmap/write.h"
#include "helper/shared/grant.h"
#include "helper/shared/privilege.h"
#include "helper/shared/start.h"
#include "policy/caller.h"
#include "policy/decide.h"
#include "policy/load.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { CALLER = 1000, GROUP = 1001, TARGET = 4711 };

int __real_main(int argc, char **argv); /* the program's */
int __wrap_main(void);

static const struct policy_rule line = {.file = "/etc/policy", .line = 3};
static const struct policy_rule ids_line = {.file = "/etc/ids", .line = 5};
static const struct policy_rule enforced_line = {.action = POLICY_ENFORCED, .file = "/etc/x", .line = 9};

static struct {
	char log[300];   /* the steps */
	int calls, fail; /* the fail-th step fails */
	bool drop_fails;
	bool enforced, no_name, denied, was_denied, computed;
	const char *uid_text;
	struct wish wish;
	int fd;
	/* what came of it */
	int priority;
	char logged[2000];
	struct err said;
	int printed;
} k;

/* A step: 0, or what it says when it fails. */
static int step(const char *name, struct err *e)
{
	const size_t n = strlen(k.log);

	snprintf(k.log + n, sizeof(k.log) - n, "%s ", name);
	if (++k.calls != k.fail)
		return 0;
	return err_set(e, EXDEV, "%s: no", name);
}

int __wrap_start_clean(struct err *e);
int __wrap_start_limits(struct err *e);
int __wrap_start_descriptors(const int *keep, size_t n, struct err *e);
int __wrap_privilege_reduce(const struct privilege *w, struct err *e);
int __wrap_privilege_drop(struct err *e);
int __wrap_mem_arena(size_t size, struct arena *ret);
int __wrap_userdb_read(int dirfd, const char *path, uint64_t resolve, struct arena *a, const char **ret_text,
		       size_t *ret_size, struct err *e);
int __wrap_policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
			      struct err *e);
int __wrap_policy_load(struct arena *a, struct policy *ret, struct err *e);
const struct policy_rule *__wrap_policy_enforced(const struct policy *p);
int __wrap_grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
			struct err *e);
int __wrap_target_check(int fd, uid_t uid, struct target *ret, struct err *e);
int __wrap_write_maps(const struct target *t, const struct grant *g, struct err *e);
int __wrap_log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void __wrap_err_print(const struct err *e, const char *program);
uid_t __wrap_getuid(void);
gid_t __wrap_getgid(void);

int __wrap_start_clean(struct err *e)
{
	return step("clean", e);
}

int __wrap_start_limits(struct err *e)
{
	return step("limits", e);
}

int __wrap_start_descriptors(const int *keep, size_t n, struct err *e)
{
	assert_int_equal(n, 1);
	k.fd = *keep;
	return step("descriptors", e);
}

int __wrap_privilege_reduce(const struct privilege *w, struct err *e)
{
	assert_ptr_equal(w, &idmap_privilege);
	return step("reduce", e);
}

int __wrap_privilege_drop(struct err *e)
{
	step("drop", e);
	return k.drop_fails ? err_status(e, (err_set(e, EPERM, "drop: no"), HELPER_FAILED)) : 0;
}

int __wrap_mem_arena(size_t size, struct arena *ret)
{
	struct err e;

	(void)ret;
	assert_true(size >= POLICY_ARENA + USERDB_BYTES_MAX + GRANT_ARENA + (1 << 20));
	return step("arena", &e) < 0 ? -ENOMEM : 0;
}

int __wrap_userdb_read(int dirfd, const char *path, uint64_t resolve, struct arena *a, const char **ret_text,
		       size_t *ret_size, struct err *e)
{
	(void)a;
	assert_int_equal(dirfd, AT_FDCWD);
	assert_string_equal(path, "/etc/passwd");
	assert_int_equal(resolve, 0);
	*ret_text = "passwd";
	*ret_size = 6;
	return step("passwd", e);
}

int __wrap_policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
			      struct err *e)
{
	(void)a;
	assert_string_equal(passwd, "passwd");
	assert_int_equal(size, 6);
	assert_int_equal(c->uid, CALLER);
	assert_int_equal(c->gid, GROUP);
	c->name = k.no_name ? NULL : "some\nbody";
	return step("caller", e);
}

int __wrap_policy_load(struct arena *a, struct policy *ret, struct err *e)
{
	(void)a;
	memset(ret, 0, sizeof(*ret));
	return step("policy", e);
}

const struct policy_rule *__wrap_policy_enforced(const struct policy *p)
{
	(void)p;
	return k.enforced ? &enforced_line : NULL;
}

int __wrap_grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
			struct err *e)
{
	(void)a;
	assert_string_equal(f->passwd, "passwd");
	assert_int_equal(f->passwd_size, 6);
	assert_int_equal(f->caller->uid, CALLER);
	assert_int_equal(f->last, UINT32_MAX - 1);
	k.wish = *w;
	if (step("grant", e) < 0)
		return err_status(e, HELPER_NO_RANGES);
	memset(ret, 0, sizeof(*ret));
	ret->rule = &line;
	ret->ids_rule = k.computed ? &ids_line : NULL;
	ret->deny_setgroups = k.denied;
	ret->uid.len = snprintf(ret->uid.text, sizeof(ret->uid.text), "%s", k.uid_text);
	ret->gid.len = snprintf(ret->gid.text, sizeof(ret->gid.text), "0 %d 1\n", GROUP);
	return 0;
}

int __wrap_target_check(int fd, uid_t uid, struct target *ret, struct err *e)
{
	assert_int_equal(fd, k.fd);
	assert_int_equal(uid, CALLER);
	if (step("target", e) < 0)
		return -EXDEV;
	*ret = (struct target){.fd = fd, .pid = TARGET, .setgroups_denied = k.was_denied};
	return 0;
}

int __wrap_write_maps(const struct target *t, const struct grant *g, struct err *e)
{
	assert_int_equal(t->pid, TARGET);
	assert_ptr_equal(g->rule, &line);
	return step("write", e) < 0 ? err_status(e, HELPER_FAILED) : 0;
}

int __wrap_log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
{
	va_list ap;

	assert_string_equal(program, "croft-idmap");
	k.priority = (int)prio;
	va_start(ap, fmt);
	vsnprintf(k.logged, sizeof(k.logged), fmt, ap);
	va_end(ap);
	step("log", &(struct err){0});
	return 0;
}

void __wrap_err_print(const struct err *e, const char *program)
{
	assert_string_equal(program, "croft-idmap");
	k.said = *e;
	k.printed++;
}

uid_t __wrap_getuid(void)
{
	return CALLER;
}

gid_t __wrap_getgid(void)
{
	return GROUP;
}

static void fresh(void)
{
	memset(&k, 0, sizeof(k));
	k.uid_text = "0 1000 1\n1 5 6\n";
}

static int start(const char *fd, const char *uid, const char *gid)
{
	char name[] = "croft-idmap", arg[3][100];
	char *argv[] = {name, arg[0], arg[1], arg[2], NULL};

	snprintf(arg[0], sizeof(arg[0]), "%s", fd);
	snprintf(arg[1], sizeof(arg[1]), "%s", uid);
	snprintf(arg[2], sizeof(arg[2]), "%s", gid);
	return __real_main(4, argv);
}

#define STEPS "clean limits descriptors reduce arena passwd caller policy grant target log write drop "

/* ---- in order ---- */

static void the_maps_are_written_in_this_order(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(start("77", "0", "5"), HELPER_DONE);
	assert_string_equal(k.log, STEPS);
	assert_int_equal(k.printed, 0);
	assert_int_equal(k.fd, 77);
	assert_int_equal(k.wish.own_uid, 0);
	assert_int_equal(k.wish.own_gid, 5);
	assert_int_equal(k.priority, LOG_GRANTED);
	assert_string_equal(k.logged,
			    "uid 1000 (some\\nbody) maps process 4711: uid 0 1000 1,1 5 6; gid 0 1001 1; "
			    "setgroups allow; allowed by /etc/policy:3");
}

static void what_is_granted_is_logged(void **state)
{
	char many[2000] = "";

	(void)state;
	fresh();
	k.denied = k.no_name = k.computed = true;
	assert_int_equal(start("77", "-", "-"), HELPER_DONE);
	assert_int_equal(k.wish.own_uid, UINT32_MAX);
	assert_int_equal(k.wish.own_gid, UINT32_MAX);
	assert_string_equal(k.logged,
			    "uid 1000 (no name) maps process 4711: uid 0 1000 1,1 5 6; gid 0 1001 1; "
			    "setgroups deny; allowed by /etc/policy:3; ids of /etc/ids:5");
	fresh();
	k.was_denied = true;
	assert_int_equal(start("77", "-", "-"), HELPER_DONE);
	assert_non_null(strstr(k.logged, "setgroups deny;"));
	fresh(); /* 256 bytes, one more than there is room for */
	for (int i = 0; i < 31; i++)
		strcat(many, "1 22 33\n");
	strcat(many, "1 22 334\n");
	k.uid_text = many;
	assert_int_equal(start("77", "-", "-"), HELPER_DONE);
	assert_non_null(strstr(k.logged, ",1 22...; gid"));
	for (int lines = 30; lines <= 35; lines++) {
		char want[600] = "uid ";

		fresh();
		many[0] = '\0';
		for (int i = 0; i < lines; i++) {
			strcat(many, "1 22 33\n");
			strcat(want, i ? ",1 22 33" : "1 22 33");
		}
		/* 255 bytes of a map, and at the end "..." where there were more */
		if (lines > 32)
			strcpy(want + 4 + 252, "...");
		strcat(want, "; gid");
		k.uid_text = many;
		assert_int_equal(start("77", "-", "-"), HELPER_DONE);
		if (!strstr(k.logged, want))
			fail_msg("%d lines: %s", lines, k.logged);
	}
}

static void behind_what_fails_privilege_is_given_up_and_nothing_else(void **state)
{
	static const char *const name[] = {"clean",  "limits", "descriptors", "reduce", "arena", "passwd",
					   "caller", "policy", "grant",       "target", "log",   "write"};
	static const char steps[] = STEPS;

	(void)state;
	for (size_t i = 0; i < COUNT(name); i++) {
		const int status = !strcmp(name[i], "arena") || !strcmp(name[i], "write") ? HELPER_FAILED
				   : !strcmp(name[i], "grant")                            ? HELPER_NO_RANGES
				   : !strcmp(name[i], "log")                              ? HELPER_DONE
											  : HELPER_REFUSED;
		const size_t upto = (size_t)(strstr(steps, name[i]) - steps) + strlen(name[i]) + 1;
		char want[300], says[100];

		fresh();
		k.fail = (int)i + 1;
		assert_int_equal(start("77", "0", "0"), status);
		if (status == HELPER_DONE)
			continue; /* a map does not wait for the log */
		snprintf(want, sizeof(want), "%.*sdrop log ", (int)upto, steps);
		assert_string_equal(k.log, want);
		snprintf(says, sizeof(says), "%s: no", name[i]);
		assert_string_equal(k.said.msg,
				    strcmp(name[i], "arena") ? says : "get memory: Cannot allocate memory");
		assert_int_equal(k.printed, 1);
		assert_int_equal(k.priority, LOG_REFUSED);
		assert_non_null(strstr(k.logged, "does not get the maps of process "));
		assert_non_null(strstr(k.logged, k.said.msg));
		assert_non_null(strstr(k.logged, "uid 1000 ("));
	}
	fresh(); /* what cannot be given up is no success */
	k.drop_fails = true;
	assert_int_equal(start("77", "0", "0"), HELPER_FAILED);
	assert_string_equal(k.said.msg, "drop: no");
	fresh();
	k.drop_fails = true;
	k.fail = 1;
	assert_int_equal(start("77", "0", "0"), HELPER_FAILED);
	assert_string_equal(k.said.msg, "drop: no");
}

static void beside_a_boundary_there_is_no_other_way(void **state)
{
	(void)state;
	fresh();
	k.enforced = true;
	assert_int_equal(start("77", "0", "0"), HELPER_REFUSED);
	assert_string_equal(k.said.msg,
			    "/etc/x:9 says mode enforced: sandboxes are started by croft-gate alone");
	assert_string_equal(k.said.hint, "croft run --map none");
	assert_int_equal(k.said.code, EPERM);
	assert_string_equal(k.log, "clean limits descriptors reduce arena passwd caller policy drop log ");
}

/* ---- arguments ---- */

static void other_arguments_are_refused_each_with_a_sentence(void **state)
{
	static const struct {
		const char *fd, *uid, *gid, *says;
	} row[] = {
		{"2", "0", "0", "2 is not the number of a descriptor from 3 on"},
		{"", "0", "0", "'' is not the number of a descriptor from 3 on"},
		{"x", "0", "0", "x is not the number of a descriptor from 3 on"},
		{"00000000003", "0", "0", "00000000003 is not the number of a descriptor from 3 on"},
		{"2147483648", "0", "0", "2147483648 is not the number of a descriptor from 3 on"},
		{"3", "x", "0", "x is not a user id or -"},
		{"3", "4294967295", "0", "4294967295 is not a user id or -"},
		{"3", "00000000000", "0", "00000000000 is not a user id or -"},
		{"3", "--", "0", "-- is not a user id or -"},
		{"3", "0", "", "'' is not a group id or -"},
		{"3", "0", "42949672950", "42949672950 is not a group id or -"},
	};
	char name[] = "croft-idmap", three[] = "3";
	char *argv[] = {name, three, three, three, three, NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		fresh();
		assert_int_equal(start(row[i].fd, row[i].uid, row[i].gid), HELPER_USAGE);
		assert_string_equal(k.said.msg, row[i].says);
		assert_string_equal(k.said.hint, "usage: croft-idmap FD OWN-UID OWN-GID; see croft-idmap(8)");
		assert_int_equal(k.said.code, EINVAL);
		assert_string_equal(k.log, "clean limits drop log ");
	}
	for (int argc = 0; argc <= 5; argc++) {
		if (argc == 4)
			continue;
		fresh();
		assert_int_equal(__real_main(argc, argv), HELPER_USAGE);
		assert_string_equal(k.said.msg, "three arguments are needed");
		assert_string_equal(k.log, "clean limits drop log ");
	}
	fresh();
	assert_int_equal(start("3", "4294967294", "4294967294"), HELPER_DONE);
	assert_int_equal(k.wish.own_gid, UINT32_MAX - 1);
	fresh();
	assert_int_equal(start("2147483647", "0", "0"), HELPER_DONE);
	assert_int_equal(k.fd, INT32_MAX);
}

int __wrap_main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_maps_are_written_in_this_order),
		cmocka_unit_test(what_is_granted_is_logged),
		cmocka_unit_test(behind_what_fails_privilege_is_given_up_and_nothing_else),
		cmocka_unit_test(beside_a_boundary_there_is_no_other_way),
		cmocka_unit_test(other_arguments_are_refused_each_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
