/* Three steps of croft-import, each in a process of its own: `image` reads what the layout says, `layer`
 * unpacks one that is not there yet, `merge` links the layers into a root, or `copy` copies them. What a step
 * prints is not believed more than the layout itself. */
#include "frontend/import_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/layers.h"
#include "frontend/mapped.h"

enum { LINE_BYTES = 2 * DIGEST_TEXT_MAX + 32, OUT_MAX = LAYERS_MAX * LINE_BYTES + 4096 };

struct layer {
	struct digest digest, diff;
	uint64_t size;
};

struct image {
	struct import *i;
	struct layers store;
	const char *tag; /* NULL: none */
	uint64_t left;   /* of --max-size */
	size_t nlayers;
	struct layer layer[LAYERS_MAX];
	char key[LAYERS_MAX][LAYERS_KEY_MAX];
	const char *runs;
};

/* --- what the layout says ----------------------------------------------------------------------------------
 */

static int unexpected(const char *line, struct err *e)
{
	return err_set(e, EBADMSG, "croft-import says something unexpected: %s", QUOTE(line));
}

static int take_layer(struct image *m, char *line, struct err *e)
{
	char *save = NULL, *digest = strtok_r(line, " ", &save), *size = strtok_r(NULL, " ", &save),
	     *diff = strtok_r(NULL, " ", &save);
	struct layer *l = &m->layer[m->nlayers];

	if (m->nlayers == LAYERS_MAX || !digest || !diff || text_u64(size, &l->size) < 0)
		return unexpected("a layer", e);
	if (digest_parse(digest, &l->digest, e) < 0 || digest_parse(diff, &l->diff, e) < 0 ||
	    layers_key(&l->diff, m->key[m->nlayers], e) < 0)
		return -e->code;
	m->nlayers++;
	return 0;
}

static int take_lines(struct image *m, char *text, struct err *e)
{
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (text_starts(line, "runs "))
			m->runs = line + strlen("runs ");
		else if (!text_starts(line, "layer "))
			return unexpected(line, e);
		else if (take_layer(m, line + strlen("layer "), e) < 0)
			return -e->code;
	}
	return m->nlayers ? 0 : unexpected("no layer", e);
}

static int read_layout(struct image *m, struct err *e)
{
	static char out[OUT_MAX];
	const char *const words[] = {"image", m->tag, NULL};
	const struct import_step step = {.where = &m->i->staging,
					 .input = m->i->input,
					 .word = words,
					 .out = out,
					 .out_size = sizeof(out)};

	return import_run(m->i, &step, e) < 0 ? -e->code : take_lines(m, out, e);
}

/* --- layers ------------------------------------------------------------------------------------------------
 */

