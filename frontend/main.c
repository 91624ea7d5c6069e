#include "common/err.h"
#include "common/fd.h"
#include "frontend/verb.h"

int main(int argc, char *argv[])
{
	static struct err e;
	int r = fd_fill_std();

	if (r < 0)
		return EXIT_CROFT;
	r = verb_croft.run(argc, argv, &e);
	if (r >= 0)
		return r;
	err_print(&e, "croft");
	return err_exit_status(&e);
}
