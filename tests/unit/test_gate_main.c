/*
 * main() of croft-gate, with everything that it calls played here (-Wl,--wrap): the order of its steps, what
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
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/helper_exit.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/userdb.h"
#include "helper/gate/check.h"
#include "helper/gate/count.h"
#include "helper/gate/launch.h"
#include "helper/gate/request.h"
#include "helper/shared/grant.h"
#include "helper/shared/privilege.h"
#include "helper/shared/start.h"
#include "policy/caller.h"
#include "policy/decide.h"
#include "policy/load.h"
#include "sandbox/kept.h"
#include "sandbox/msg.h"
#include "sandbox/tie.h"
#include "sandbox/userns.h"
#include "vet/vet.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { CALLER = 1000, GROUP = 1001, SOCK = 20, REQUEST = 21 };

int __real_main(int argc, char **argv); /* the program's */
int __wrap_main(void);

static const uint64_t admin = CAP_BIT(CAP_SYS_ADMIN);
static const uint64_t three = CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID);
static const struct policy_rule line = {.file = "/etc/policy", .line = 3};
static const struct policy_rule other_line = {.file = "/etc/other", .line = 4};

static struct {
	char log[1000];  /* the steps */
	int calls, fail; /* the fail-th step fails */
	bool all_fail;   /* and all behind it */
	bool own_socket; /* wrong arguments leave what there is, as request_parse() does */
	struct plan plan;
	uid_t uid, euid;
	uint64_t permitted;
	bool no_name, built_in, drop_fails, owner_is_somebody, caps_fail;
	uint64_t most;
	int log_answer;
	/* what came of it */
	uint64_t reduced, effective, launched;
	struct sandbox_hooks hooks;
	struct userns_ids ids;
	struct id_range owner;
	uint64_t memory;
	int keep[10];
	size_t nkeep;
	char logged[4000];
	struct err said, sent;
} k;

static int step(const char *name, struct err *e)
{
	const size_t n = strlen(k.log);

	snprintf(k.log + n, sizeof(k.log) - n, "%s ", name);
	k.calls++;
	if (!k.fail || (k.all_fail ? k.calls < k.fail : k.calls != k.fail))
		return 0;
	return err_set(e, EXDEV, "%s: no", name);
}

int __wrap_start_clean(struct err *e);
int __wrap_start_std(struct err *e);
int __wrap_start_descriptors(const int *keep, size_t n, struct err *e);
int __wrap_request_parse(int argc, char **argv, int *ret_sock, int *ret_plan, struct err *e);
int __wrap_request_socket(int fd, struct err *e);
int __wrap_request_read(int fd, struct arena *a, struct plan *ret, struct err *e);
int __wrap_tie_to_parent(int sock, struct err *e);
int __wrap_fd_check_std(struct err *e);
int __wrap_kept_check(int fd, struct err *e);
int __wrap_fcntl(int fd, int what, ...);
int __real_fcntl(int fd, int what, ...);
int __wrap_mem_arena(size_t size, struct arena *ret);
int __wrap_privilege_reduce(const struct privilege *w, struct err *e);
int __wrap_privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *e);
int __wrap_privilege_drop(struct err *e);
int __wrap_caps_get(struct caps *ret);
int __wrap_userdb_read(int dirfd, const char *path, uint64_t resolve, struct arena *a, const char **ret_text,
		       size_t *ret_size, struct err *e);
bool __wrap_userdb_id_within(const char *text, size_t size, const struct id_range *range, size_t n,
			     char *name, size_t name_size, uint32_t *ret_id);
int __wrap_policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
			      struct err *e);
