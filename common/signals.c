#include "common/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void remember(int sig)
{
	caught = sig;
}

void signals_install(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT}, errors[] = {SIGPIPE, SIGXFSZ};
	struct sigaction sa = {.sa_handler = remember}, old;

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		sigaction(errors[i], &sa, NULL);
}

bool signals_caught(void)
{
	return caught != 0;
}

void signals_end(void)
{
	const struct sigaction dfl = {.sa_handler = SIG_DFL};
	int sig = caught;

	if (!sig)
		return;
	sigaction(sig, &dfl, NULL);
	raise(sig);
}
