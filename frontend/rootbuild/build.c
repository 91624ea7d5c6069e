#include "frontend/rootbuild/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "frontend/rootbuild/extras.h"
#include "frontend/rootbuild/manifest.h"
#include "frontend/rootbuild/needs.h"
#include "frontend/rootbuild/place.h"
#include "common/progress.h"
#include "frontend/rootbuild/search.h"
#include "common/signals.h"
#include "frontend/rootbuild/skeleton.h"
#include "frontend/rootbuild/target.h"

#define ARENA_BYTES ((size_t)512 << 20) /* of address space; used are a few MiB */

/* What PATH is where nobody says: execvp(3) without the current directory. */
static const char default_path[] = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/* A sandbox mounts file systems of its own here: what lies below is not seen. */
static const char *const hidden[] = {"/dev", "/proc", "/run", "/sys", "/tmp"};

static int interrupted(struct err *e)
{
	return err_set(e, EINTR, "stopped by a signal");
}

static int collect_commands(struct needs *n, const struct build *b, struct err *e)
{
	for (int i = 0; i < b->ncommands; i++) {
		int r = needs_command(n, b->command[i], e);

		if (r < 0)
			return r;
		if (signals_caught())
			return interrupted(e);
	}
	return extras_add(n, getenv("TERM"), e);
}

static int collect(const struct build *b, struct arena *a, struct manifest **ret, struct err *e)
{
	const char *path = getenv("PATH");
	struct search *search = arena_alloc(a, sizeof(*search));
	struct manifest *m = NULL;
	struct needs n;
	int r = search ? search_open(search, a, "/etc/ld.so.cache", "/etc/ld.so.conf", e)
		       : err_set(e, ENOMEM, "no memory to look for libraries");

	if (r == 0)
		r = manifest_new(a, &m, e);
	if (r == 0)
		r = skeleton_directories(m, e);
	if (r == 0)
		r = needs_init(&n, a, m, search, path ? path : default_path, e);
	if (r == 0)
		r = collect_commands(&n, b, e);
	if (r == 0)
		r = skeleton_texts(m, e);
	if (r == 0)
		*ret = m;
	return r;
}

static void note_hidden(const struct manifest *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		for (size_t k = 0; k < sizeof(hidden) / sizeof(hidden[0]); k++)
			if (m->entry[i].kind == MANIFEST_FILE && path_covers(hidden[k], m->entry[i].path)) {
				note_print(
					"croft",
					"note: %s will not be seen in a sandbox, which has a %s of its own",
					QUOTE(m->entry[i].path), hidden[k]);
				return;
			}
}

static bool watch(void *ctx, uint64_t bytes)
{
	progress_bytes(ctx, bytes);
	return signals_caught();
}

static int make_entry(const struct target *t, const struct manifest_entry *entry, struct progress *p,
		      struct err *e)
{
	int r;

	if (signals_caught())
		return interrupted(e);
	if (entry->kind == MANIFEST_FILE)
		progress_file(p, entry->path + 1);
	r = target_make(t, entry, e);
	if (r == 0 && entry->kind == MANIFEST_FILE)
		progress_done(p, entry->size);
	return r;
}

static int fill(const struct build *b, int fd, const struct manifest *m, struct progress *p, struct err *e)
{
	const struct target t = {.fd = fd, .watch = watch, .ctx = p};
	uint32_t files = 0;
	int r = 0;

	for (uint32_t i = 0; i < m->count; i++)
		files += m->entry[i].kind == MANIFEST_FILE;
	progress_start(p, b->quiet, b->verbose, files);
	for (uint32_t i = 0; i < m->count && r == 0; i++)
		r = make_entry(&t, &m->entry[i], p, e);
	progress_clear(p);
	if (r == -ENOSPC || r == -EDQUOT)
		err_hint(e, "the file system that %s lies on has no room left for you", QUOTE(b->dir));
	return r;
}

static int build_in(const struct build *b, struct place *place, struct err *e)
{
	struct progress progress;
	struct manifest *m = NULL;
	struct arena a;
	int r = mem_arena(ARENA_BYTES, &a);

	if (r < 0)
		return err_set(e, -r, "reserve memory: %s", strerror(-r));
	r = collect(b, &a, &m, e);
	if (r == 0 && !b->quiet)
		note_hidden(m);
	if (r == 0)
		r = place_open(place, e);
	if (r == 0)
		r = fill(b, place->fd, m, &progress, e);
	if (r == 0)
		r = place_commit(place, e);
	if (r == 0)
		progress_summary(&progress, "croft", b->dir);
	return r;
}

int build_root(const struct build *b, struct err *e)
{
	struct place place;
	int r = place_find(b->dir, b->force, &place, e);

	if (r == 0)
		r = build_in(b, &place, e);
	place_close(&place);
	return r;
}