int __wrap_policy_load(struct arena *a, struct policy *ret, struct err *e);
uint64_t __wrap_policy_limit(const struct policy *p, const struct policy_caller *c, enum policy_limit which);
int __wrap_sysinfo(struct sysinfo *ret);
int __wrap_check_plan(const struct plan *p, const struct policy_caller *c, uint64_t memory, struct err *e);
int __wrap_vet_words(const struct vet *v, const struct plan *p, enum plan_map *ret_map, struct err *e);
int __wrap_vet_plan(const struct vet *v, const struct plan *p, struct arena *a, struct vetted *ret,
		    struct err *e);
void __wrap_grant_self(const struct wish *w, const struct policy_caller *c, struct grant *ret);
int __wrap_grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
			struct err *e);
int __wrap_count_before(uint64_t most, struct err *e);
int __wrap_launch(const struct plan *p, const struct sandbox_hooks *hooks, uint64_t permitted, int sock,
		  struct err *e);
int __wrap_msg_send(int sock, enum msg_type type, const struct err *e, int fd);
int __wrap_log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void __wrap_err_print(const struct err *e, const char *program);
uid_t __wrap_getuid(void);
uid_t __wrap_geteuid(void);
gid_t __wrap_getgid(void);

int __wrap_start_clean(struct err *e)
{
	return step("clean", e);
}

int __wrap_start_std(struct err *e)
{
	return step("std", e);
}

int __wrap_start_descriptors(const int *keep, size_t n, struct err *e)
{
	assert_true(n <= COUNT(k.keep));
	memcpy(k.keep, keep, n * sizeof(*keep));
	k.nkeep = n;
	return step("descriptors", e);
}

int __wrap_request_parse(int argc, char **argv, int *ret_sock, int *ret_plan, struct err *e)
{
	(void)argv;
	assert_int_equal(argc, 3);
	if (step("parse", e) < 0) {
		if (!k.own_socket)
			*ret_sock = -1;
		return err_status(e, HELPER_USAGE);
	}
	*ret_sock = SOCK;
	*ret_plan = REQUEST;
	return 0;
}

int __wrap_request_socket(int fd, struct err *e)
{
	assert_int_equal(fd, SOCK);
	return step("socket", e);
}

int __wrap_request_read(int fd, struct arena *a, struct plan *ret, struct err *e)
{
	(void)a;
	assert_int_equal(fd, REQUEST);
	*ret = k.plan;
	return step("read", e);
}

int __wrap_tie_to_parent(int sock, struct err *e)
{
	assert_int_equal(sock, SOCK);
	return step("tie", e);
}

int __wrap_fd_check_std(struct err *e)
{
	return step("check-std", e);
}

int __wrap_kept_check(int fd, struct err *e)
{
	char name[20];

	snprintf(name, sizeof(name), "kept-%d", fd);
	return step(name, e);
}

int __wrap_fcntl(int fd, int what, ...)
{
	struct err e;
	va_list ap;
	void *arg;

	va_start(ap, what);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd != SOCK) /* what counts coverage asks, too */
		return __real_fcntl(fd, what, arg);
	assert_int_equal(what, F_SETFD);
	assert_int_equal((uintptr_t)arg, FD_CLOEXEC);
	errno = EXDEV;
	return step("cloexec", &e) < 0 ? -1 : 0;
}

int __wrap_mem_arena(size_t size, struct arena *ret)
{
	static _Alignas(16) char memory[4096];
	struct err e;

	assert_true(size >= POLICY_ARENA + USERDB_BYTES_MAX + GRANT_ARENA + REQUEST_ARENA + (1 << 20));
	memset(memory, 0, sizeof(memory));
	*ret = (struct arena){.base = memory, .size = sizeof(memory)};
	return step("arena", &e) < 0 ? -EXDEV : 0;
}

int __wrap_privilege_reduce(const struct privilege *w, struct err *e)
{
	k.reduced = w->caps;
	assert_string_equal(w->root, "who needs no gate");
	assert_string_equal(w->setcap,
			    w->caps == admin ? "cap_sys_admin+p" : "cap_sys_admin,cap_setuid,cap_setgid+p");
	return step("reduce", e);
}

