#include "frontend/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/mem.h"
#include "common/text.h"
#include "frontend/filecaps.h"
#include "frontend/idmap.h"
#include "frontend/policy_facts.h"
#include "frontend/privileged.h"
#include "frontend/probe.h"
#include "policy/decide.h"
#include "policy/rule.h"
#include "sandbox/limits.h"
#include "sandbox/msg.h"

bool gate_installed(void)
{
	return access(privileged_gate.path, F_OK) == 0;
}

/* --- choosing ------------------------------------------------------------------------ */

static const char *words_of(const struct policy_rule *enforced)
{
	return policy_switch((enum policy_action)enforced->action)->both;
}

static int no_gate(const struct policy_rule *enforced, const struct run_options *o, struct err *e)
{
	if (o->map == PLAN_MAP_NONE)
		return err_set(e, EINVAL, "option --no-gate: --map none is made by croft-gate alone");
	if (!enforced)
		return 0;
	return err_set(e, EPERM, "option --no-gate: %s:%u says %s: sandboxes are made by croft-gate alone",
		       QUOTE(enforced->file), enforced->line, words_of(enforced));
}

static bool userns_refused(struct err *why)
{
	const struct probe p = {.flags = CLONE_NEWUSER};

	return probe_run(&p, why) < 0;
}

/* Where nobody said who makes it: the gate, where it is there and the host leaves no other way. */
static bool only_way(struct err *why)
{
	return gate_installed() && userns_refused(why);
}

/* --- which map -------------------------------------------------------------------------- */

static bool host_has_userns(void)
{
	char text[24];
	fd_auto int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return n > 0 && text[0] != '0';
}

/* Whether the gate can give the caller his subordinate ids; else *why says why not. */
static bool ids_to_be_had(const struct policy *p, const struct policy_caller *c, struct err *why)
{
	static struct idmap_extents extents;
	const uint64_t needed = privileged_gate.set[PRIVILEGED_GATE_IDS].caps;
	const struct policy_request ids = {.kind = POLICY_IDS, .value = "subordinate"};
	const struct idmap_request req = {.map = PLAN_MAP_SUBORDINATE};

	if ((filecaps_permitted(privileged_gate.path) & needed) != needed)
		err_set(why, EPERM, "croft-gate is installed for sandboxes without a user namespace");
	else if (!host_has_userns())
		err_set(why, ENOSPC, "the host allows nobody a user namespace (user.max_user_namespaces)");
	else if (!policy_decide(p, c, &ids).allowed)
		err_set(why, EACCES, "the policy does not allow you subordinate ids");
	else
		return idmap_extents(&req, &extents, why) == 0;
	return false;
}

/* What only a user namespace gives. */
static const char *needs_userns(const struct run_options *o)
{
	return o->user ? "--user" : o->cap_add ? "--cap-add" : o->allow_userns ? "--allow-userns" : NULL;
}

static int choose_map(const struct policy *p, const struct policy_caller *c, struct run_options *o,
		      struct err *why, struct err *e)
{
	const char *option = needs_userns(o);

	if (o->map_asked && o->map != PLAN_MAP_AUTO)
		return 0;
	if (ids_to_be_had(p, c, why)) {
		o->map = PLAN_MAP_SUBORDINATE;
		return 0;
	}
	if (option)
		return err_set(e, EINVAL, "option %s: only with a user namespace, and %s", option, why->msg);
	o->map = PLAN_MAP_NONE;
	return 0;
}

static int not_to_be_had(const char *option, struct err *e)
{
	err_set(e, EINVAL, "option %s: not with croft-gate", option);
	return err_hint(e, "croft-gate(8) says what is to be had");
}

static int check_options(const struct run_options *o, struct err *e)
{
	if (o->map == PLAN_MAP_ISOLATED)
		return not_to_be_had("--map isolated", e);
	if (o->map == PLAN_MAP_NONE && needs_userns(o))
		return err_set(e, EINVAL, "option %s: only with a user namespace, not with --map none",
			       needs_userns(o));
	return o->network == PLAN_NETWORK_USER ? not_to_be_had("--network user", e) : 0;
}

static int check_volumes(const struct run_options *o, struct err *e)
{
	for (uint32_t i = 0; i < o->nmounts; i++) {
		if (!(o->mount[i].flags & OPF_IDMAP))
			continue;
		if (!o->by_gate)
			return err_set(e, EINVAL, "option --volume: idmap: only croft-gate can map owners");
		if (o->map == PLAN_MAP_NONE)
			return err_set(
				e, EINVAL,
				"option --volume: idmap: only where croft-gate gives you subordinate ids");
	}
	return 0;
}

