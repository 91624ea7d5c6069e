/*
 * croft-subid USERNAME: prints a user's subordinate ids as libsubid knows them, for hosts whose
 * nsswitch.conf(5) names another source than the files. A program of its own, so that croft itself links no
 * library and loads no NSS module. Lines "uid START COUNT", then "gid START COUNT". Exit status:
 * common/helper_exit.h.
 */
#include <dlfcn.h>
#include <errno.h>
#include <shadow/subid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/ids.h"
#include "common/subid.h"
#include "common/text.h"

static const char program[] = "croft-subid";

#define NSSWITCH "/etc/nsswitch.conf"

enum { LINE_MAX_BYTES = 32 };

typedef int get_ranges(const char *owner, struct subid_range **ranges);

/* All the lines of a user, printed only when nothing went wrong. */
struct lines {
	char text[2 * IDS_RANGES_MAX * LINE_MAX_BYTES];
	size_t used;
};

static int add_range(struct lines *l, const char *kind, const struct subid_range *r, const char *owner,
		     struct err *e)
{
	if (r->start > UINT32_MAX || r->count > UINT32_MAX ||
	    !id_range_valid((uint32_t)r->start, (uint32_t)r->count)) {
		err_set(e, ERANGE, "%s range %lu:%lu of %s is not within 32 bits", kind, r->start, r->count,
			QUOTE(owner));
		return err_status(e, HELPER_REFUSED);
	}
	l->used += (size_t)snprintf(l->text + l->used, sizeof(l->text) - l->used, "%s %lu %lu\n", kind,
				    r->start, r->count);
	return 0;
}

/* libsubid answers a user without ranges with 0 or with -1, and says nothing more about the second. */
static int add_kind(struct lines *l, const char *kind, get_ranges *get, const char *owner, struct err *e)
{
	struct subid_range *range = NULL;
	int n = get(owner, &range), r = 0;

	if (n > IDS_RANGES_MAX) {
		r = err_set(e, E2BIG, "%s has more than %d %s ranges", QUOTE(owner), IDS_RANGES_MAX, kind);
	} else if (n <= 0) {
		err_set(e, ENOENT, "%s has no subordinate ids (%s), or their source does not answer",
			QUOTE(owner), kind);
		r = err_status(e, HELPER_NO_RANGES);
	}
	for (int i = 0; i < n && r == 0; i++)
		r = add_range(l, kind, &range[i], owner, e);
	free(range);
	return r;
}

/*
 * libsubid falls back to the files without saying so in its result when the module of the source cannot be
 * loaded: it is tried first, so that nobody gets the ids of another source than the administrator named.
 */
static int check_module(struct err *e)
{
	static const char *const symbol[] = {"shadow_subid_has_range", "shadow_subid_list_owner_ranges",
					     "shadow_subid_find_subid_owners"};
	char name[SUBID_SOURCE_MAX], file[SUBID_SOURCE_MAX + 16];
	int r = subid_source(NSSWITCH, name, e);
	void *module;

	if (r <= 0)
		return r;
	snprintf(file, sizeof(file), "libsubid_%s.so", name);
	module = strchr(name, '/') ? NULL : dlopen(file, RTLD_LAZY);
	for (size_t i = 0; module && i < sizeof(symbol) / sizeof(symbol[0]); i++)
		if (!dlsym(module, symbol[i])) {
			dlclose(module);
			module = NULL;
		}
	if (!module)
		return err_set(
			e, ENOENT,
			"%s names the source %s of subordinate ids, but its module %s cannot be loaded",
			NSSWITCH, QUOTE(name), QUOTE(file));
	return 0;
}

static int print_ranges(const char *owner, struct err *e)
{
	static struct lines l;
	int r = check_module(e);

	if (r < 0)
		return r;
	if (!subid_init(program, stderr))
		return err_set(e, EIO, "start libsubid");
	r = add_kind(&l, "uid", subid_get_uid_ranges, owner, e);
	if (r == 0)
		r = add_kind(&l, "gid", subid_get_gid_ranges, owner, e);
	if (r < 0)
		return r;
	r = fd_write_all(STDOUT_FILENO, l.text, l.used);
	return r < 0 ? err_set(e, -r, "write the ranges: %s", strerror(-r)) : 0;
}

int main(int argc, char **argv)
{
	struct err e = {.code = 0};

	if (argc != 2) {
		err_set(&e, EINVAL, "usage: croft-subid USERNAME");
		err_print(&e, program);
		return HELPER_USAGE;
	}
	if (print_ranges(argv[1], &e) == 0)
		return HELPER_DONE;
	err_print(&e, program);
	return e.status ? e.status : HELPER_FAILED;
}
