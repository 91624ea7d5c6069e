/*
 * croft-root [-fqv] DIR COMMAND... - the program behind `croft root build`, which has checked the options and
 * turned the name of a root into a path. Its messages are croft's.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/rootbuild/build.h"
#include "common/signals.h"

static int parse(int argc, char *argv[], struct build *ret, struct err *e)
{
	struct build b = {.force = false};
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+fqv")) != -1) {
		if (c == '?') {
			err_set(e, EINVAL, "unknown option");
			return err_hint(e, "this program is started by 'croft root build'");
		}
		b.force = b.force || c == 'f';
		b.quiet = b.quiet || c == 'q';
		b.verbose = b.verbose || c == 'v';
	}
	if (argc - optind < 2)
		return err_set(e, EINVAL, "a directory and at least one command are needed");
	b.dir = argv[optind];
	b.command = (const char *const *)(argv + optind + 1);
	b.ncommands = argc - optind - 1;
	*ret = b;
	return 0;
}

int main(int argc, char *argv[])
{
	struct build b;
	struct err e;
	int r = fd_fill_std();

	if (r < 0)
		r = err_set(&e, -r, "open /dev/null for a missing standard descriptor");
	umask(022);
	signals_install();
	if (r == 0)
		r = parse(argc, argv, &b, &e);
	if (r == 0)
		r = build_root(&b, &e);
	signals_end();
	if (r < 0) {
		err_print(&e, "croft");
		return err_exit_status(&e);
	}
	return 0;
}
