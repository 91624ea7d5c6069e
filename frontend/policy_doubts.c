#include "frontend/policy_doubts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/mem.h"
#include "common/subid.h"
#include "common/text.h"
#include "common/userdb.h"
#include "policy/decide.h"
#include "policy/ids_rule.h"
#include "policy/match.h"
#include "policy/object.h"
#include "policy/rule.h"

enum {
	PAIRS_RULES_MAX = 2000, /* every rule is compared with every other */
	OVERFLOW_UID = 65534,   /* what a user namespace shows for ids that it does not map, root's too */
};

struct doubts {
	const struct policy *p;
	bool enforced; /* it is meant as a boundary */
	doubt_fn *say;
	void *ctx;
};

__attribute__((format(printf, 3, 4))) static void say(const struct doubts *d, const struct policy_rule *rule,
						      const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->say(d->ctx, rule, text);
}

/* ---- one line: its path on this host ---- */

/* The part of a pattern that names one path; %% becomes %. False where there is none: %h, /, a wildcard
 * first. *ret_whole: nothing is behind it. */
static bool fixed_part(const char *pattern, char *ret, size_t size, bool *ret_whole)
{
	const char *c;
	size_t n, used = 0;

	if (pattern[0] != '/')
		return false;
	while ((c = path_next(&pattern, &n))) {
		if (c[0] == '*' || (c[0] == '%' && c[1] != '%'))
			break;
		if (n + 2 > size - used)
			return false;
		ret[used++] = '/';
		for (size_t i = 0; i < n; i++) {
			ret[used++] = c[i];
			if (c[i] == '%')
				i++;
		}
	}
	ret[used] = '\0';
	*ret_whole = !c;
	return used > 0;
}

/* Whether all is said: somebody who is not meant may put another thing into the directory. */
static bool doubt_owner(const struct doubts *d, const struct policy_rule *r, const char *path,
			const struct stat *st)
{
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		say(d, r, "it lies below %s, which others than its owner may write (mode %04o)", QUOTE(path),
		    (unsigned)st->st_mode & 07777);
		return true;
	}
	if (st->st_uid == 0 || st->st_uid == OVERFLOW_UID ||
	    (r->action == POLICY_ALLOW && r->who == WHO_USER && r->id == st->st_uid))
		return false;
	say(d, r, "it lies below %s, which uid %u may write", QUOTE(path), (unsigned)st->st_uid);
	return true;
}

/* What can be allowed and is refused all the same. */
static void doubt_object(const struct doubts *d, const struct policy_rule *r, const char *path, bool whole)
{
	fd_auto int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct policy_request object = {.kind = r->kind};
	char real[PATH_MAX];
	struct err e;

	if (r->action != POLICY_ALLOW || fd < 0 || policy_object(fd, real, sizeof(real), &object, &e) < 0)
		return;
	if (r->kind == POLICY_DEVICE) {
		if (whole && object.object != OBJECT_DEVICE)
			say(d, r, "it can never allow anything: %s is no device", QUOTE(path));
	} else if (object.kernel_fs)
		say(d, r, "it can never allow anything: %s is of a kernel file system (%s)", QUOTE(path),
		    object.kernel_fs);
	else if (whole && object.object == OBJECT_DEVICE)
		say(d, r, "it can never allow anything: %s is a device", QUOTE(path));
	else if (whole && object.object == OBJECT_SOCKET && !(r->conditions & COND_SOCKETS))
		say(d, r, "it allows nothing: %s is a socket or a FIFO, and the line lacks the word sockets",
		    QUOTE(path));
}

/* Whether all is said about a path: it is missing, a link, or may be replaced. */
static bool doubt_component(const struct doubts *d, const struct policy_rule *r, const char *path, bool last)
{
	char real[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			say(d, r, "%s does not exist", QUOTE(path));
		return true; /* what may not be looked at cannot be judged */
	}
	if (S_ISLNK(st.st_mode)) {
		if (realpath(path, real))
			say(d, r,
			    "%s is a symbolic link to %s: requests are compared by their resolved path, so "
			    "this line "
			    "never matches",
			    QUOTE(path), QUOTE(real));
		else
			say(d, r, "%s is a symbolic link: this line never matches", QUOTE(path));
		return true;
	}
	return !last && doubt_owner(d, r, path, &st);
}

