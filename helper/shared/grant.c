#include "helper/shared/grant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/helper_exit.h"
#include "common/subid.h"
#include "common/text.h"
#include "common/userdb.h"
#include "helper/shared/paths.h"
#include "policy/decide.h"
#include "policy/ids_rule.h"
#include "policy/subordinate.h"

/* User ids or group ids: the same rules twice. */
struct side {
	const char *file;
	const char *add_option; /* of usermod(8) */
	const char *what;
	uint32_t own;
	uint32_t own_inside;
	uint64_t limit;
	const char *db; /* text of /etc/passwd or /etc/group */
	size_t db_size;
	const char *db_file;
	struct subordinate ids;
	char where[300]; /* the ranges stand: for messages */
};

static int refused(struct err *e)
{
	return err_status(e, HELPER_REFUSED);
}

static int ask_policy(const struct grant_facts *f, struct grant *g, struct err *e)
{
	struct policy_request ids = {.kind = POLICY_IDS, .value = "subordinate"};
	struct policy_request setgroups = {.kind = POLICY_IDS, .value = "setgroups"};
	struct policy_verdict v = policy_decide(f->policy, f->caller, &ids);

	if (!v.allowed)
		return policy_refuse(&v, f->caller, &ids, "subordinate ids", "subordinate", e);
	g->rule = v.rule;
	g->deny_setgroups = !policy_decide(f->policy, f->caller, &setgroups).allowed;
	return 0;
}

/* The ranges of a host's real people are nobody's to give away (CVE-2024-56433). */
static int check_existing(const struct side *s, struct err *e)
{
	char name[64];
	uint32_t id;

	if (!userdb_id_within(s->db, s->db_size, s->ids.range, (size_t)s->ids.n, name, sizeof(name), &id))
		return 0;
	err_set(e, EPERM, "a range of the caller %s holds %s %u, which is %s in %s", s->where, s->what, id,
		QUOTE(name), s->db_file);
	if (s->ids.rule)
		return err_hint(e, "give the rule a base that nobody has: croft policy check");
	return err_hint(e, "give the caller a range that nobody has, with usermod %s", s->add_option);
}

static int check_range(const struct side *s, size_t i, uint32_t last, struct err *e)
{
	const struct id_range *range = s->ids.range, *r = &range[i];

	if (r->start > last || r->count - 1 > last - r->start)
		return err_set(e, EPERM, "the range %u:%u %s holds %ss above %u, which are for nobody",
			       r->start, r->count, s->where, s->what, last);
	if (id_range_has(r, 0))
		return err_set(e, EPERM, "the range %u:%u %s holds %s 0 of the host", r->start, r->count,
			       s->where, s->what);
	if (id_range_has(r, s->own))
		return err_set(e, EPERM, "the range %u:%u %s holds the caller's own %s", r->start, r->count,
			       s->where, s->what);
	for (size_t k = 0; k < i; k++)
		if (id_ranges_overlap(&range[k], r))
			return err_set(e, EPERM, "the ranges %u:%u and %u:%u %s overlap", range[k].start,
				       range[k].count, r->start, r->count, s->where);
	return 0;
}

static int no_ranges(const struct side *s, const struct grant_facts *f, struct err *e)
{
	bool rules = policy_ids_rules(f->policy->rule, f->policy->nrules) > 0;

	err_set(e, ENOENT, "uid %u (%s) has no line in %s%s", f->caller->uid,
		f->caller->name ? QUOTE(f->caller->name) : "no name", s->file,
		rules ? ", and no ids rule of the policy is for that uid" : "");
	err_hint(e, "croft doctor says which range is free, and the command that gives it");
	return err_status(e, HELPER_NO_RANGES);
}

static int read_ranges(struct side *s, const struct grant_facts *f, struct err *e)
{
	int r = policy_subordinate(s->file, f->policy, f->caller, &s->ids, e);

	if (r < 0)
		return refused(e);
	if (s->ids.n == 0)
		return no_ranges(s, f, e);
	if (s->ids.rule)
		snprintf(s->where, sizeof(s->where), "of the ids rule %s:%u", QUOTE(s->ids.rule->file),
			 s->ids.rule->line);
	else
		snprintf(s->where, sizeof(s->where), "in %s", s->file);
	for (size_t i = 0; i < (size_t)s->ids.n && r == 0; i++)
		r = check_range(s, i, f->last, e);
	if (r == 0)
		r = check_existing(s, e);
	return r < 0 ? refused(e) : 0;
}

