#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/admin.h"
#include "sandbox/command.h"
#include "sandbox/confine.h"
#include "sandbox/init.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/msg.h"
#include "sandbox/ops.h"
#include "sandbox/pin.h"
#include "sandbox/root.h"
#include "sandbox/seccomp.h"
#include "sandbox/session.h"
#include "sandbox/terminal.h"
#include "sandbox/tie.h"
#include "sandbox/userns.h"

unsigned long sandbox_clone_flags(const struct plan *p)
{
	return (unsigned long)(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) |
	       (p->gate ? 0 : (unsigned long)CLONE_NEWUSER) |
	       (p->namespaces & PLAN_NS_NET ? (unsigned long)CLONE_NEWNET : 0) |
	       (p->namespaces & PLAN_NS_CGROUP ? (unsigned long)CLONE_NEWCGROUP : 0);
}

struct child {
	const struct plan *plan;
	const struct sandbox_hooks *hooks;
	int sock;
	int proc; /* the host's /proc */
	int self; /* this process in it */
	struct pins pins;
	struct gifts gifts;
	struct maker maker;
	struct idmapper idmapper;
	int slave;
};

static noreturn void fail(const struct child *c, const struct err *e)
{
	int r;

	admin_give_up();
	r = msg_send(c->sock, MSG_ERROR, e, -1);

	/* The caller's filter forbids to send it; else nobody is there to hear it. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		err_print(e, "croft");
	_exit(err_exit_status(e));
}

/* A privileged child waits for nobody. */
static int await_go(const struct plan *p, int sock, struct err *e)
{
	struct msg m;
	int fd = -1, r;

	if (p->gate)
		return 0;
	r = msg_receive(sock, 0, &m, &fd);
	fd_close(fd);
	if (r == 0)
		_exit(EXIT_CROFT); /* the parent gave up and says why */
	if (r < 0)
		return err_set(e, -r, "wait for the supervisor's go: %s", strerror(-r));
	if (m.type != MSG_GO)
		return err_set(e, EBADMSG, "the supervisor said something else than go");
	return 0;
}

/* Where the supervisor wants to hear of it. What he does not take is not said twice. */
static void tell(const struct child *c, enum msg_type phase)
{
	if (c->plan->report)
		msg_send(c->sock, phase, NULL, -1);
}

/* The end of a pipe whose other end this process loses with execve(2). */
static void tell_exec(const struct child *c)
{
	int end[2];

	if (!c->plan->report || pipe2(end, O_CLOEXEC) < 0)
		return;
	msg_send(c->sock, MSG_EXEC, NULL, end[0]);
	fd_close(end[0]);
}

static int start(struct child *c, struct err *e)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return err_sys(e, "block signals");
	umask(022);
	if (tie_to_parent(c->sock, e) < 0 || (!c->plan->gate && limits_score(c->plan, e) < 0))
		return -e->code;
	/* The session is the sandbox's: signals of the caller's terminal come through the supervisor only. */
	if (setsid() < 0)
		return err_sys(e, "start a session");
	return 0;
}

/* Mustn't have happened before: any change of ids. Sources are opened as the caller. */
static int files(struct child *c, struct err *e)
{
	fd_auto int root = -1;
	int by_chroot;

	root = root_attach(c->plan, &c->pins, &c->idmapper, &c->maker, e);
	if (root < 0)
		return root;
	tell(c, MSG_ROOT);
	if (ops_run(c->plan, &c->pins, root, &c->gifts, &c->idmapper, e) < 0 ||
	    terminal_make(c->plan, root, &c->gifts, c->sock, &c->slave, e) < 0 ||
	    root_seal(c->plan, root, e) < 0 || root_enter(root, &by_chroot, e) < 0)
		return -e->code;
	if (by_chroot) {
		struct err note = {0};

		err_set(&note, EINVAL,
			"the root was entered by chroot: pivot_root cannot work here (a root on the "
			"initramfs)");
		msg_send(c->sock, MSG_NOTE, &note, -1);
	}
	return 0;
}

