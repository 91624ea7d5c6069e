/*
 * croft-import -q|-s|-v PARENT LOCK NAME WORD ... - the program behind `croft root import`, which starts it
 * as root of a user namespace, in the directory that is to be the root, or a layer of it. LOCK is a
 * descriptor that is to stay open until the end, PARENT the process that must live, NAME that of the root.
 * Its messages are croft's. WORD is one step of the work, in a process of its own:
 *
 *   archive MAX-SIZE                   standard input, a tar archive, becomes the root
 *   image [TAG]                        standard input, the directory of an OCI image layout: prints what the
 *                                      image is made of: lines "layer DIGEST SIZE DIFF-ID", "runs WORDS"
 *   layer MAX-SIZE DIGEST SIZE DIFF-ID standard input becomes a layer; prints "bytes N"
 *   merge STORE LAYER...               the layers in the directory that descriptor STORE is become the root,
 *                                      which shares their files
 *   copy STORE LAYER...                the same with files of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/import/blob.h"
#include "frontend/import/jail.h"
#include "frontend/import/merge.h"
#include "frontend/import/unpack.h"

enum { ARGS = 6, STDIN = 0, LINE_MAX_OUT = LAYOUT_RUNS_MAX + 16 };

struct work {
	const char *name;
	char **arg; /* behind WORD */
	int nargs;
	int lock;
	bool quiet, verbose;
};

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

/* Should: standard descriptors, the lock, and what else the step was given are all that is open. */
static int close_others(const struct work *w, int other, struct err *e)
{
	const int low = other >= 0 && other < w->lock ? other : w->lock;
	const int keep[] = {low, low == other ? w->lock : other};

	return fd_close_range_but(3, ~0u, keep, other >= 0 ? 2 : 1) < 0
		       ? err_set(e, EBADF, "close other descriptors")
		       : 0;
}

static int say(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int say(struct err *e, const char *fmt, ...)
{
	char line[LINE_MAX_OUT];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r = fd_write_all(STDOUT_FILENO, line, strlen(line));
	return r < 0 ? err_set(e, -r, "tell croft what was found: %s", strerror(-r)) : 0;
}

/* --- archive, layer ----------------------------------------------------------------------------------------
 */

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

static int unpack(const struct work *w, struct unpack *u, struct err *e)
{
	int r;

	if (text_u64(w->arg[0], &u->max_size) < 0)
		return usage(e);
	settle_locale();
	progress_start(&u->progress, w->quiet, w->verbose, 0);
	r = close_others(w, -1, e) < 0 || owners_read(&u->owners, e) < 0 || jail_enter(JAIL_OWNER_CAPS, e) < 0
		    ? -e->code
		    : unpack_archive(u, e);
	progress_clear(&u->progress);
	return r;
}

static int do_archive(const struct work *w, struct err *e)
{
	static struct unpack u = {.archive = STDIN};

	if (unpack(w, &u, e) < 0)
		return -e->code;
	progress_summary(&u.progress, "croft", w->name);
	notes(&u);
	return 0;
}

static int do_layer(const struct work *w, struct err *e)
{
	static struct layer layer;
	static struct unpack u = {.archive = STDIN, .layer = &layer};

	if (digest_parse(w->arg[1], &layer.digest, e) < 0 || digest_parse(w->arg[3], &layer.diff, e) < 0)
		return -e->code;
	if (text_u64(w->arg[2], &layer.size) < 0)
		return usage(e);
	if (chmod(".", 0755 | MERGE_IMPLIED) < 0)
		return err_sys(e, "set the mode of the layer's directory");
	if (unpack(w, &u, e) < 0)
		return err_wrap(e, "layer %.12s", layer.digest.hex);
	notes(&u);
	return say(e, "bytes %" PRIu64 "\n", u.bytes);
}

/* --- image
 * -------------------------------------------------------------------------------------------------- */

static int do_image(const struct work *w, struct err *e)
{
	static struct layout_image image;
	struct layout_want want = {.tag = w->nargs ? w->arg[0] : NULL};
	struct utsname u;

	if (uname(&u) < 0)
		return err_sys(e, "ask for the machine");
	want.architecture = layout_architecture(u.machine);
	if (close_others(w, -1, e) < 0 || jail_enter(0, e) < 0 ||
	    blob_read_image(STDIN, &want, w->name, &image, e) < 0)
		return -e->code;
	for (uint32_t i = 0; i < image.nlayers; i++) {
		const struct layout_layer *l = &image.layer[i];
		char digest[DIGEST_TEXT_MAX], diff[DIGEST_TEXT_MAX];

		if (say(e, "layer %s %" PRIu64 " %s\n", digest_text(&l->blob.digest, digest), l->blob.size,
			digest_text(&l->diff, diff)) < 0)
			return -e->code;
	}
	return say(e, "runs %s\n", QUOTE(image.runs));
}

/* --- merge
 * -------------------------------------------------------------------------------------------------- */

/* The directory of merge.h for copies, beside the root. */
static int make_copies(struct err *e)
{
	static const char path[] = "../copies";
	int fd = mkdir(path, 0700) < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "make a directory beside that of the root") : fd;
}

