/*
 * croft-gate SOCKET PLAN: makes a sandbox where the policy lets the caller have it, in the host's user
 * namespace. The order of main is the specification: README.md beside this file says it in MUST sentences.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/err.h"
#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/userdb.h"
#include "helper/gate/check.h"
#include "helper/gate/count.h"
#include "helper/gate/launch.h"
#include "helper/gate/request.h"
#include "helper/shared/grant.h"
#include "helper/shared/paths.h"
#include "helper/shared/privilege.h"
#include "helper/shared/start.h"
#include "policy/caller.h"
#include "policy/decide.h"
#include "policy/load.h"
#include "sandbox/kept.h"
#include "sandbox/msg.h"
#include "sandbox/tie.h"
#include "vet/vet.h"

static const char program[] = "croft-gate";

enum {
	ARENA_BYTES = POLICY_ARENA + USERDB_BYTES_MAX + GRANT_ARENA + REQUEST_ARENA + (1 << 20),
};

/* As it is installed: for sandboxes without a user namespace, or for both. */
static const struct privilege plain = {
	.caps = CAP_BIT(CAP_SYS_ADMIN),
	.all = "cap_sys_admin",
	.any = "cap_sys_admin",
	.setcap = "cap_sys_admin+p",
	.root = "who needs no gate",
};
static const struct privilege with_ids = {
	.caps = CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID),
	.all = "cap_sys_admin, cap_setuid and cap_setgid",
	.any = "cap_sys_admin, cap_setuid or cap_setgid",
	.setcap = "cap_sys_admin,cap_setuid,cap_setgid+p",
	.root = "who needs no gate",
};

struct gate {
	struct arena a;
	int sock, request;
	struct plan plan;
	struct policy policy;
	struct policy_caller caller;
	const char *passwd;
	size_t passwd_size;
	const struct privilege *installed;
	uint64_t permitted;
	struct grant grant; /* of a plan with a map */
	struct userns_ids ids;
};

static const char *who(const struct gate *g)
{
	return g->caller.name ? g->caller.name : "no name";
}

static int descriptors(struct gate *g, struct err *e)
{
	int keep[PLAN_FDS_MAX + 1];
	uint32_t n = 0, i = 0;
	int r;

	/* Both lists ascend; the socket goes between. */
	for (; i < g->plan.keep_fds.count && (int)g->plan.keep_fds.item[i] < g->sock; i++)
		keep[n++] = (int)g->plan.keep_fds.item[i];
	keep[n++] = g->sock;
	for (; i < g->plan.keep_fds.count; i++)
		keep[n++] = (int)g->plan.keep_fds.item[i];
	r = start_descriptors(keep, n, e);
	if (r == 0)
		r = fd_check_std(e);
	for (i = 0; i < g->plan.keep_fds.count && r == 0; i++)
		r = (int)g->plan.keep_fds.item[i] == g->sock
			    ? err_set(e, EBADF, "the socket is no descriptor for the command")
			    : kept_check((int)g->plan.keep_fds.item[i], e);
	if (r != 0)
		return r;
	return fcntl(g->sock, F_SETFD, FD_CLOEXEC) < 0 ? err_sys(e, "the socket of the caller") : 0;
}

static int load_policy(struct gate *g, struct err *e)
{
	int r = policy_load(&g->a, &g->policy, e);

	if (r < 0 || !g->policy.built_in)
		return r;
	err_set(e, EPERM, "no policy is installed, and without one nothing is allowed");
	return err_hint(e, "an administrator writes %s/croft/policy.conf: croft-policy(5)", SYSCONFDIR);
}

static int read_caller(struct gate *g, struct err *e)
{
	int r = userdb_read(AT_FDCWD, PASSWD_FILE, 0, &g->a, &g->passwd, &g->passwd_size, e);

	g->caller.uid = getuid();
	g->caller.gid = getgid();
	return r == 0 ? policy_caller_read(&g->a, g->passwd, g->passwd_size, &g->caller, e) : r;
}

static int reduce(struct gate *g, struct err *e)
{
	struct caps c;

	g->installed = &plain;
	if (geteuid() != getuid() || (caps_get(&c) == 0 && c.permitted & ~plain.caps))
		g->installed = &with_ids;
	return privilege_reduce(g->installed, e);
}

