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
#include "common/mem.h"
#include "common/text.h"
#include "frontend/probe.h"
#include "policy/decide.h"
#include "sandbox/msg.h"

static const char program[] = LIBEXECDIR "/croft-gate";

bool gate_installed(void)
{
	return access(program, F_OK) == 0;
}

/* --- choosing ------------------------------------------------------------------------ */

static int no_gate(const struct policy_rule *enforced, const struct run_options *o, struct err *e)
{
	if (o->map == PLAN_MAP_NONE)
		return err_set(e, EINVAL, "option --no-gate: --map none is made by croft-gate alone");
	if (!enforced)
		return 0;
	return err_set(e, EPERM,
		       "option --no-gate: %s:%u says mode enforced: sandboxes are made by croft-gate alone",
		       QUOTE(enforced->file), enforced->line);
}

static bool userns_refused(struct err *e)
{
	const struct probe p = {.flags = CLONE_NEWUSER};

	return probe_run(&p, e) < 0;
}

/* Where nobody said who makes it: the gate, where it is there and the host leaves no other way. */
static bool only_way(const struct run_options *o)
{
	struct err why = {0};

	if (o->map_asked && o->map != PLAN_MAP_AUTO)
		return false;
	if (!gate_installed() || !userns_refused(&why))
		return false;
	note_print("croft", "%s; croft-gate makes the sandbox, with you as you are inside", why.msg);
	return true;
}

static int not_to_be_had(const char *option, struct err *e)
{
	err_set(e, EINVAL, "option %s: not with croft-gate, which makes sandboxes without a user namespace",
		option);
	return err_hint(e, "croft-gate(8) says what is to be had");
}

static int check_options(const struct run_options *o, struct err *e)
{
	if (o->map_asked && o->map != PLAN_MAP_NONE && o->map != PLAN_MAP_AUTO)
		return not_to_be_had("--map", e);
	if (o->user)
		return not_to_be_had("--user", e);
	if (o->ephemeral)
		return not_to_be_had("--ephemeral", e);
	if (o->cap_add)
		return not_to_be_had("--cap-add", e);
	if (o->allow_userns)
		return not_to_be_had("--allow-userns", e);
	return o->network == PLAN_NETWORK_USER ? not_to_be_had("--network user", e) : 0;
}

int gate_choose(const struct policy *p, struct run_options *o, struct err *e)
{
	const struct policy_rule *enforced = policy_enforced(p);

	if (o->gate == GATE_UNWANTED)
		return no_gate(enforced, o, e);
	if (o->gate == GATE_UNSAID && !enforced && o->map != PLAN_MAP_NONE && !only_way(o))
		return 0;
	if (check_options(o, e) < 0)
		return -e->code;
	o->map = PLAN_MAP_NONE;
	if (gate_installed())
		return 0;
	err_set(e, ENOENT, "croft-gate is not installed (%s)", program);
	return enforced ? err_hint(e, "%s:%u says mode enforced", QUOTE(enforced->file), enforced->line)
			: err_hint(e, "an administrator installs it: make install-gate");
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

static noreturn void become(int inner, int plan)
{
	char sock_word[12], plan_word[12], *const env[] = {NULL};
	char *const argv[] = {(char[]){"croft-gate"}, sock_word, plan_word, NULL};
	struct err e = {0};

	snprintf(sock_word, sizeof(sock_word), "%d", inner);
	snprintf(plan_word, sizeof(plan_word), "%d", plan);
	if (fcntl(inner, F_SETFD, 0) == 0 && fcntl(plan, F_SETFD, 0) == 0)
		execve(program, argv, env);
	err_sys(&e, "start %s", program);
	if (e.code == EACCES)
		err_hint(&e, "an administrator says who may use it: croft-gate(8)");
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
		become(inner, plan);
	return pidfd;
}
