/* What somebody asks the policy for, from words: for `explain` and `test`. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/policy_tools.h"
#include "policy/object.h"
#include "policy/rule.h"

/* Takes one of the comma-separated options s[0..n) into the request. */
static bool take_option(const char *s, size_t n, struct policy_request *r)
{
	if (r->kind == POLICY_DEVICE)
		return false;
	if (text_is(s, n, "ro"))
		r->rights &= (uint8_t)~RIGHT_WRITE;
	else if (text_is(s, n, "noexec") && r->kind == POLICY_VOLUME)
		r->rights &= (uint8_t)~RIGHT_EXEC;
	else if (text_is(s, n, "submounts"))
		r->submounts = true;
	else if (text_is(s, n, "shared") && r->kind == POLICY_ROOT)
		r->shared = true;
	else if (text_is(s, n, "overlay") && r->kind == POLICY_ROOT)
		r->overlay = true;
	else if (!text_is(s, n, "rw"))
		return false;
	return true;
}

/* The options behind the last colon. Unless every one is known, the colon belongs to the path. */
static bool take_options(const char *s, struct policy_request *r)
{
	struct policy_request with = *r;

	for (;;) {
		size_t n = strcspn(s, ",");

		if (!take_option(s, n, &with))
			return false;
		if (!s[n])
			break;
		s += n + 1;
	}
	*r = with;
	return true;
}

static int split_options(const char *arg, struct policy_request *r, char *path, struct err *e)
{
	const char *colon = strrchr(arg, ':');
	size_t n = colon && take_options(colon + 1, r) ? (size_t)(colon - arg) : strlen(arg);

	if (n >= TOOL_PATH_MAX)
		return err_set(e, ENAMETOOLONG, "a path of more than %d bytes", TOOL_PATH_MAX - 1);
	memcpy(path, arg, n);
	path[n] = '\0';
	return 0;
}

static int resolve(const char *name, struct asked *ask, struct err *e)
{
	fd_auto int fd = fd_openat2(AT_FDCWD, name, O_PATH, 0, RESOLVE_NO_MAGICLINKS);
	int r;

	if (fd < 0)
		return err_sys(e, "%s %s", policy_kind_word[ask->r.kind], QUOTE(name));
	r = policy_object(fd, ask->path, sizeof(ask->path), &ask->r, e);
	return r < 0 ? err_wrap(e, "%s %s", policy_kind_word[ask->r.kind], QUOTE(name)) : 0;
}

static int ask_path(const char *arg, bool by_name, struct asked *ask, struct err *e)
{
	char name[TOOL_PATH_MAX];
	int r;

	ask->r.rights = ask->r.kind == POLICY_DEVICE ? 0 : RIGHT_WRITE | RIGHT_EXEC;
	r = split_options(arg, &ask->r, name, e);
	if (r < 0)
		return r;
	r = resolve(name, ask, e);
	if (r == 0 || !by_name)
		return r;
	if (path_clean(name, ask->path, sizeof(ask->path)) < 0)
		return err_set(e, EINVAL, "%s: expected an absolute path without ..", QUOTE(name));
	ask->by_name = true;
	ask->r.object = ask->r.kind == POLICY_DEVICE ? OBJECT_DEVICE : OBJECT_DIRECTORY;
	return 0;
}

static int ask_word(const char *arg, struct asked *ask, struct err *e)
{
	const enum policy_kind kind = (enum policy_kind)ask->r.kind;

	ask->r.value = policy_word(kind, arg);
	if (!ask->r.value)
		return err_set(e, EINVAL, "%s: expected %s, found '%s'", policy_kind_word[kind],
			       policy_kind_words[kind].expected, QUOTE(arg));
	return 0;
}

int asked_parse(const char *kind, const char *arg, bool by_name, struct asked *ret, struct err *e)
{
	unsigned k = 0;

	*ret = (struct asked){.by_name = false};
	while (k < POLICY_KIND_COUNT && strcmp(kind, policy_kind_word[k]) != 0)
		k++;
	ret->r.kind = (uint8_t)k;
	ret->r.value = ret->path;
	switch ((enum policy_kind)k) {
	case POLICY_VOLUME:
	case POLICY_DEVICE:
		return ask_path(arg, by_name, ret, e);
	case POLICY_ROOT:
		if (strchr(arg, '/'))
			return ask_path(arg, by_name, ret, e);
		if (strcmp(arg, "host") != 0)
			return err_set(e, EINVAL, "root: expected host or a path with a slash, found '%s'",
				       QUOTE(arg));
		ret->r.rights = RIGHT_WRITE | RIGHT_EXEC;
		ret->r.value = "host";
		return 0;
	case POLICY_IDS:
	case POLICY_NETWORK:
	case POLICY_SECCOMP:
	case POLICY_LANDLOCK:
	case POLICY_PROC:
	case POLICY_USERNS:
	case POLICY_CAPABILITY:
		return ask_word(arg, ret, e);
	case POLICY_KIND_COUNT:
		break;
	}
	return err_set(e, EINVAL, "expected %s, found '%s'", policy_kinds_expected, QUOTE(kind));
}