/* What is not needed for the plan goes before anything else is done. */
static int keep_needed(struct gate *g, struct err *e)
{
	const bool ids = g->plan.map != PLAN_MAP_NONE;

	if (ids && g->installed == &plain) {
		err_set(e, EPERM, "croft-gate is installed without %s, so it makes no user namespace",
			"cap_setuid and cap_setgid");
		return err_hint(e, "--map none; or as root: setcap %s", with_ids.setcap);
	}
	g->permitted = ids ? with_ids.caps : plain.caps;
	return ids ? 0 : privilege_effective(&plain, 0, e);
}

/* The namespace's owner must be nobody at all. */
static int check_owner(const struct gate *g, struct err *e)
{
	const struct id_range owner = {.start = USERNS_OWNERS + g->caller.uid, .count = 1};
	char name[64];
	uint32_t id;

	if (!userns_has_owner(g->caller.uid))
		return err_set(e, EPERM, "your uid is too high for a sandbox with ids: the highest is %u",
			       ID_NONE - 2 - USERNS_OWNERS);
	if (userdb_id_within(g->passwd, g->passwd_size, &owner, 1, name, sizeof(name), &id))
		return err_set(e, EPERM, "uid %u, which would own your sandbox, is %s in %s", id, QUOTE(name),
			       PASSWD_FILE);
	return 0;
}

static int decide_ids(struct gate *g, struct err *e)
{
	const struct wish w = {.own_uid = g->plan.own_uid, .own_gid = g->plan.own_gid};
	const struct grant_facts f = {.policy = &g->policy,
				      .caller = &g->caller,
				      .passwd = g->passwd,
				      .passwd_size = g->passwd_size,
				      .last = USERNS_OWNERS - 1};
	int r = g->plan.map == PLAN_MAP_NONE ? 0 : check_owner(g, e);

	if (r != 0 || g->plan.map == PLAN_MAP_NONE)
		return r;
	if (g->plan.map == PLAN_MAP_SELF)
		grant_self(&w, &g->caller, &g->grant);
	else
		r = grant_decide(&f, &w, &g->a, &g->grant, e);
	if (r != 0)
		return r;
	g->ids = (struct userns_ids){.uid_map = g->grant.uid.text,
				     .uid_size = (size_t)g->grant.uid.len,
				     .gid_map = g->grant.gid.text,
				     .gid_size = (size_t)g->grant.gid.len,
				     .deny_setgroups = g->grant.deny_setgroups};
	return 0;
}

/* Everything is decided by objects that are open, with no capability effective, before anything is made. */
static int vet(struct gate *g, struct vetted *ret, struct err *e)
{
	const struct vet v = {.policy = &g->policy, .caller = &g->caller, .boundary = true};
	enum plan_map map;
	struct sysinfo si;
	int r;

	if (sysinfo(&si) < 0)
		return err_sys(e, "ask how much memory there is");
	r = check_plan(&g->plan, &g->caller, (uint64_t)si.totalram * si.mem_unit, e);
	if (r == 0)
		r = vet_words(&v, &g->plan, &map, e);
	if (r == 0)
		r = decide_ids(g, e);
	return r == 0 ? vet_plan(&v, &g->plan, &g->a, ret, e) : r;
}

static int decide(struct gate *g, struct vetted **ret, struct err *e)
{
	int r = read_caller(g, e);

	if (r == 0)
		r = load_policy(g, e);
	if (r != 0)
		return r;
	*ret = arena_array(&g->a, (size_t)g->plan.ops.count + 1, sizeof(**ret));
	return *ret ? vet(g, *ret, e) : err_set(e, ENOMEM, "too many volumes");
}

static int log_volumes(const struct gate *g, const struct vetted *vetted)
{
	int r = 0;

	for (uint32_t i = 0; i < g->plan.ops.count && r == 0; i++) {
		const struct vetted *v = &vetted[i + 1];

		if (v->path)
			r = log_auth(LOG_GRANTED, program,
				     "uid %u (%s): %s is mounted on %s%s%s; allowed by %s:%u", g->caller.uid,
				     QUOTE(who(g)), QUOTE(v->path), QUOTE(g->plan.ops.item[i].target),
				     g->plan.ops.item[i].flags & OPF_READ_ONLY ? " read-only" : "",
				     g->plan.ops.item[i].flags & OPF_IDMAP ? " with his ids exchanged" : "",
				     v->rule->file, v->rule->line);
	}
	return r;
}