/* The kernel's, whatever the caller has in the place: he can forge a name, but no file system. */
static int open_proc(struct child *c, struct err *e)
{
	struct statfs fs;

	c->proc = fd_open("/proc", O_PATH | O_DIRECTORY);
	if (c->proc < 0 || fstatfs(c->proc, &fs) < 0)
		return err_sys(e, "open /proc");
	if ((unsigned long)fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, EPERM, "/proc is not the kernel's");
	c->self = openat(c->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->self < 0 ? err_sys(e, "open /proc/self") : 0;
}

/* Mustn't have happened before: any mount. What is mounted is locked by it. */
static int user_namespace(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;

	if (!p->gate || p->map == PLAN_MAP_NONE)
		return 0;
	/* A second network namespace: the first, which /sys shows, belongs to no user namespace of ours. */
	if (userns_become_owner(e) < 0 || tie_to_parent(c->sock, e) < 0 ||
	    userns_of_gate(CLONE_NEWNS | (p->namespaces & PLAN_NS_NET ? CLONE_NEWNET : 0), c->self,
			   c->hooks->ids, e) < 0 ||
	    confine_become_root(p, e) < 0 || tie_to_parent(c->sock, e) < 0)
		return -e->code;
	return confine_userns(p, c->proc, e) < 0 ? -e->code : gifts_hand_over(&c->gifts, p, e);
}

static int confine(struct child *c, struct err *e)
{
	if (confine_hostname(c->plan, e) < 0 || user_namespace(c, e) < 0 || confine_names(c->plan, e) < 0)
		return -e->code;
	if (c->plan->lock_mounts && confine_lock_mounts(e) < 0)
		return -e->code;
	if (confine_user(c->plan, e) < 0)
		return -e->code;
	return tie_to_parent(c->sock, e);
}

static int restore_limits(const struct child *c, struct err *e)
{
	struct rlimit rl;

	if (c->pins.open_files == 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return err_sys(e, "read the limit of open files");
	rl.rlim_cur = c->pins.open_files;
	return setrlimit(RLIMIT_NOFILE, &rl) < 0 ? err_sys(e, "restore the limit of open files") : 0;
}

/* The process that becomes the command. */
static noreturn void command(struct child *c)
{
	struct err e = {0};

	if (confine_command(c->plan, &e) == 0 && restore_limits(c, &e) == 0 &&
	    (c->slave < 0 || terminal_connect(c->plan, c->slave, &e) == 0) &&
	    landlock_confine(c->plan, &e) == 0) {
		tell_exec(c);
		command_exec(c->plan, &e);
	}
	fail(c, &e);
}

/* The command in a process group of its own, in the foreground: not an orphan, so that its terminal can stop
 * it. */
static int foreground(const struct child *c, struct err *e)
{
	if (c->slave >= 0 && (setpgid(0, 0) < 0 || tcsetpgrp(c->slave, getpid()) < 0))
		return err_sys(e, "bring the command to the front of its terminal");
	return 0;
}

/* One more command, in a process that init has forked. */
static noreturn void serve(void *ctx, int conn)
{
	static struct session s; /* large */
	struct child *c = ctx;
	struct err e = {0};
	pid_t pid = -1;
	int r = session_begin(c->plan, conn, &s, &e);

	c->sock = s.conn;
	c->slave = s.slave;
	c->plan = &s.plan;
	if (r == 0) {
		pid = fork();
		r = pid < 0 ? err_sys(&e, "start the command's process") : 0;
	}
	if (r < 0)
		fail(c, &e);
	if (pid == 0) {
		setpgid(0, 0);
		if (foreground(c, &e) < 0)
			fail(c, &e);
		command(c);
	}
	_exit(session_wait(&s, pid));
}

static void hide_command_line(const struct sandbox_hooks *h)
{
	static const char title[] = "croft-init";

	if (!h->title)
		return;
	memset(h->title, 0, h->title_size);
	if (h->title_size >= sizeof(title))
		memcpy(h->title, title, sizeof(title));
}

/*
 * Should: nobody inside can look into init, which holds the caller's environment in its memory; not for a
 * moment, so before the fork. The command is dumpable again by execve(2).
 */
static noreturn void with_init(struct child *c)
{
	struct err e = {0};
	pid_t pid;
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		err_sys(&e, "hide init's memory");
		fail(c, &e);
	}
	prctl(PR_SET_NAME, "croft-init", 0, 0, 0);
	hide_command_line(c->hooks);
	if (confine_seccomp_early(c->plan) && confine_seccomp(c->plan, &e) < 0)
		fail(c, &e);
	pid = fork();
	if (pid < 0) {
		err_sys(&e, "start the command's process");
		fail(c, &e);
	}
	if (pid == 0) {
		if (foreground(c, &e) < 0)
			fail(c, &e);
		command(c);
	}
	if (c->plan->seccomp == PLAN_SECCOMP_PROGRAM && confine_seccomp_default(c->plan, &e) < 0)
		fail(c, &e);
	r = init_main(pid, c->slave >= 0 || c->plan->report || c->plan->serve ? c->sock : -1,
		      c->plan->serve ? serve : NULL, c);
	err_set(&e, -r, "close the descriptors of init: %s", strerror(-r));
	fail(c, &e);
}

noreturn void sandbox_child(const struct plan *p, const struct sandbox_hooks *h, int sock)
{
	static struct child c; /* too large for a stack */
	struct err e = {0};

	c.plan = p;
	c.hooks = h;
	c.sock = sock;
	c.slave = c.proc = c.self = -1;
	if (start(&c, &e) < 0 || open_proc(&c, &e) < 0 || (h->admit && h->admit(c.proc, h->most, &e) < 0) ||
	    root_isolate(&e) < 0 || pin_all(p, h, &c.pins, &e) < 0)
		fail(&c, &e);
	c.maker = (struct maker){.proc = c.proc, .ids = h->ids};
	if (idmapped_prepare(p, &c.maker, &c.idmapper, &e) < 0 || await_go(p, sock, &e) < 0)
		fail(&c, &e);
	if (!p->gate && (confine_become_root(p, &e) < 0 || confine_userns(p, c.proc, &e) < 0))
		fail(&c, &e);
	if (files(&c, &e) < 0 || confine(&c, &e) < 0)
		fail(&c, &e);
	tell(&c, MSG_MOUNTS);
	if (p->init)
		with_init(&c);
	command(&c);
}