static void doubt_path(const struct doubts *d, const struct policy_rule *r)
{
	char path[PATTERN_MAX + 1];
	bool whole;

	if (!fixed_part(r->value, path, sizeof(path), &whole))
		return;
	for (char *p = path; *p;) {
		char kept;

		p += 1 + strcspn(p + 1, "/");
		kept = *p;
		*p = '\0';
		if (doubt_component(d, r, path, !kept))
			return;
		*p = kept;
	}
	doubt_object(d, r, path, whole);
}

static void doubt_everything(const struct doubts *d, const struct policy_rule *r)
{
	if (r->action != POLICY_ALLOW || (strcmp(r->value, "/") != 0 && strcmp(r->value, "/**") != 0))
		return;
	if (r->kind == POLICY_VOLUME && r->rights & RIGHT_WRITE)
		say(d, r, "it allows all of the host to be written");
	else if (d->enforced)
		say(d, r,
		    "it allows all of the host, so little is left for a boundary to keep: name the trees "
		    "that are needed");
}

static void doubt_line(const struct doubts *d, const struct policy_rule *r)
{
	if (!policy_is_path(r))
		return;
	doubt_everything(d, r);
	if (strpbrk(r->value, "?["))
		say(d, r,
		    "? and [ are ordinary characters in a pattern: only * and ** stand for something else");
	doubt_path(d, r);
}

/* ---- two lines ---- */

static bool who_within(const struct policy_rule *inner, const struct policy_rule *outer)
{
	return outer->who == WHO_EVERYONE || (outer->who == inner->who && outer->id == inner->id);
}

static bool value_within(const struct policy_rule *inner, const struct policy_rule *outer)
{
	if (policy_is_path(inner) != policy_is_path(outer))
		return false;
	return policy_is_path(inner) ? pattern_within(inner->value, outer->value)
				     : !strcmp(inner->value, outer->value);
}

static bool subset(unsigned of, unsigned set)
{
	return !(of & ~set);
}

/* Whether outer says already all that inner says. */
static bool says_all(const struct policy_rule *inner, const struct policy_rule *outer)
{
	const unsigned owner = COND_OWNER_CALLER | COND_OWNER_ROOT,
		       grants = COND_SUBMOUNTS | COND_SOCKETS | COND_SHARED | COND_OVERLAY;

	if (inner->action != outer->action || inner->kind != outer->kind || !who_within(inner, outer))
		return false;
	if (inner->action > POLICY_LIMIT) /* two rules for ids that are both valid are about different uids */
		return policy_switch((enum policy_action)inner->action);
	if (inner->action == POLICY_LIMIT)
		return outer->limit <= inner->limit;
	if (!value_within(inner, outer) || !subset(outer->conditions & owner, inner->conditions & owner))
		return false;
	/* What is not covered refuses what lies above it. */
	if (inner->action == POLICY_DENY)
		return subset(outer->rights, inner->rights) &&
		       subset(outer->conditions & COND_MASK, inner->conditions);
	return !outer->tcp && subset(inner->rights, outer->rights) &&
	       subset(inner->conditions & grants, outer->conditions & grants);
}

/* Whether everything that allow could allow is denied. */
static bool denies_all(const struct policy_rule *allow, const struct policy_rule *deny)
{
	return allow->action == POLICY_ALLOW && deny->action == POLICY_DENY && allow->kind == deny->kind &&
	       who_within(allow, deny) && value_within(allow, deny) &&
	       !(deny->conditions & ~(unsigned)COND_MASK) && !deny->rights;
}