/* What is not in the log does not start; where a host has none, that is its administrator's choice. */
static int log_grant(const struct gate *g, const struct vetted *vetted, struct err *e)
{
	int r = log_auth(LOG_GRANTED, program, "uid %u (%s) starts sandbox %s of root %s%s; allowed by %s:%u",
			 g->caller.uid, QUOTE(who(g)), QUOTE(g->plan.hostname),
			 g->plan.root_kind == PLAN_ROOT_HOST ? "host" : QUOTE(vetted[0].path),
			 !g->plan.root_shared ? ""
			 : g->plan.ephemeral  ? ", shared, with an overlay"
					      : ", shared",
			 vetted[0].rule->file, vetted[0].rule->line);

	if (r == 0 && (g->plan.caps || g->plan.allow_userns))
		r = log_auth(LOG_GRANTED, program, "uid %u (%s) gets capabilities %#llx inside%s",
			     g->caller.uid, QUOTE(who(g)), (unsigned long long)g->plan.caps,
			     g->plan.allow_userns ? ", and user namespaces" : "");
	if (r == 0 && g->grant.rule)
		r = log_auth(LOG_GRANTED, program, "uid %u (%s) gets subordinate ids; allowed by %s:%u",
			     g->caller.uid, QUOTE(who(g)), g->grant.rule->file, g->grant.rule->line);
	if (r == 0)
		r = log_volumes(g, vetted);
	if (r == 0 || r == -ENOENT)
		return 0;
	return err_set(e, -r, "write to the system log, without which nothing starts: %s", strerror(-r));
}

/* A refusal is what a function returned, never what stands in *e: so nothing goes on that was refused. */
static int open_gate(struct gate *g, struct err *e)
{
	struct sandbox_hooks hooks = {.permit = vet_same, .masks = vet_masks};
	struct vetted *vetted = NULL;
	int r = reduce(g, e);

	if (r == 0)
		r = request_socket(g->sock, e);
	/* Opening a path of the caller's may take as long as his file system likes: not longer than he lives.
	 */
	if (r == 0)
		r = tie_to_parent(g->sock, e);
	if (r == 0)
		r = request_read(g->request, &g->a, &g->plan, e);
	if (r == 0)
		r = descriptors(g, e);
	if (r == 0)
		r = keep_needed(g, e);
	if (r == 0)
		r = decide(g, &vetted, e);
	if (r == 0)
		r = log_grant(g, vetted, e);
	if (r != 0)
		return r;
	hooks.ctx = vetted;
	hooks.ids = &g->ids;
	hooks.most = policy_limit(&g->policy, &g->caller, LIMIT_SANDBOXES);
	if (hooks.most != UINT64_MAX) {
		hooks.admit = count_admit;
		r = count_before(hooks.most, e);
	}
	return r == 0 ? launch(&g->plan, &hooks, g->permitted, g->sock, e) : r;
}

/* To croft, which says it; where there is none, to standard error. */
static int refuse(struct gate *g, struct err *e)
{
	int status = e->status ? e->status : HELPER_REFUSED;
	struct err dropping;

	/* Before anything that may wait for the caller. */
	if (privilege_drop(&dropping) < 0)
		*e = dropping;
	log_auth(LOG_REFUSED, program, "uid %u (%s) gets no sandbox: %s", getuid(), QUOTE(who(g)), e->msg);
	err_status(e, 0);
	if (g->sock < 0 || msg_send(g->sock, MSG_ERROR, e, -1) < 0)
		err_print(e, program);
	return status;
}

int main(int argc, char **argv)
{
	static struct gate g = {.sock = -1};
	struct err e = {0}, usage = {0};
	int r = start_clean(&e), parsed = request_parse(argc, argv, &g.sock, &g.request, &usage);

	/* Whatever failed first: with the socket it is croft that says so. */
	if (r == 0 && parsed != 0)
		e = usage;
	if (r == 0)
		r = parsed;
	if (r == 0)
		r = start_std(&e);
	if (r == 0) {
		r = mem_arena(ARENA_BYTES, &g.a);
		if (r < 0)
			err_set(&e, -r, "get memory: %s", strerror(-r));
	}
	if (r == 0)
		r = open_gate(&g, &e);
	return r != 0 ? refuse(&g, &e) : HELPER_DONE;
}
