/*
 * croft-import -q|-s|-v PARENT LOCK MAX-SIZE NAME - the program behind `croft root import`, which starts it
 * as root of a user namespace, in the empty directory that is to be the root. Standard input is the archive;
 * LOCK is a descriptor that is to stay open until the end, PARENT the process that must live. Its messages
 * are croft's.
 */
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/import/jail.h"
#include "frontend/import/unpack.h"

enum { ARGS = 6, STDIN = 0 };

static int usage(struct err *e)
{
	err_set(e, EINVAL, "croft-import: unexpected arguments");
	return err_hint(e, "this program is started by 'croft root import'");
}

static int tie(uint32_t parent, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "have the end of croft noticed");
	return (uint32_t)getppid() == parent ? 0 : err_set(e, ECANCELED, "croft is gone");
}

/* Names of an archive are bytes, or UTF-8: libarchive converts them by the locale. What iconv(3) loads for
 * that is loaded now, while the system's own files can be seen. */
static void settle_locale(void)
{
	iconv_t cd;

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return;
	cd = iconv_open("UTF-8", "UTF-8");
	if (cd != (iconv_t)-1)
		iconv_close(cd);
}

static int prepare(int argc, char *argv[], struct unpack *u, struct err *e)
{
	const char mode = argc == ARGS && argv[1][0] == '-' ? argv[1][1] : 0;
	uint32_t parent, lock;

	if (!mode || text_u32(argv[2], &parent) < 0 || text_u32(argv[3], &lock) < 0 ||
	    text_u64(argv[4], &u->max_size) < 0)
		return usage(e);
	if (tie(parent, e) < 0)
		return -e->code;
	/* Who reads a hostile archive has no terminal to type into. */
	if (setsid() < 0)
		return err_sys(e, "start a session");
	if (fd_close_range_but(3, ~0u, &(int){(int)lock}, 1) < 0)
		return err_set(e, EBADF, "close other descriptors");
	umask(022);
	settle_locale();
	progress_start(&u->progress, mode == 'q', mode == 'v', 0);
	return owners_read(&u->owners, e) < 0 ? -e->code : jail_enter(e);
}

static void notes(const struct unpack *u)
{
	if (u->progress.mode == PROGRESS_QUIET)
		return;
	if (u->absolute)
		note_print("croft", "%llu names began with '/', which is the root here",
			   (unsigned long long)u->absolute);
	if (u->devices)
		note_print("croft", "%llu devices, FIFOs and sockets outside dev/ were left out",
			   (unsigned long long)u->devices);
	if (u->attributes)
		note_print("croft",
			   "%llu files lost extended attributes, which this file system does not have",
			   (unsigned long long)u->attributes);
}

int main(int argc, char *argv[])
{
	static struct unpack u = {.archive = STDIN};
	struct err e;
	int r = fd_fill_std();

	if (r < 0)
		r = err_set(&e, -r, "open /dev/null for a missing standard descriptor");
	signals_install();
	if (r == 0)
		r = prepare(argc, argv, &u, &e);
	if (r == 0)
		r = unpack_archive(&u, &e);
	progress_clear(&u.progress);
	signals_end();
	if (r < 0) {
		err_print(&e, "croft");
		return err_exit_status(&e);
	}
	progress_summary(&u.progress, "croft", argv[ARGS - 1]);
	notes(&u);
	return 0;
}