static int open_blob(const struct image *m, const struct layer *l, struct err *e)
{
	char path[DIGEST_PATH_MAX];
	fd_auto int fd =
		fd_openat2(m->i->input, digest_path(&l->digest, path), O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a file", path);
	if ((uint64_t)st.st_size != l->size)
		return err_set(e, EBADMSG, "%s has %jd bytes, and %" PRIu64 " are said to be there", path,
			       (intmax_t)st.st_size, l->size);
	return TAKE_FD(fd);
}

static int unpack_layer(struct image *m, const struct layer *l, int blob, const struct staging *s,
			struct err *e)
{
	char out[64], digest[DIGEST_TEXT_MAX], diff[DIGEST_TEXT_MAX], size[24], left[24];
	const char *const words[] = {"layer", left, digest, size, diff, NULL};
	const struct import_step step = {
		.where = s, .input = blob, .word = words, .out = out, .out_size = sizeof(out)};
	uint64_t bytes;

	snprintf(left, sizeof(left), "%" PRIu64, m->left);
	snprintf(size, sizeof(size), "%" PRIu64, l->size);
	digest_text(&l->digest, digest);
	digest_text(&l->diff, diff);
	if (import_run(m->i, &step, e) < 0)
		return -e->code;
	out[strcspn(out, "\n")] = '\0';
	if (!text_starts(out, "bytes ") || text_u64(out + strlen("bytes "), &bytes) < 0 || bytes > m->left)
		return unexpected(out, e);
	m->left -= bytes;
	return 0;
}

/* Should: the layer is there under its name and whole, or nothing of it is. */
static int make_layer(struct image *m, size_t n, struct err *e)
{
	fd_auto int blob = open_blob(m, &m->layer[n], e);
	struct staging s;
	struct stat st;
	struct err second;
	int r;

	if (blob < 0)
		return blob;
	if (fstatat(m->store.store, m->key[n], &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = staging_make(m->store.store, "layer", &s, e);
	if (r < 0)
		return r;
	r = unpack_layer(m, &m->layer[n], blob, &s, e);
	if (r == 0)
		r = staging_publish(&s, m->key[n], e);
	if (staging_end(&s, &second) < 0)
		note_print("croft", "%s", second.msg);
	return r;
}

static int merge(struct image *m, struct err *e)
{
	const char *words[LAYERS_MAX + 3] = {m->i->copy ? "copy" : "merge"};
	const struct import_step step = {.where = &m->i->staging, .input = -1, .word = words};
	char store[16];

	snprintf(store, sizeof(store), "%d", m->store.store);
	if (fcntl(m->store.store, F_SETFD, 0) < 0)
		return err_sys(e, "pass the directory of the layers on");
	words[1] = store;
	for (size_t i = 0; i < m->nlayers; i++)
		words[i + 2] = m->key[i];
	return import_run(m->i, &step, e);
}

/* --- the whole ---------------------------------------------------------------------------------------------
 */

static int make_root(void *ctx, struct err *e)
{
	struct image *m = ctx;
	struct err second;

	if (read_layout(m, e) < 0)
		return -e->code;
	for (size_t i = 0; i < m->nlayers; i++)
		if (make_layer(m, i, e) < 0)
			return -e->code;
	if (merge(m, e) < 0 || staging_publish(&m->i->staging, m->i->name, e) < 0)
		return -e->code;
	/* Afterwards, since the name may be another root's by now; without it layers are unpacked again. */
	if (!m->i->copy && layers_record(&m->store, m->i->name, m->key, m->nlayers, &second) < 0)
		note_print("croft", "%s", second.msg);
	if (m->runs && !m->i->quiet)
		note_print("croft", "%s: the image would run: croft run %s", QUOTE(m->i->name), m->runs);
	return 0;
}

static int grow(struct image *m, int roots, struct err *e)
{
	struct err second;
	int r;

	staging_sweep(roots);
	r = layers_open(roots, &m->store, e);
	if (r < 0)
		return r;
	r = staging_make(roots, m->i->name, &m->i->staging, e);
	if (r == 0) {
		r = mapped_run(m->i->map, "unpack", make_root, m, e);
		if (staging_end(&m->i->staging, &second) < 0)
			note_print("croft", "%s", second.msg);
	}
	layers_close(&m->store);
	return r;
}

int import_image(struct import *i, int roots, struct err *e)
{
	static struct image m;
	const char *place = i->file + strlen(IMPORT_IMAGE_PREFIX);
	const size_t size = strcspn(place, ":");
	char dir[PLAN_PATH_MAX];

	m.i = i;
	m.left = i->max_size;
	m.tag = place[size] ? place + size + 1 : NULL;
	if (size >= sizeof(dir))
		return err_set(e, ENAMETOOLONG, "the path of the layout is longer than %d bytes",
			       PLAN_PATH_MAX - 1);
	snprintf(dir, sizeof(dir), "%.*s", (int)size, place);
	i->input = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (i->input < 0)
		return err_sys(e, "open the image layout %s", QUOTE(dir));
	return grow(&m, roots, e);
}