int __wrap_privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *e)
{
	assert_int_equal(cap_bit, 0);
	k.effective = w->caps;
	return step("needed", e);
}

int __wrap_privilege_drop(struct err *e)
{
	step("drop", e);
	return k.drop_fails ? err_set(e, EPERM, "drop: no") : 0;
}

int __wrap_caps_get(struct caps *ret)
{
	*ret = (struct caps){.permitted = k.permitted};
	return k.caps_fail ? -EINVAL : 0;
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

bool __wrap_userdb_id_within(const char *text, size_t size, const struct id_range *range, size_t n,
			     char *name, size_t name_size, uint32_t *ret_id)
{
	assert_string_equal(text, "passwd");
	assert_int_equal(size, 6);
	assert_int_equal(n, 1);
	k.owner = *range;
	snprintf(name, name_size, "somebody");
	*ret_id = range->start;
	return k.owner_is_somebody;
}

int __wrap_policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
			      struct err *e)
{
	(void)a;
	assert_string_equal(passwd, "passwd");
	assert_int_equal(size, 6);
	assert_int_equal(c->uid, k.uid);
	assert_int_equal(c->gid, GROUP);
	c->name = k.no_name ? NULL : "me";
	return step("caller", e);
}

int __wrap_policy_load(struct arena *a, struct policy *ret, struct err *e)
{
	(void)a;
	*ret = (struct policy){.built_in = k.built_in};
	return step("policy", e);
}

uint64_t __wrap_policy_limit(const struct policy *p, const struct policy_caller *c, enum policy_limit which)
{
	(void)p;
	assert_int_equal(c->uid, k.uid);
	assert_int_equal(which, LIMIT_SANDBOXES);
	return k.most;
}

int __wrap_sysinfo(struct sysinfo *ret)
{
	struct err e;

	ret->totalram = 1000;
	ret->mem_unit = 4096;
	errno = EXDEV;
	return step("memory", &e) < 0 ? -1 : 0;
}

int __wrap_check_plan(const struct plan *p, const struct policy_caller *c, uint64_t memory, struct err *e)
{
	assert_string_equal(p->hostname, "box");
	assert_int_equal(c->uid, k.uid);
	assert_int_equal(memory, 4096000);
	return step("check", e);
}

int __wrap_vet_words(const struct vet *v, const struct plan *p, enum plan_map *ret_map, struct err *e)
{
	(void)ret_map;
	assert_true(v->boundary);
	assert_int_equal(v->caller->uid, k.uid);
	assert_string_equal(p->hostname, "box");
	return step("words", e);
}

int __wrap_vet_plan(const struct vet *v, const struct plan *p, struct arena *a, struct vetted *ret,
		    struct err *e)
{
	assert_true((char *)(ret + p->ops.count + 1) <= a->base + a->used);
	assert_true(v->boundary);
	memset(ret, 0, (p->ops.count + 1) * sizeof(*ret));
	ret[0].path = "/root";
	ret[0].rule = &line;
	for (uint32_t i = 0; i < p->ops.count; i++)
		if (*p->ops.item[i].source) {
			ret[i + 1].path = p->ops.item[i].source;
			ret[i + 1].rule = &other_line;
		}
	return step("objects", e);
}

void __wrap_grant_self(const struct wish *w, const struct policy_caller *c, struct grant *ret)
{
	struct err e;

	assert_int_equal(c->uid, k.uid);
	assert_int_equal(w->own_uid, 11);
	assert_int_equal(w->own_gid, 12);
	memset(ret, 0, sizeof(*ret));
	ret->uid = (struct map){.text = "self", .len = 4};
	ret->gid = (struct map){.text = "self gid", .len = 8};
	ret->deny_setgroups = true;
	step("self", &e);
}

