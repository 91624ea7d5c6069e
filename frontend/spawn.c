#include "frontend/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

struct stream {
	int fd; /* read end, or -1 */
	char *buf;
	size_t size, used;
	int cut;
};

static void stream_read(struct stream *s)
{
	char more[512];
	size_t room = s->size - 1 - s->used;
	ssize_t n = read(s->fd, room ? s->buf + s->used : more, room ? room : sizeof(more));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		fd_close(s->fd);
		s->fd = -1;
		return;
	}
	if (room)
		s->used += (size_t)n;
	else
		s->cut = 1;
	s->buf[s->used] = '\0';
}

static void streams_read(struct stream *s, size_t n)
{
	for (;;) {
		struct pollfd p[2];
		int open = 0;

		for (size_t i = 0; i < n; i++) {
			p[i] = (struct pollfd){.fd = s[i].fd, .events = POLLIN};
			open += s[i].fd >= 0;
		}
		if (!open)
			return;
		if (poll(p, (nfds_t)n, -1) < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (p[i].revents)
				stream_read(&s[i]);
	}
}

/* A pipe for the child's descriptor `as`, whose read end goes into *s; or /dev/null or nothing. */
static int redirect(posix_spawn_file_actions_t *fa, int as, char *buf, size_t size, struct stream *s,
		    int *ret_write)
{
	int p[2];

	*s = (struct stream){.fd = -1, .buf = buf, .size = size};
	if (!buf)
		return as == STDOUT_FILENO
			       ? posix_spawn_file_actions_addopen(fa, as, "/dev/null", O_WRONLY, 0)
			       : 0;
	buf[0] = '\0';
	if (pipe2(p, O_CLOEXEC) < 0)
		return errno;
	s->fd = p[0];
	*ret_write = p[1];
	return posix_spawn_file_actions_adddup2(fa, p[1], as);
}

static int start(const struct spawn *s, posix_spawn_file_actions_t *fa, pid_t *pid)
{
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	r = posix_spawnp(pid, s->path, fa, &attr, s->argv, s->env ? s->env : environ);
	if (r == EACCES && !strchr(s->path, '/'))
		r = ENOENT; /* a directory of PATH that may not be searched does not hold it */
	posix_spawnattr_destroy(&attr);
	return r;
}

static int reap(pid_t pid, struct err *e)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for a program");
	return WIFEXITED(st) ? WEXITSTATUS(st) : EXIT_SIGNAL + WTERMSIG(st);
}

int spawn_run(const struct spawn *s, struct err *e)
{
	posix_spawn_file_actions_t fa;
	struct stream st[2];
	fd_auto int w1 = -1, w2 = -1;
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&fa);
	r = redirect(&fa, STDOUT_FILENO, s->out, s->out_size, &st[0], &w1);
	if (r == 0)
		r = redirect(&fa, STDERR_FILENO, s->errors, s->errors_size, &st[1], &w2);
	else
		st[1].fd = -1;
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0 && s->fd >= 0)
		r = posix_spawn_file_actions_adddup2(&fa, s->fd, s->fd_as);
	if (r == 0)
		r = start(s, &fa, &pid);
	posix_spawn_file_actions_destroy(&fa);
	fd_close(TAKE_FD(w1));
	fd_close(TAKE_FD(w2));
	if (r != 0) {
		fd_close(st[0].fd);
		fd_close(st[1].fd);
		return err_set(e, r, "start %s: %s", QUOTE(s->path), strerror(r));
	}
	streams_read(st, 2);
	r = reap(pid, e);
	if (s->out_length)
		*s->out_length = st[0].used;
	if (r >= 0 && st[0].cut)
		return err_set(e, EFBIG, "%s printed more than was expected", QUOTE(s->path));
	return r;
}

/* The text behind "NAME: ", or NULL. */
static char *behind_name(char *text, const char *name)
{
	size_t n = strlen(name);

	return text && text_starts(text, name) && text_starts(text + n, ": ") ? text + n + 2 : NULL;
}

int spawn_sentence(const char *name, char *errors, int status, struct err *e)
{
	static const char hint[] = "hint: ";
	char *nl = strchr(errors, '\n'), *said, *more;

	if (nl)
		*nl++ = '\0';
	said = behind_name(errors, name);
	if (!said)
		said = errors;
	if (*said)
		err_set(e, EPERM, "%s", QUOTE(said));
	else
		err_set(e, EPERM, "%s ended with status %d and said nothing", name, status);
	more = behind_name(nl, name);
	if (!more || !text_starts(more, hint))
		return -e->code;
	more[strcspn(more, "\n")] = '\0';
	return err_hint(e, "%s", QUOTE(more + strlen(hint)));
}

int spawn_missing(const char *path, const char *what, struct err *e)
{
	err_set(e, ENOENT, "%s is not there, which %s", path, what);
	return err_hint(e, "install croft again, with this program");
}

int spawn_ours(const struct spawn *s, const char *what, struct err *e)
{
	int status = spawn_run(s, e);

	if (status == -ENOENT)
		return spawn_missing(s->path, what, e);
	return status > 0 ? spawn_sentence(s->argv[0], s->errors, status, e) : status;
}