static int not_installed(const struct policy_rule *enforced, struct err *e)
{
	err_set(e, ENOENT, "croft-gate is not installed (%s)", privileged_gate.path);
	return enforced ? err_hint(e, "%s:%u says %s", QUOTE(enforced->file), enforced->line,
				   words_of(enforced))
			: err_hint(e, "an administrator installs it: %s", privileged_gate.install);
}

/* Where the policy is to be a boundary and the host gives less, no sandbox is better than one that seems to
 * be kept to it. */
static int require_boundary(const struct policy *p, struct err *e)
{
	struct policy_facts facts;
	struct host_facts host;

	if (!policy_line(p, POLICY_REQUIRED))
		return 0;
	host_facts_read(&host);
	policy_facts_read(p, &host, &facts);
	return policy_facts_require(p, &facts, e);
}

static int choose(const struct policy *p, const struct policy_caller *c, struct run_options *o, struct err *e)
{
	const struct policy_rule *enforced = policy_enforced(p);
	struct err refused = {0}, why = {0};

	if (o->gate == GATE_UNWANTED)
		return no_gate(enforced, o, e);
	if (o->gate == GATE_UNSAID && !enforced && o->map != PLAN_MAP_NONE && !only_way(&refused))
		return 0;
	if (check_options(o, e) < 0 || require_boundary(p, e) < 0)
		return -e->code;
	o->by_gate = true;
	if (!gate_installed())
		return not_installed(enforced, e);
	if (choose_map(p, c, o, &why, e) < 0)
		return -e->code;
	if (refused.code)
		note_print("croft", "%s; croft-gate makes the sandbox%s", refused.msg,
			   o->map == PLAN_MAP_NONE ? ", with you as you are inside" : "");
	return 0;
}

int gate_choose(const struct policy *p, const struct policy_caller *c, struct run_options *o, struct err *e)
{
	return choose(p, c, o, e) < 0 ? -e->code : check_volumes(o, e);
}

const char *gate_user(const struct policy_caller *c, struct arena *a)
{
	char text[32];

	snprintf(text, sizeof(text), "%u:%u", c->uid, c->gid);
	return arena_copy(a, text, strlen(text));
}

/* --- starting ------------------------------------------------------------------------- */

/* The plan as bytes that nobody can change any more. */
static int seal_plan(const struct plan *p, struct err *e)
{
	fd_auto int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct arena a;
	long n;
	int r = mem_arena(PLAN_BYTES_MAX, &a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	n = plan_encode(p, a.base, a.size);
	if (n < 0)
		err_set(e, (int)-n, "the plan is larger than %d bytes", PLAN_BYTES_MAX);
	else if (fd < 0 || fd_write_all(fd, a.base, (size_t)n) < 0 ||
		 fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		n = err_sys(e, "write the plan for croft-gate");
	munmap(a.base, a.size);
	return n < 0 ? -e->code : TAKE_FD(fd);
}

static noreturn void become(const struct plan *p, int inner, int plan)
{
	char sock_word[12], plan_word[12], *const env[] = {NULL};
	char *const argv[] = {(char[]){"croft-gate"}, sock_word, plan_word, NULL};
	struct err e = {0};

	snprintf(sock_word, sizeof(sock_word), "%d", inner);
	snprintf(plan_word, sizeof(plan_word), "%d", plan);
	/* What is not dumpable has its score in a file of root's: inherited from here. */
	if (limits_score(p, &e) == 0) {
		if (fcntl(inner, F_SETFD, 0) == 0 && fcntl(plan, F_SETFD, 0) == 0)
			execve(privileged_gate.path, argv, env);
		err_sys(&e, "start %s", privileged_gate.path);
		if (e.code == EACCES)
			err_hint(&e, "an administrator says who may use it: croft-gate(8)");
	}
	msg_send(inner, MSG_ERROR, &e, -1);
	_exit(EXIT_CROFT);
}

int gate_start(const struct plan *p, int inner, int cgroup, struct err *e)
{
	int pidfd = -1;
	fd_auto int plan = seal_plan(p, e);
	struct clone_args a = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	long pid;

	if (plan < 0)
		return plan;
	if (cgroup >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (unsigned)cgroup;
	}
	pid = syscall(SYS_clone3, &a, sizeof(a));
	if (pid < 0)
		return err_sys(e, "start croft-gate");
	if (pid == 0)
		become(p, inner, plan);
	return pidfd;
}