static bool lies_below(const struct policy_rule *deny, const struct policy_rule *allow)
{
	return allow->action == POLICY_ALLOW && deny->action == POLICY_DENY && allow->kind == deny->kind &&
	       !(deny->conditions & COND_MASK) && policy_is_path(deny) && policy_is_path(allow) &&
	       (who_within(deny, allow) || who_within(allow, deny)) &&
	       pattern_within(deny->value, allow->value) && !pattern_within(allow->value, deny->value);
}

/* One remark about rule i, the first that applies. */
static void doubt_pairs(const struct doubts *d, size_t i)
{
	const struct policy_rule *r = &d->p->rule[i];

	for (size_t j = 0; j < d->p->nrules; j++) {
		const struct policy_rule *other = &d->p->rule[j];
		const char *file = other->file;

		if (i == j)
			continue;
		if (denies_all(r, other)) {
			say(d, r, "it can never allow anything: %s:%u denies it", QUOTE(file), other->line);
			return;
		}
		/* Of two that say the same, the later one is too many. */
		if (says_all(r, other) && (j < i || !says_all(other, r))) {
			say(d, r, "it adds nothing: %s:%u says it already", QUOTE(file), other->line);
			return;
		}
		if (lies_below(r, other)) {
			say(d, r,
			    "it lies below what %s:%u allows (%s): a volume that holds the denied path is "
			    "refused as "
			    "a whole",
			    QUOTE(file), other->line, QUOTE(other->value));
			return;
		}
	}
}

/* ---- a line ids rule ---- */

static bool anybody_gets_ids(const struct policy *p)
{
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rule[i].action == POLICY_ALLOW && p->rule[i].kind == POLICY_IDS &&
		    !strcmp(p->rule[i].value, "subordinate"))
			return true;
	return false;
}

/* The lines of a file that have ids of a rule. */
struct taken {
	struct id_range region;
	struct id_range first;
	char who[64];
	unsigned lines;
};

static int see_taken(void *ctx, const char *owner, size_t len, const struct id_range *r)
{
	struct taken *t = ctx;

	if (!id_ranges_overlap(r, &t->region))
		return 0;
	if (t->lines++ == 0) {
		t->first = *r;
		snprintf(t->who, sizeof(t->who), "%.*s", (int)len, owner);
	}
	return 0;
}

static void doubt_file(const struct doubts *d, const struct policy_rule *r, const char *file)
{
	struct taken t = {.region = ids_rule_region(r->ids)};
	struct err e;

	if (subid_each(file, see_taken, &t, &e) < 0)
		say(d, r, "whose ids it gives away cannot be seen: %s", e.msg);
	else if (t.lines)
		say(d, r,
		    "%s gives %s the range %u:%u, which are ids of this rule too (%u line%s like that): for "
		    "whom "
		    "the rule computes one of them is refused",
		    file, QUOTE(t.who), t.first.start, t.first.count, t.lines, t.lines == 1 ? "" : "s");
}

/* Who has one of the n ranges of ids in a file of users or groups. */
static bool who_has(const char *file, const struct id_range *range, size_t n, char *name, size_t size,
		    uint32_t *ret_id)
{
	const char *text;
	size_t length;
	struct arena a;
	bool found = false;
	struct err e;

	if (mem_arena(USERDB_BYTES_MAX + 64, &a) < 0)
		return false;
	if (userdb_read(AT_FDCWD, file, 0, &a, &text, &length, &e) == 0)
		found = userdb_id_within(text, length, range, n, name, size, ret_id);
	munmap(a.base, a.size);
	return found;
}

