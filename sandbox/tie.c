#include "sandbox/tie.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int tie_to_parent(int sock, struct err *e)
{
	char c;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "tie the sandbox to its parent");
	if (recv(sock, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(EXIT_CROFT);
	return 0;
}