int __wrap_grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
			struct err *e)
{
	(void)a;
	assert_int_equal(f->caller->uid, k.uid);
	assert_int_equal(f->last, USERNS_OWNERS - 1);
	assert_string_equal(f->passwd, "passwd");
	assert_int_equal(f->passwd_size, 6);
	assert_int_equal(w->own_uid, 11);
	assert_int_equal(w->own_gid, 12);
	memset(ret, 0, sizeof(*ret));
	ret->uid = (struct map){.text = "many", .len = 4};
	ret->gid = (struct map){.text = "many gid", .len = 8};
	ret->rule = &other_line;
	return step("grant", e) < 0 ? err_status(e, HELPER_NO_RANGES) : 0;
}

int __wrap_count_before(uint64_t most, struct err *e)
{
	assert_int_equal(most, k.most);
	return step("count", e);
}

int __wrap_launch(const struct plan *p, const struct sandbox_hooks *hooks, uint64_t permitted, int sock,
		  struct err *e)
{
	assert_string_equal(p->hostname, "box");
	assert_int_equal(sock, SOCK);
	k.hooks = *hooks;
	k.ids = *hooks->ids;
	k.launched = permitted;
	return step("launch", e);
}

int __wrap_msg_send(int sock, enum msg_type type, const struct err *e, int fd)
{
	assert_int_equal(sock, SOCK);
	assert_int_equal(type, MSG_ERROR);
	assert_int_equal(fd, -1);
	k.sent = *e;
	return step("send", &(struct err){0});
}

int __wrap_log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
{
	const size_t n = strlen(k.logged);
	va_list ap;

	assert_string_equal(program, "croft-gate");
	snprintf(k.logged + n, sizeof(k.logged) - n, "%d ", (int)prio);
	va_start(ap, fmt);
	vsnprintf(k.logged + strlen(k.logged), sizeof(k.logged) - n - 2, fmt, ap);
	va_end(ap);
	strcat(k.logged, "\n");
	return step("log", &(struct err){0}) < 0 ? -EAGAIN : k.log_answer;
}

void __wrap_err_print(const struct err *e, const char *program)
{
	assert_string_equal(program, "croft-gate");
	k.said = *e;
}

uid_t __wrap_getuid(void)
{
	return k.uid;
}

uid_t __wrap_geteuid(void)
{
	return k.euid;
}

gid_t __wrap_getgid(void)
{
	return GROUP;
}

static const struct plan_op op[] = {
	{.source = "/srv/a", .target = "/a", .flags = OPF_READ_ONLY},
	{.source = "", .target = "/tmp"},
	{.source = "/srv/b", .target = "/b", .flags = OPF_IDMAP},
};
static const uint32_t kept[] = {5, 9, 30};

static void fresh(enum plan_map map)
{
	memset(&k, 0, sizeof(k));
	k.plan = (struct plan){
		.hostname = "box", .root_kind = PLAN_ROOT_HOST, .map = map, .own_uid = 11, .own_gid = 12};
	k.plan.ops.item = op;
	k.plan.ops.count = COUNT(op);
	k.plan.keep_fds.item = kept;
	k.plan.keep_fds.count = COUNT(kept);
	k.uid = k.euid = CALLER;
	k.permitted = map == PLAN_MAP_NONE ? admin : three;
	k.most = UINT64_MAX;
}

static int start(void)
{
	char name[] = "croft-gate";
	char *argv[] = {name, name, name, NULL};

	return __real_main(3, argv);
}

#define FIRST                                                                                                \
	"clean parse std arena reduce socket tie read descriptors check-std kept-5 kept-9 kept-30 cloexec "
#define PLAIN FIRST "needed passwd caller policy memory check words objects log log log launch "
#define MANY  FIRST "passwd caller policy memory check words grant objects log log log log launch "
#define GRANTED                                                                                              \
	"6 uid 1000 (me) starts sandbox box of root host; allowed by /etc/policy:3\n"                        \
	"6 uid 1000 (me): /srv/a is mounted on /a read-only; allowed by /etc/other:4\n"                      \
	"6 uid 1000 (me): /srv/b is mounted on /b with his ids exchanged; allowed by /etc/other:4\n"

