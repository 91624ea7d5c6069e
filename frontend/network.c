#include "frontend/network.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/text.h"

static const char *const name[] = {[NETWORK_PASTA] = "pasta", [NETWORK_SLIRP4NETNS] = "slirp4netns"};
static_assert(sizeof(name) / sizeof(name[0]) == NETWORK_PROGRAM_COUNT, "a name for each program");

/* pasta's is croft's choice, out of the link-local addresses, of which no resolver has one; slirp4netns has a
 * fixed one. */
static const char *const resolver[] = {[NETWORK_PASTA] = "169.254.1.1", [NETWORK_SLIRP4NETNS] = "10.0.2.3"};
static_assert(sizeof(resolver) / sizeof(resolver[0]) == NETWORK_PROGRAM_COUNT, "a resolver for each");

static const char device[] = "/dev/net/tun";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- before the start --------------------------------------------------------------------------- */

int network_find(struct network_tool *ret, struct err *e)
{
	static const char *const path[NETWORK_PROGRAM_COUNT][3] = {
		[NETWORK_PASTA] = {"/usr/bin/pasta", "/usr/local/bin/pasta", "/bin/pasta"},
		[NETWORK_SLIRP4NETNS] = {"/usr/bin/slirp4netns", "/usr/local/bin/slirp4netns",
					 "/bin/slirp4netns"},
	};

	for (int i = 0; i < NETWORK_PROGRAM_COUNT; i++)
		for (size_t k = 0; k < sizeof(path[i]) / sizeof(path[i][0]); k++)
			if (access(path[i][k], X_OK) == 0) {
				*ret = (struct network_tool){.which = (enum network_program)i,
							     .path = path[i][k]};
				return 0;
			}
	err_set(e, ENOENT, "neither pasta nor slirp4netns is installed");
	return err_hint(e, "sudo apt-get install passt");
}

const char *network_resolver(void)
{
	struct network_tool tool = {.which = NETWORK_PASTA};
	struct err not_there; /* who starts one says it */

	network_find(&tool, &not_there);
	return resolver[tool.which];
}

/* The kernel binds to no other. */
bool network_is_local(const char *address)
{
	struct sockaddr_storage at;
	socklen_t len = network_parse(address, 0, &at);
	fd_auto int fd = len ? socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	return fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0;
}

int network_device(struct err *e)
{
	fd_auto int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	err_sys(e, "open %s", device);
	return err_hint(e,
			e->code == EACCES || e->code == EPERM
				? "sudo chmod 666 /dev/net/tun (as udev has it: it gives nobody an interface "
				  "of the host's)"
				: "sudo modprobe tun");
}

int network_check(const struct plan *p, struct err *e)
{
	struct network_tool tool;

	if (network_find(&tool, e) < 0 || network_device(e) < 0)
		return err_wrap(e, "network user");
	return network_ports_check(p, &tool, e);
}

/* --- its command line ----------------------------------------------------------------------------- */

enum {
	WORDS_MAX = 24 + 2 * PLAN_PORTS_MAX,
	SPEC_MAX = 80, /* ADDRESS/PORT:PORT */
	READY_FD = 0,
	LEASH_FD = 3,
};

struct words {
	char *argv[WORDS_MAX + 1];
	size_t n;
	char spec[PLAN_PORTS_MAX][SPEC_MAX];
	char pid[16], socket[64];
};

static void add(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		w->argv[w->n++] = (char *)(uintptr_t)word;
}

static void add_all(struct words *w, const char *const *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(w, word[i]);
}

/* Of each protocol the ports that were asked for and no other: without a word pasta publishes whatever is
 * listened on inside. */
static void add_ports(struct words *w, const struct plan *p, uint32_t protocol, const char *option)
{
	bool any = false;

	for (uint32_t i = 0; i < p->ports.count; i++) {
		const struct plan_port *port = &p->ports.item[i];

		if (port->protocol != protocol)
			continue;
		snprintf(w->spec[i], sizeof(w->spec[i]), "%s/%u:%u", port->address, port->host_port,
			 port->port);
		add(w, option);
		add(w, w->spec[i]);
		any = true;
	}
	if (any)
		return;
	add(w, option);
	add(w, "none");
}