static int put_layers(const struct work *w, bool copy, struct err *e)
{
	fd_auto int root = -1, copies = -1;
	struct progress p;
	uint32_t store;

	if (text_u32(w->arg[0], &store) < 0)
		return usage(e);
	if (close_others(w, (int)store, e) < 0)
		return -e->code;
	/* Opened before the jail is: a hard link does not lead from one mount to another. */
	root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the directory of the root");
	copies = copy ? make_copies(e) : -1;
	if (copy && copies < 0)
		return copies;
	progress_start(&p, w->quiet, w->verbose, 0);
	if (jail_enter(JAIL_OWNER_CAPS, e) < 0)
		return -e->code;
	for (int i = 1; i < w->nargs; i++)
		if (merge_layer((int)store, w->arg[i], root, copies, &p, e) < 0) {
			progress_clear(&p);
			return err_wrap(e, "layer %d of the image", i);
		}
	progress_clear(&p);
	if (!copy && merge_finish(root, e) < 0)
		return -e->code;
	progress_summary(&p, "croft", w->name);
	return 0;
}

static int do_merge(const struct work *w, struct err *e)
{
	return put_layers(w, false, e);
}

static int do_copy(const struct work *w, struct err *e)
{
	return put_layers(w, true, e);
}

/* ------------------------------------------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	int min, max;
	int (*run)(const struct work *w, struct err *e);
} word[] = {{"archive", 1, 1, do_archive},
	    {"image", 0, 1, do_image},
	    {"layer", 4, 4, do_layer},
	    {"merge", 2, 1 + LAYOUT_LAYERS_MAX, do_merge},
	    {"copy", 2, 1 + LAYOUT_LAYERS_MAX, do_copy}};

static int begin(char *argv[], struct work *w, struct err *e)
{
	uint32_t parent, lock;

	if (argv[1][0] != '-' || text_u32(argv[2], &parent) < 0 || text_u32(argv[3], &lock) < 0)
		return usage(e);
	w->quiet = argv[1][1] == 'q';
	w->verbose = argv[1][1] == 'v';
	w->lock = (int)lock;
	if (tie(parent, e) < 0)
		return -e->code;
	umask(022);
	/* Who reads a hostile archive has no terminal to type into. */
	return setsid() < 0 ? err_sys(e, "start a session") : 0;
}

static int work(int argc, char *argv[], struct err *e)
{
	struct work w = {.name = argc >= ARGS ? argv[4] : "", .arg = argv + ARGS, .nargs = argc - ARGS};

	for (size_t i = 0; argc >= ARGS && i < sizeof(word) / sizeof(word[0]); i++)
		if (!strcmp(argv[5], word[i].name) && w.nargs >= word[i].min && w.nargs <= word[i].max)
			return begin(argv, &w, e) < 0 ? -e->code : word[i].run(&w, e);
	return usage(e);
}

int main(int argc, char *argv[])
{
	struct err e;
	int r = fd_fill_std();

	if (r < 0)
		r = err_set(&e, -r, "open /dev/null for a missing standard descriptor");
	signals_install();
	if (r == 0)
		r = work(argc, argv, &e);
	signals_end();
	if (r < 0) {
		err_print(&e, "croft");
		return err_exit_status(&e);
	}
	return 0;
}