/* ---- in order ---- */

static void a_plan_without_ids_is_carried_out_with_one_capability(void **state)
{
	static const int keep[] = {5, 9, SOCK, 30};

	(void)state;
	for (int installed = 0; installed < 3; installed++) {
		fresh(PLAN_MAP_NONE);
		if (installed == 1)
			k.permitted = three;
		if (installed == 2)
			k.euid = 0;
		assert_int_equal(start(), HELPER_DONE);
		assert_string_equal(k.log, PLAIN);
		assert_int_equal(k.reduced, installed ? three : admin);
		assert_int_equal(k.effective, admin);
		assert_int_equal(k.launched, admin);
		assert_int_equal(k.nkeep, COUNT(keep));
		assert_memory_equal(k.keep, keep, sizeof(keep));
		assert_string_equal(k.logged, GRANTED);
		assert_ptr_equal(k.hooks.permit, vet_same);
		assert_ptr_equal(k.hooks.masks, vet_masks);
		assert_string_equal(((const struct vetted *)k.hooks.ctx)->path, "/root");
		assert_null(k.hooks.admit);
	}
	fresh(PLAN_MAP_NONE);
	k.caps_fail = true;
	k.permitted = three;
	assert_int_equal(start(), HELPER_DONE);
	assert_int_equal(k.reduced, admin);
}

static void a_plan_with_ids_needs_three(void **state)
{
	(void)state;
	fresh(PLAN_MAP_SUBORDINATE);
	assert_int_equal(start(), HELPER_DONE);
	assert_string_equal(k.log, MANY);
	assert_int_equal(k.launched, three);
	assert_int_equal(k.owner.start, USERNS_OWNERS + CALLER);
	assert_int_equal(k.owner.count, 1);
	assert_string_equal(k.ids.uid_map, "many");
	assert_int_equal(k.ids.uid_size, 4);
	assert_string_equal(k.ids.gid_map, "many gid");
	assert_int_equal(k.ids.gid_size, 8);
	assert_false(k.ids.deny_setgroups);
	assert_non_null(
		strstr(k.logged, "\n6 uid 1000 (me) gets subordinate ids; allowed by /etc/other:4\n"));
	fresh(PLAN_MAP_SELF);
	assert_int_equal(start(), HELPER_DONE);
	assert_non_null(strstr(k.log, " words self objects log log log launch "));
	assert_string_equal(k.ids.uid_map, "self");
	assert_true(k.ids.deny_setgroups);
	fresh(PLAN_MAP_SELF);
	k.permitted = admin;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(
		k.sent.msg,
		"croft-gate is installed without cap_setuid and cap_setgid, so it makes no user namespace");
	assert_string_equal(k.sent.hint,
			    "--map none; or as root: setcap cap_sys_admin,cap_setuid,cap_setgid+p");
	assert_string_equal(k.log, FIRST "drop log send ");
}

static void the_owner_is_nobody(void **state)
{
	(void)state;
	fresh(PLAN_MAP_SELF);
	k.owner_is_somebody = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg,
			    "uid 3758097384, which would own your sandbox, is somebody in /etc/passwd");
	fresh(PLAN_MAP_SUBORDINATE);
	k.owner_is_somebody = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_null(strstr(k.log, "grant"));
	fresh(PLAN_MAP_SELF);
	k.uid = k.euid = 0x1ffffffe;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg,
			    "your uid is too high for a sandbox with ids: the highest is 536870909");
	fresh(PLAN_MAP_NONE); /* which asks for none */
	k.uid = k.euid = 0x1ffffffe;
	k.owner_is_somebody = true;
	assert_int_equal(start(), HELPER_DONE);
}