/* Whether the plan's resolv.conf wants the forwarder: without a need for it, it does harm (resolv.h). */
static bool wants_resolver(const struct plan *p)
{
	for (uint32_t i = 0; i < p->ops.count; i++)
		if (p->ops.item[i].kind == OP_TEXT && strstr(p->ops.item[i].text, resolver[NETWORK_PASTA]))
			return true;
	return false;
}

static void pasta_words(struct words *w, const struct plan *p)
{
	/* --no-map-gw, and -T and -U none: the host's loopback interface stays the host's. */
	static const char *const fixed[] = {"pasta",       "--foreground", "--quiet",        "--config-net",
					    "--no-map-gw", "-T",           "none",           "-U",
					    "none",        "--pid",        "/proc/self/fd/0"};

	add_all(w, fixed, sizeof(fixed) / sizeof(fixed[0]));
	if (wants_resolver(p)) {
		add(w, "--dns-forward");
		add(w, resolver[NETWORK_PASTA]);
	}
	add_ports(w, p, PLAN_TCP, "-t");
	add_ports(w, p, PLAN_UDP, "-u");
	add(w, w->pid);
}

/* A route of the host's to the world of IPv6: asked by a socket that sends nothing. The address is one for
 * examples (RFC 3849). */
static bool host_has_ipv6(void)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
				    .sin6_port = htons(53),
				    .sin6_addr.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	fd_auto int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)) == 0;
}

/* Whether id 0 is mapped in the target's file. */
static bool maps_root(const struct words *w, const char *file)
{
	char path[48], text[IDS_TEXT_MAX];
	fd_auto int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/%s", w->pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_all(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line + strspn(line, " "), "0 ", 2))
			return true;
	return false;
}

static void slirp_words(struct words *w, const struct plan *p)
{
	static const char *const fixed[] = {"slirp4netns",     "--configure", "--mtu=65520",
					    "--ready-fd=0",    "--exit-fd=3", "--disable-host-loopback",
					    "--enable-seccomp"};

	add_all(w, fixed, sizeof(fixed) / sizeof(fixed[0]));
	/* Its sandbox is made by root of the sandbox's user namespace. */
	if (maps_root(w, "uid_map") && maps_root(w, "gid_map"))
		add(w, "--enable-sandbox");
	if (host_has_ipv6())
		add(w, "--enable-ipv6");
	if (p->ports.count > 0) {
		add(w, "--api-socket");
		add(w, w->socket);
	}
	add(w, w->pid);
	add(w, "tap0");
}

/* --- start -------------------------------------------------------------------------------------------- */

struct start {
	const char *path;
	char *const *argv;
	pid_t parent;
	int ready, errors; /* write ends */
	int leash;         /* read end, or -1 */
};

static noreturn void start_failed(int errors)
{
	const char *why = strerror(errno);

	fd_write_all(errors, why, strlen(why));
	_exit(EXIT_CROFT);
}

static void default_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Closes everything but descriptors 0-2, and LEASH_FD where there is a leash. */
static int give_leash(int leash)
{
	const int keep[] = {LEASH_FD};
	int r;

	if (leash < 0)
		return fd_close_range_but(3, ~0u, NULL, 0);
	/* It may have that number already, and would close on exec. */
	r = leash == LEASH_FD ? fcntl(leash, F_SETFD, 0) : dup2(leash, LEASH_FD);
	return r < 0 ? -errno : fd_close_range_but(3, ~0u, keep, 1);
}

/*
 * Should: the program ends with croft, and has nothing of the caller's: a session of its own without a
 * terminal, descriptors of ours alone, a fixed environment, no way to more privileges. The kernel keeps the
 * death signal over the program's change to a user namespace that its own user owns, but not over that of
 * slirp4netns to another user in there: it has the leash, too.
 */
