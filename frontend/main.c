#include <string.h>

#include "common/err.h"
#include "common/fd.h"
#include "frontend/verb.h"

int main(int argc, char *argv[])
{
	static struct err e;
	int r = fd_fill_std();

	if (r < 0) {
		/* Heard where only another of the three is closed. */
		err_set(&e, -r, "open /dev/null in the place of a standard descriptor that is closed: %s",
			strerror(-r));
		err_print(&e, "croft");
		return EXIT_CROFT;
	}
	r = verb_croft.run(argc, argv, &e);
	if (r >= 0)
		return r;
	err_print(&e, "croft");
	return err_exit_status(&e);
}