/* Users who are too many for 32 bits. Nobody, 65534, starts no sandbox. */
static void doubt_cut(const struct doubts *d, const struct policy_rule *r)
{
	uint32_t last = ids_rule_last_uid(r->ids), id;
	const uint32_t nobody = 65534;
	struct id_range above[2];
	size_t n = 0;
	char name[64];

	if (r->ids->uid_max == last || last >= ID_NONE - 1)
		return;
	if (last < nobody - 1)
		above[n++] = (struct id_range){last + 1, nobody - 1 - last};
	if (last < nobody)
		last = nobody;
	above[n++] = (struct id_range){last + 1, ID_NONE - 1 - last};
	if (who_has("/etc/passwd", above, n, name, sizeof(name), &id))
		say(d, r, "it has no ids for uid %u (%s): the last uid whose ids end at %u or below is %u",
		    id, QUOTE(name), IDS_RULE_LAST, ids_rule_last_uid(r->ids));
}

static void doubt_ids_rule(const struct doubts *d, const struct policy_rule *r)
{
	const struct id_range region = ids_rule_region(r->ids);
	char name[64];
	uint32_t id;
	struct err e;

	if (!anybody_gets_ids(d->p))
		say(d, r, "it gives nobody anything: no line allows ids subordinate");
	if (subid_other_source("/etc/nsswitch.conf", &e) > 0)
		say(d, r,
		    "it gives nobody anything: nsswitch.conf names another source of subordinate ids than "
		    "files");
	doubt_file(d, r, "/etc/subuid");
	doubt_file(d, r, "/etc/subgid");
	if (who_has("/etc/passwd", &region, 1, name, sizeof(name), &id))
		say(d, r, "uid %u, which is %s in /etc/passwd, is one of its ids", id, QUOTE(name));
	if (who_has("/etc/group", &region, 1, name, sizeof(name), &id))
		say(d, r, "gid %u, which is %s in /etc/group, is one of its ids", id, QUOTE(name));
	doubt_cut(d, r);
}

/* ---- the whole ---- */

static bool uses_home(const struct policy *p)
{
	for (size_t i = 0; i < p->nrules; i++)
		if (policy_is_path(&p->rule[i]) && text_starts(p->rule[i].value, "%h"))
			return true;
	return false;
}

/* Whether the home directory, field 6 of a line of /etc/passwd, is "/". */
static bool home_is_root(const char *line, size_t n)
{
	const char *end = line + n, *s = line;

	for (int field = 1; field < 6; field++) {
		s = memchr(s, ':', (size_t)(end - s));
		if (!s)
			return false;
		s++;
	}
	return end - s >= 2 && s[0] == '/' && s[1] == ':';
}

static void doubt_homes_in(const struct doubts *d, const char *text, size_t size)
{
	const char *end = text + size, *first = NULL;
	unsigned count = 0;
	char name[64];

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (home_is_root(text, n) && count++ == 0)
			first = text;
		text += n + 1;
	}
	if (!first)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(first, ":"), first);
	say(d, NULL, "%%h covers nothing for %u user%s whose home directory is /, such as %s", count,
	    count == 1 ? "" : "s", QUOTE(name));
}

static void doubt_homes(const struct doubts *d)
{
	const char *text;
	struct arena a;
	struct err e;
	size_t size;

	if (!uses_home(d->p) || mem_arena(2 * (size_t)USERDB_BYTES_MAX, &a) < 0)
		return;
	if (userdb_read(AT_FDCWD, "/etc/passwd", 0, &a, &text, &size, &e) == 0)
		doubt_homes_in(d, text, size);
	munmap(a.base, a.size);
}

void policy_doubts(const struct policy *p, doubt_fn *fn, void *ctx)
{
	const struct doubts d = {.p = p, .enforced = policy_enforced(p), .say = fn, .ctx = ctx};
	bool pairs = p->nrules <= PAIRS_RULES_MAX;

	for (size_t i = 0; i < p->nrules; i++) {
		doubt_line(&d, &p->rule[i]);
		if (p->rule[i].action == POLICY_IDS_RULE)
			doubt_ids_rule(&d, &p->rule[i]);
		if (pairs)
			doubt_pairs(&d, i);
	}
	if (!pairs)
		say(&d, NULL, "more than %d lines: they were not compared with each other", PAIRS_RULES_MAX);
	doubt_homes(&d);
}