static noreturn void child(const struct start *s)
{
	static char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C", *const env[] = {path, locale, NULL};
	int null;

	/* First, so that what fails is said by croft and not beside it. */
	if (dup2(s->errors, STDERR_FILENO) < 0)
		start_failed(s->errors);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(s->ready, READY_FD) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    give_leash(s->leash) < 0)
		start_failed(STDERR_FILENO);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		start_failed(STDERR_FILENO);
	if (getppid() != s->parent)
		_exit(EXIT_CROFT); /* it died before the line above */
	if (setsid() < 0 || chdir("/") < 0)
		start_failed(STDERR_FILENO);
	umask(077);
	default_signals();
	execve(s->path, s->argv, env);
	start_failed(STDERR_FILENO);
}

void network_init(struct network *n)
{
	*n = (struct network){.pid = -1, .pidfd = -1, .ready = -1, .errors = -1, .leash = -1, .deadline = -1};
	n->dir.sweeper = n->dir.sock = -1;
}

/* A pipe: one end for us, one for the program. */
static int make_pipe(int *ret_ours, int *ret_its, bool it_writes, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "network user: make a pipe");
	*ret_ours = p[it_writes ? 0 : 1];
	*ret_its = p[it_writes ? 1 : 0];
	return 0;
}

static int launch(struct network *n, char *const *argv, struct err *e)
{
	fd_auto int ready = -1, errors = -1, leash = -1;
	struct start s = {.path = n->tool.path, .argv = argv, .parent = getpid()};

	if (make_pipe(&n->ready, &ready, true, e) < 0 || make_pipe(&n->errors, &errors, true, e) < 0)
		return -e->code;
	if (n->tool.which == NETWORK_SLIRP4NETNS && make_pipe(&n->leash, &leash, false, e) < 0)
		return -e->code;
	s.ready = ready;
	s.errors = errors;
	s.leash = leash;
	n->pid = fork();
	if (n->pid == 0)
		child(&s);
	if (n->pid < 0)
		return err_sys(e, "network user: start a process");
	n->pidfd = (int)syscall(SYS_pidfd_open, n->pid, 0);
	return n->pidfd < 0 ? err_sys(e, "network user: open a pidfd") : 0;
}

int network_start(struct network *n, const struct plan *p, pid_t target, struct err *e)
{
	static struct words w; /* large */

	if (network_find(&n->tool, e) < 0)
		return err_wrap(e, "network user");
	n->plan = p;
	n->deadline = now_ms() + NETWORK_READY_MS;
	snprintf(w.pid, sizeof(w.pid), "%d", target);
	if (n->tool.which == NETWORK_PASTA) {
		pasta_words(&w, p);
	} else {
		if (p->ports.count > 0 && network_dir_make(&n->dir, e) < 0)
			return -e->code;
		network_socket_path(&n->dir, w.socket, sizeof(w.socket));
		slirp_words(&w, p);
	}
	w.argv[w.n] = NULL;
	return launch(n, w.argv, e);
}

/* --- while it runs ----------------------------------------------------------------------------------------
 */

void network_poll_set(const struct network *n, struct pollfd *pfd)
{
	pfd[0] = (struct pollfd){.fd = n->pidfd, .events = POLLIN};
	pfd[1] = (struct pollfd){.fd = n->ready, .events = POLLIN};
	pfd[2] = (struct pollfd){.fd = n->errors, .events = POLLIN};
}

