#include "helper/shared/start.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/helper_exit.h"

static int failed(struct err *e)
{
	return err_status(e, HELPER_FAILED);
}

static int hide_memory(struct err *e)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
		err_sys(e, "become not dumpable");
		return failed(e);
	}
	return 0;
}

int start_limits(struct err *e)
{
	static const struct rlimit none = {0, 0};
	static const int which[] = {RLIMIT_AS,     RLIMIT_CPU,   RLIMIT_DATA,   RLIMIT_FSIZE,
				    RLIMIT_NOFILE, RLIMIT_STACK, RLIMIT_MEMLOCK};

	if (setrlimit(RLIMIT_CORE, &none) < 0) {
		err_sys(e, "switch core files off");
		return failed(e);
	}
	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		struct rlimit l;

		if (getrlimit(which[i], &l) < 0) {
			err_sys(e, "read a resource limit");
			return failed(e);
		}
		l.rlim_cur = l.rlim_max;
		if (setrlimit(which[i], &l) < 0) {
			err_sys(e, "raise a resource limit");
			return failed(e);
		}
	}
	return 0;
}

static void stop_timers(void)
{
	const struct itimerval off = {.it_value = {0, 0}};

	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
}

static void reset_signals(void)
{
	sigset_t none;

	/* Ignoring first throws away what is pending behind the caller's signal mask. KILL, STOP and the
	 * libc's own cannot be changed, so nothing is checked here. */
	for (int s = 1; s < _NSIG; s++) {
		signal(s, SIG_IGN);
		if (s != SIGPIPE && s != SIGXFSZ)
			signal(s, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int in_order(int r, struct err *e)
{
	if (r == 0)
		return 0;
	err_set(e, -r, "put the descriptors in order: %s", strerror(-r));
	return failed(e);
}

int start_std(struct err *e)
{
	return in_order(fd_fill_std(), e);
}

int start_descriptors(const int *keep, size_t n, struct err *e)
{
	int r = start_std(e);

	return r < 0 ? r : in_order(fd_close_range_but(STDERR_FILENO + 1, UINT_MAX, keep, n), e);
}

int start_clean(struct err *e)
{
	int r = hide_memory(e);

	environ = NULL;
	stop_timers();
	reset_signals();
	umask(077);
	return r;
}
