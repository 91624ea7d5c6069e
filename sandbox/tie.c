#include "sandbox/tie.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int tie_to_parent(int sock, struct err *e)
{
	struct pollfd end = {.fd = sock};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "tie the sandbox to its parent");
	if (poll(&end, 1, 0) < 0)
		return err_sys(e, "look whether the parent of the sandbox lives");
	/* HUP, whatever it left unread. */
	if (end.revents & POLLHUP)
		_exit(EXIT_CROFT);
	return 0;
}