int network_wait(const struct network *n)
{
	int64_t left;

	if (n->pid < 0 || n->up)
		return -1;
	left = n->deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

static void close_one(int *fd)
{
	fd_close(*fd);
	*fd = -1;
}

/* What it says is for the sentence about a failed start; later it is taken so that the pipe never fills. */
static void listen_to(struct network *n)
{
	char more[512];
	size_t room = sizeof(n->said) - 1 - n->used;
	bool keep = !n->up && room > 0;
	ssize_t r = read(n->errors, keep ? n->said + n->used : more, keep ? room : sizeof(more));

	if (r < 0 && errno == EINTR)
		return;
	if (r <= 0)
		close_one(&n->errors);
	else if (keep)
		n->used += (size_t)r;
}

/* Everything that is still in the pipe of a program that has ended; a child of its own may hold the other
 * end.
 */
static void listen_to_the_rest(struct network *n)
{
	struct pollfd p = {.fd = n->errors, .events = POLLIN};

	while (n->errors >= 0 && poll(&p, 1, 0) > 0 && p.revents)
		listen_to(n);
}

/* Its lines as one, without the name it puts before them. */
static void one_line(struct network *n, char *buf, size_t size)
{
	size_t used = 0;

	n->said[n->used] = '\0';
	buf[0] = '\0';
	for (char *save = NULL, *line = strtok_r(n->said, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int k = snprintf(buf + used, size - used, "%s%s", used ? "; " : "", line);

		if (k < 0 || (size_t)k >= size - used)
			return;
		used += (size_t)k;
	}
}

static int reap(struct network *n)
{
	siginfo_t si = {0};

	while (waitid(P_PID, (id_t)n->pid, &si, WEXITED) < 0)
		if (errno != EINTR)
			break;
	n->pid = -1;
	close_one(&n->pidfd);
	return si.si_code == CLD_EXITED ? si.si_status : EXIT_SIGNAL + si.si_status;
}

static int ended_early(struct network *n, struct err *e)
{
	char said[NETWORK_SAID_MAX];
	int status;

	listen_to_the_rest(n);
	status = reap(n);
	one_line(n, said, sizeof(said));
	if (said[0])
		return err_set(e, ENETDOWN, "network user: %s: %s", name[n->tool.which], QUOTE(said));
	return err_set(e, ENETDOWN, "network user: %s ended with status %d and said nothing",
		       name[n->tool.which], status);
}

static void ended(struct network *n)
{
	int status = reap(n);

	note_print("croft", "network user: %s ended with status %d: the sandbox goes on without a network",
		   name[n->tool.which], status);
	network_end(n);
}

/* The first byte: both programs write one when all is set up, and pasta then listens on its ports, too. */
static int became_ready(struct network *n, struct err *e)
{
	char c;
	ssize_t r = read(n->ready, &c, 1);

	if (r < 0 && errno == EINTR)
		return 0;
	close_one(&n->ready);
	if (r <= 0)
		return 0; /* it has ended, which its pidfd says */
	if (n->dir.sweeper >= 0) {
		if (network_ports_order(n->plan, &n->dir, e) < 0)
			return -e->code;
		network_dir_remove(&n->dir);
	}
	n->up = true;
	return 1;
}

int network_turn(struct network *n, const struct pollfd *pfd, struct err *e)
{
	int r = 0;

	if (n->pid < 0)
		return 0;
	if (pfd[2].revents && n->errors >= 0)
		listen_to(n);
	if (pfd[1].revents && n->ready >= 0)
		r = became_ready(n, e);
	if (r != 0)
		return r;
	if (pfd[0].revents) {
		if (!n->up)
			return ended_early(n, e);
		ended(n);
		return 0;
	}
	if (network_wait(n) == 0)
		return err_set(e, ETIMEDOUT, "network user: %s was not ready within %d seconds",
			       name[n->tool.which], NETWORK_READY_MS / 1000);
	return 0;
}

void network_end(struct network *n)
{
	/* Not yet reaped, so the number is its own; its group is what it has started. */
	if (n->pid >= 0) {
		kill(-n->pid, SIGKILL);
		kill(n->pid, SIGKILL); /* before it had a group */
		reap(n);
	}
	close_one(&n->ready);
	close_one(&n->errors);
	close_one(&n->leash);
	network_dir_remove(&n->dir);
}