/* id_layout checks the ranges once more, by itself: what check_range let through and it does not is a bug. */
static int make_map(const struct side *s, struct map *ret, bool *ret_own_only, struct err *e)
{
	struct id_extent x[IDS_RANGES_MAX];
	int n = id_layout(s->own, s->own_inside, s->ids.range, (size_t)s->ids.n, s->limit, x, IDS_RANGES_MAX);
	int len = n < 0 ? n : id_map_text(x, (size_t)n, ret->text, sizeof(ret->text));

	if (len == -E2BIG) {
		err_set(e, E2BIG,
			"the %s map needs more than %d lines or %d bytes, which the kernel does not take",
			s->what, IDS_RANGES_MAX, IDS_TEXT_MAX - 1);
		err_hint(e, "join the caller's ranges in %s", s->file);
		return refused(e);
	}
	if (len < 0)
		return err_status(e,
				  (err_set(e, -len, "the ranges %s make no map", s->where), HELPER_REFUSED));
	if (len == 0) {
		err_set(e, EPERM, "there is nothing to map: the policy limits subordinate ids to 0");
		return refused(e);
	}
	*ret_own_only = n == 1 && x[0].outside == s->own && x[0].count == 1;
	ret->len = len;
	return 0;
}

static int map_side(struct side *s, const struct grant_facts *f, struct map *ret, bool *ret_own_only,
		    struct err *e)
{
	int r = read_ranges(s, f, e);

	return r < 0 ? r : make_map(s, ret, ret_own_only, e);
}

/* With an ids rule too: whom that source gives a computed range is not known here. */
static int check_source(struct err *e)
{
	int r = subid_other_source(NSSWITCH_FILE, e);

	if (r < 0)
		return refused(e);
	if (r == 0)
		return 0;
	err_set(e, ENOTSUP, "%s names another source of subordinate ids than files", NSSWITCH_FILE);
	err_hint(e, "newuidmap and newgidmap can ask that source");
	return err_status(e, HELPER_OTHER_SOURCE);
}

int grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
		 struct err *e)
{
	static struct side uid = {
		.file = SUBUID_FILE, .add_option = "--add-subuids", .what = "uid", .db_file = PASSWD_FILE};
	static struct side gid = {
		.file = SUBGID_FILE, .add_option = "--add-subgids", .what = "gid", .db_file = GROUP_FILE};
	bool own_uid_only, own_gid_only;
	int r = userdb_read(AT_FDCWD, GROUP_FILE, 0, a, &gid.db, &gid.db_size, e);

	if (r == 0)
		r = ask_policy(f, ret, e);
	if (r < 0)
		return refused(e);
	uid.db = f->passwd;
	uid.db_size = f->passwd_size;
	uid.own = f->caller->uid;
	gid.own = f->caller->gid;
	uid.own_inside = w->own_uid;
	gid.own_inside = w->own_gid;
	uid.limit = gid.limit = policy_limit(f->policy, f->caller, LIMIT_IDS);
	r = check_source(e);
	if (r == 0)
		r = map_side(&uid, f, &ret->uid, &own_uid_only, e);
	if (r == 0)
		r = map_side(&gid, f, &ret->gid, &own_gid_only, e);
	/* CVE-2018-7169: without a group an administrator gave him, he may not drop one that denies him
	 * access. */
	if (r == 0 && own_gid_only)
		ret->deny_setgroups = true;
	ret->ids_rule = uid.ids.rule ? uid.ids.rule : gid.ids.rule;
	return r;
}

static void alone(uint32_t inside, uint32_t outside, struct map *ret)
{
	const struct id_extent x = {.inside = inside, .outside = outside, .count = 1};

	ret->len = id_map_text(&x, 1, ret->text, sizeof(ret->text)); /* a line fits */
}

void grant_self(const struct wish *w, const struct policy_caller *c, struct grant *ret)
{
	alone(w->own_uid, c->uid, &ret->uid);
	alone(w->own_gid, c->gid, &ret->gid);
	ret->deny_setgroups = true;
	ret->rule = NULL;
}
