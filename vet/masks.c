#include "vet/masks.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"
#include "policy/decide.h"
#include "sandbox/mask.h"

struct finding {
	const char *what; /* "volume /home/alice:/mnt", for messages */
	const char *path; /* of the object */
	int fd;           /* of it */
	struct arena *a;
	const char *place[MASKS_MAX]; /* below it */
	uint32_t n;
	struct err *e;
};

static int check_place(const struct finding *f, const struct policy_rule *rule, const char *place,
		       const char *below)
{
	fd_auto int fd = mask_place(f->fd, below, f->e);

	if (fd >= 0)
		return 0;
	if (fd == -ENOENT)
		err_set(f->e, ENOENT, "%s is not there to be covered", QUOTE(place));
	err_wrap(f->e, "%s: mask of %s:%u", QUOTE(f->what), QUOTE(rule->file), rule->line);
	if (fd == -ENOENT)
		err_hint(f->e, "make it, empty; or ask for less than %s", QUOTE(f->path));
	return -f->e->code;
}

static int find_mask(void *ctx, const struct policy_rule *rule, const char *place)
{
	struct finding *f = ctx;
	const char *below = place + strlen(f->path);
	int r;

	below += *below == '/'; /* but for the object / */
	for (uint32_t i = 0; i < f->n; i++)
		if (!strcmp(f->place[i], below))
			return 0;
	r = check_place(f, rule, place, below);
	if (r < 0)
		return r;
	if (f->n == MASKS_MAX)
		return err_set(f->e, E2BIG, "%s: more than %d places below it are to be covered",
			       QUOTE(f->what), MASKS_MAX);
	f->place[f->n] = arena_copy(f->a, below, strlen(below));
	return f->place[f->n++] ? 0 : err_set(f->e, ENOMEM, "too many volumes");
}

/* What lies in another place that is covered could not be reached any more. */
static bool is_covered(const struct finding *f, const char *place)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (text_starts(place, f->place[i]) && place[strlen(f->place[i])] == '/')
			return true;
	return false;
}

static int put_masks(const struct finding *f, struct sandbox_masks *ret)
{
	const char **place = arena_array(f->a, f->n, sizeof(*place));
	uint32_t n = 0;

	if (!place)
		return err_set(f->e, ENOMEM, "too many volumes");
	for (uint32_t i = 0; i < f->n; i++)
		if (!is_covered(f, f->place[i]))
			place[n++] = f->place[i];
	*ret = (struct sandbox_masks){.place = place, .n = n};
	return 0;
}

int masks_find(const struct policy *policy, const struct policy_caller *caller,
	       const struct policy_request *r, int fd, const char *what, struct arena *a,
	       struct sandbox_masks *ret, struct err *e)
{
	struct finding f = {.what = what, .path = r->value, .fd = fd, .a = a, .e = e};
	int bad = policy_masks(policy, caller, r, find_mask, &f);

	return bad == 0 && f.n ? put_masks(&f, ret) : bad;
}