static void a_limit_is_counted_before_and_inside(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.most = 7;
	assert_int_equal(start(), HELPER_DONE);
	assert_non_null(strstr(k.log, "log count launch "));
	assert_ptr_equal(k.hooks.admit, count_admit);
	assert_int_equal(k.hooks.most, 7);
}

static void without_a_policy_nothing_is_allowed(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.built_in = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg, "no policy is installed, and without one nothing is allowed");
	assert_non_null(strstr(k.sent.hint, "/croft/policy.conf: croft-policy(5)"));
	assert_int_equal(k.sent.code, EPERM);
	fresh(PLAN_MAP_NONE); /* one that is wrong is not the same */
	k.built_in = true;
	k.fail = 18;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg, "policy: no");
	fresh(PLAN_MAP_NONE); /* a limit does not make a refusal undone */
	k.built_in = true;
	k.most = 7;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_null(strstr(k.log, "count"));
}

/* ---- what is logged ---- */

static void everything_that_is_granted_is_logged(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.no_name = true;
	k.plan.root_kind = PLAN_ROOT_DIR;
	k.plan.root_shared = true;
	k.plan.caps = 5;
	assert_int_equal(start(), HELPER_DONE);
	assert_non_null(strstr(
		k.logged,
		"6 uid 1000 (no name) starts sandbox box of root /root, shared; allowed by /etc/policy:3\n"
		"6 uid 1000 (no name) gets capabilities 0x5 inside\n"));
	fresh(PLAN_MAP_NONE);
	k.plan.root_kind = PLAN_ROOT_DIR;
	k.plan.root_shared = k.plan.ephemeral = k.plan.allow_userns = true;
	assert_int_equal(start(), HELPER_DONE);
	assert_non_null(strstr(k.logged,
			       " of root /root, shared, with an overlay; allowed by /etc/policy:3\n"
			       "6 uid 1000 (me) gets capabilities 0 inside, and user namespaces\n"));
}

static void what_is_not_in_the_log_does_not_start(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.log_answer = -ENOENT; /* there is none */
	assert_int_equal(start(), HELPER_DONE);
	for (int n = 0; n < 5; n++) {
		fresh(PLAN_MAP_SUBORDINATE);
		k.plan.caps = 1;
		k.fail = 23 + n;
		assert_int_equal(start(), HELPER_REFUSED);
		assert_string_equal(k.sent.msg, "write to the system log, without which nothing starts: "
						"Resource temporarily unavailable");
		assert_null(strstr(k.log, "launch"));
	}
}

/* ---- what fails ---- */

static void behind_what_fails_privilege_is_given_up_and_nothing_else(void **state)
{
	static const char *const way[] = {PLAIN, MANY};

	(void)state;
	for (size_t w = 0; w < COUNT(way); w++) {
		const char *at = way[w];

		fresh(PLAN_MAP_SELF); /* the program runs once: of another grant nothing is to be left */
		start();

		for (int i = 1; *at; i++) {
			const int n = (int)strcspn(at, " ");
			char name[20], want[400];
			int status;

			snprintf(name, sizeof(name), "%.*s", n, at);
			at += n + 1;
			if (!strcmp(name, "log"))
				continue;
			fresh(w ? PLAN_MAP_SUBORDINATE : PLAN_MAP_NONE);
			k.fail = i;
			status = start();
			assert_int_equal(status, !strcmp(name, "parse")   ? HELPER_USAGE
						 : !strcmp(name, "grant") ? HELPER_NO_RANGES
									  : HELPER_REFUSED);
			snprintf(want, sizeof(want), "%s%.*sdrop log %s",
				 strcmp(name, "clean") ? "" : "clean parse ",
				 strcmp(name, "clean") ? (int)(at - way[w]) : 0, way[w],
				 strcmp(name, "parse") ? "send " : "");
			assert_string_equal(k.log, want);
			snprintf(want, sizeof(want), "%s: no",
				 name); /* of a call of the kernel's: what was tried */
			if (!strcmp(name, "arena"))
				snprintf(want, sizeof(want), "get memory: Invalid cross-device link");
			if (!strcmp(name, "memory"))
				snprintf(want, sizeof(want),
					 "ask how much memory there is: Invalid cross-device link");
			if (!strcmp(name, "cloexec"))
				snprintf(want, sizeof(want),
					 "the socket of the caller: Invalid cross-device link");
			assert_string_equal(strcmp(name, "parse") ? k.sent.msg : k.said.msg, want);
			assert_int_equal(k.sent.status, 0);
			assert_non_null(strstr(k.logged, "4 uid 1000 ("));
			assert_non_null(strstr(k.logged, want));
		}
	}
}

