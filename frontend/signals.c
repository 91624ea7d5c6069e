#include "frontend/signals.h"

#include <stddef.h>
#include <sys/signalfd.h>

/* Passed on to the command. TERM also starts the time to KILL; what was ignored when croft started is not
 * passed on (nohup). */
static const int passed[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
			     SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGWINCH};

int signals_take(bool ignored[NSIG], struct err *e)
{
	static const int left[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE, SIGTRAP,
				   SIGABRT, SIGSYS, SIGTTIN, SIGTTOU};
	struct sigaction dfl = {.sa_handler = SIG_DFL}, ign = {.sa_handler = SIG_IGN}, old;
	sigset_t set;
	int fd;

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		ignored[passed[i]] = sigaction(passed[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN;
	sigaction(SIGCHLD, &dfl, NULL);
	sigaction(SIGPIPE, &ign, NULL);
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		sigdelset(&set, left[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return err_sys(e, "block signals");
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&set, passed[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "make a signalfd") : fd;
}

void signals_stop(pid_t whom)
{
	sigset_t tstp;

	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	kill(whom, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &tstp, NULL); /* here */
	sigprocmask(SIG_BLOCK, &tstp, NULL);
}