static void where_croft_does_not_hear_it_standard_error_is_told(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.built_in = true;
	k.fail = 21; /* the message */
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.said.msg, "no policy is installed, and without one nothing is allowed");
	fresh(PLAN_MAP_NONE);
	k.built_in = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.said.msg, "");
	fresh(PLAN_MAP_NONE); /* what cannot be given up is told first of all */
	k.built_in = k.drop_fails = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg, "drop: no");
}

static void the_socket_is_no_descriptor_for_the_command(void **state)
{
	static const uint32_t with_socket[] = {5, SOCK, 30};

	(void)state;
	fresh(PLAN_MAP_NONE);
	k.plan.keep_fds.item = with_socket;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg, "the socket is no descriptor for the command");
	assert_int_equal(k.sent.code, EBADF);
}

static void descriptors_of_the_command_may_all_be_below_the_socket(void **state)
{
	static const uint32_t below[] = {5, 9, 10};
	static const int keep[] = {5, 9, SOCK};

	(void)state;
	fresh(PLAN_MAP_NONE);
	k.plan.keep_fds.item = below;
	k.plan.keep_fds.count = 2;
	assert_int_equal(start(), HELPER_DONE);
	assert_int_equal(k.nkeep, COUNT(keep));
	assert_memory_equal(k.keep, keep, sizeof(keep));
}

static void what_failed_first_is_said(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE); /* the first of all tests: there is no socket yet */
	k.fail = 2;
	k.own_socket = true;
	assert_int_equal(start(), HELPER_USAGE);
	assert_string_equal(k.log, "clean parse drop log ");
	assert_string_equal(k.said.msg, "parse: no");
	fresh(PLAN_MAP_NONE);
	k.fail = 1;
	k.all_fail = true;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.said.msg, "clean: no");
}

static void more_volumes_than_there_is_room_for_are_refused(void **state)
{
	(void)state;
	fresh(PLAN_MAP_NONE);
	k.plan.ops.count = 100000;
	assert_int_equal(start(), HELPER_REFUSED);
	assert_string_equal(k.sent.msg, "too many volumes");
	assert_int_equal(k.sent.code, ENOMEM);
}

int __wrap_main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_first_is_said),
		cmocka_unit_test(a_plan_without_ids_is_carried_out_with_one_capability),
		cmocka_unit_test(a_plan_with_ids_needs_three),
		cmocka_unit_test(the_owner_is_nobody),
		cmocka_unit_test(a_limit_is_counted_before_and_inside),
		cmocka_unit_test(without_a_policy_nothing_is_allowed),
		cmocka_unit_test(everything_that_is_granted_is_logged),
		cmocka_unit_test(what_is_not_in_the_log_does_not_start),
		cmocka_unit_test(behind_what_fails_privilege_is_given_up_and_nothing_else),
		cmocka_unit_test(where_croft_does_not_hear_it_standard_error_is_told),
		cmocka_unit_test(the_socket_is_no_descriptor_for_the_command),
		cmocka_unit_test(descriptors_of_the_command_may_all_be_below_the_socket),
		cmocka_unit_test(more_volumes_than_there_is_room_for_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
