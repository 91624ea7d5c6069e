#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ids.h"
#include "common/mem.h"
#include "common/subid.h"
#include "common/text.h"
#include "common/userdb.h"
#include "frontend/doctor.h"
#include "frontend/idmap.h"
#include "frontend/image.h"
#include "frontend/install.h"
#include "frontend/network.h"
#include "frontend/privileged.h"
#include "frontend/spawn.h"
#include "policy/decide.h"
#include "policy/ids_rule.h"
#include "policy/load.h"
#include "policy/rule.h"

enum {
	USUAL_COUNT = 65536,  /* ids 0 to 65535 inside: what distributions use */
	USUAL_START = 100000, /* SUB_UID_MIN of login.defs(5) */
};

#define OUTSIDE "start croft outside of the sandbox or container it is in"

/* --- subordinate ids -------------------------------------------------------------- */

struct owner {
	const struct doctor *d;
	const struct id_range *range; /* the caller's */
	int n;
	uint64_t free;  /* the first id behind everybody's ranges */
	char other[64]; /* who else has one of the caller's ids */
};

static bool is_caller(const struct policy_caller *c, const char *owner, size_t len)
{
	uint32_t uid;

	return (c->name && text_is(owner, len, c->name)) ||
	       (text_u32n(owner, len, &uid) == 0 && uid == c->uid);
}

static int see_line(void *ctx, const char *owner, size_t len, const struct id_range *r)
{
	struct owner *o = ctx;
	uint64_t end = (uint64_t)r->start + r->count;

	if (end > o->free)
		o->free = end;
	if (is_caller(&o->d->caller, owner, len))
		return 0;
	for (int i = 0; i < o->n; i++)
		if (id_ranges_overlap(r, &o->range[i]))
			snprintf(o->other, sizeof(o->other), "%.*s", (int)len, owner);
	return 0;
}

/* One of the two files. */
struct subids {
	const char *file;
	const char *what;   /* "uid" */
	const char *option; /* of usermod(8) */
	const char *names;  /* the user database that has such ids */
	uint32_t own;
	const struct policy *policy; /* for its lines `ids rule`; without any where it cannot be read */
};

/* The first id from free on that begins a range which no rule has a part of. */
static uint64_t behind_rules(const struct policy *p, uint64_t free)
{
	for (size_t i = 0; i < p->nrules && free <= ID_NONE - USUAL_COUNT; i++) {
		const struct id_range wanted = {(uint32_t)free, USUAL_COUNT};
		struct id_range region;

		if (p->rule[i].action != POLICY_IDS_RULE)
			continue;
		region = ids_rule_region(p->rule[i].ids);
		if (id_ranges_overlap(&wanted, &region))
			return behind_rules(p, (uint64_t)region.start + region.count);
	}
	return free;
}

/* The command that gives the caller ids that nobody has. */
static void hint_add(const struct doctor *d, const struct subids *s, uint64_t free, struct err *e)
{
	struct owner o = {.d = d, .free = free};
	struct err unread;

	/* The same ids for both, behind the last of either file. */
	subid_each("/etc/subuid", see_line, &o, &unread);
	subid_each("/etc/subgid", see_line, &o, &unread);
	o.free = behind_rules(s->policy, o.free);
	if (o.free > ID_NONE - USUAL_COUNT || !d->caller.name)
		err_hint(e, "choose %d ids that nobody has and write them into the file: subuid(5)",
			 USUAL_COUNT);
	else
		err_hint(e, "sudo usermod %s %" PRIu64 "-%" PRIu64 " %s", s->option, o.free,
			 o.free + USUAL_COUNT - 1, QUOTE(d->caller.name));
}

static uint64_t total(const struct subordinate *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < r->n; i++)
		sum += r->range[i].count;
	return sum;
}

/* Whether a user or group of the host has one of the ids: his files would be the sandbox's (CVE-2024-56433).
 */
static bool has_local_id(const struct subids *s, const struct subordinate *r, char *name, size_t size)
{
	const char *text;
	size_t length;
	uint32_t id;
	struct arena a;
	struct err e;

	return mem_arena(USERDB_BYTES_MAX + 64, &a) == 0 &&
	       userdb_read(AT_FDCWD, s->names, 0, &a, &text, &length, &e) == 0 &&
	       userdb_id_within(text, length, r->range, (size_t)r->n, name, size, &id);
}

/* What is allowed but not good. 0, or -errno with *e. */
static int weigh(const struct doctor *d, const struct subids *s, const struct subordinate *r, struct err *e)
{
	struct owner o = {.d = d, .range = r->range, .n = r->n, .free = USUAL_START};

	if (subid_each(s->file, see_line, &o, e) < 0)
		return -e->code;
	if (o.other[0]) {
		err_set(e, EEXIST, "%s gives %s some of the same ids: each can change the other's files",
			s->file, QUOTE(o.other));
		return err_hint(e, "sudoedit %s, and give each user ids of his own", s->file);
	}
	if (total(r) >= USUAL_COUNT)
		return 0;
	err_set(e, ERANGE, "only %" PRIu64 " in %s: users inside with a higher %s cannot exist", total(r),
		r->rule ? r->rule->file : s->file, s->what);
	if (r->rule)
		return err_hint(e, "a size of %d or more in %s:%u, before anybody has used the rule",
				USUAL_COUNT, r->rule->file, r->rule->line);
	hint_add(d, s, USUAL_START, e);
	return -ERANGE;
}

/* Where nsswitch.conf(5) names another source, only it knows, and it is asked as croft run asks it. */
static int ask_source(struct doctor *d, const struct subids *s, struct err *e)
{
	static struct idmap_extents x;
	const struct idmap_request req = {.map = PLAN_MAP_ISOLATED};
	bool uids = !strcmp(s->what, "uid");
	uint64_t sum = 0;

	if (idmap_extents(&req, &x, e) < 0)
		return -e->code;
	for (int i = 0; i < (uids ? x.nuid : x.ngid); i++)
		sum += (uids ? x.uid : x.gid)[i].count;
	return found_ok(d, "%" PRIu64 ", from the source that nsswitch.conf names", sum);
}

/* What refuses them. 0, or -errno with *e. */
static int check_ranges(const struct subids *s, const struct subordinate *r, struct err *e)
{
	static struct id_extent x[IDS_RANGES_MAX];
	char name[64], where[300];

	if (r->rule)
		snprintf(where, sizeof(where), "of the ids rule %s:%" PRIu32, QUOTE(r->rule->file),
			 r->rule->line);
	else
		snprintf(where, sizeof(where), "in %s", s->file);
	if (id_layout(s->own, 0, r->range, (size_t)r->n, UINT64_MAX, x, IDS_RANGES_MAX) < 0)
		err_set(e, EINVAL, "your ranges %s overlap, or hold your own %s or 0", where, s->what);
	else if (has_local_id(s, r, name, sizeof(name)))
		err_set(e, EEXIST, "a range %s holds the id of %s in %s", where, QUOTE(name), s->names);
	else
		return 0;
	if (r->rule)
		return err_hint(e,
				"an administrator gives the rule a base that nobody has: croft policy check");
	return err_hint(e, "sudoedit %s, and choose ids that nobody has", s->file);
}

static int weigh_subids(struct doctor *d, const struct subids *s, struct err *e)
{
	static struct subordinate r;
	int other;

	if (d->caller.uid == 0)
		return err_set(e, EPERM, "not tried: root uses none");
	other = subid_other_source("/etc/nsswitch.conf", e);
	if (other < 0)
		return other;
	if (other)
		return ask_source(d, s, e);
	if (idmap_ranges(s->file, s->policy, &d->caller, &r, e) < 0)
		return -e->code;
	if (r.n == 0) {
		err_set(e, ENOENT, "%s has no line for you", s->file);
		hint_add(d, s, USUAL_START, e);
		return -ENOENT;
	}
	if (check_ranges(s, &r, e) < 0)
		return -e->code;
	if (weigh(d, s, &r, e) < 0)
		return found_warn(d, e);
	if (r.rule)
		return found_ok(d, "%" PRIu64 ", from %" PRIu32 " on, by the ids rule %s:%" PRIu32, total(&r),
				r.range[0].start, QUOTE(r.rule->file), r.rule->line);
	return found_ok(d, "%" PRIu64 ", from %" PRIu32 " on, in %s", total(&r), r.range[0].start, s->file);
}

static int look_subids(struct doctor *d, struct subids *s, struct err *e)
{
	static const struct policy none = {.nrules = 0};
	int r;

	/* A policy with a mistake has a line of its own in the answer. */
	s->policy = d->no_policy.code ? &none : &d->policy;
	r = weigh_subids(d, s, e);
	if (r < 0)
		d->no_ranges = true;
	return r;
}

int look_subuid(struct doctor *d, struct err *e)
{
	struct subids s = {"/etc/subuid", "uid", "--add-subuids", "/etc/passwd", d->caller.uid, NULL};

	return look_subids(d, &s, e);
}

int look_subgid(struct doctor *d, struct err *e)
{
	struct subids s = {"/etc/subgid", "gid", "--add-subgids", "/etc/group", d->caller.gid, NULL};

	return look_subids(d, &s, e);
}

/* --- programs --------------------------------------------------------------------- */

int look_idmap(struct doctor *d, struct err *e)
{
	int r;

	if (d->host.nested) {
		err_set(e, EPERM, "it serves the host itself, and this is a user namespace");
		return err_hint(e, OUTSIDE);
	}
	r = privileged_look(&privileged_idmap, &d->host, e);
	d->idmap_able = r >= 0;
	return r < 0 ? r : found_ok(d, "%s has the capabilities it needs", privileged_idmap.path);
}

static int look_both_shadow(const struct doctor *d, struct err *e)
{
	int r = privileged_look(&privileged_newuidmap, &d->host, e);

	return r < 0 ? r : privileged_look(&privileged_newgidmap, &d->host, e);
}

/* It matters only where croft-idmap cannot do the work. */
int look_shadow(struct doctor *d, struct err *e)
{
	int r = look_both_shadow(d, e);

	d->shadow_able = r >= 0;
	if (r < 0 && d->idmap_able)
		return found_ok(d, "not able, and not needed: croft-idmap is");
	return r < 0 ? r : found_ok(d, "newuidmap and newgidmap have the capabilities they need");
}

int look_programs(struct doctor *d, struct err *e)
{
	static const char *const path[] = {LIBEXECDIR "/croft-import", LIBEXECDIR "/croft-root",
					   LIBEXECDIR "/croft-scope", LIBEXECDIR "/croft-seccomp",
					   LIBEXECDIR "/croft-subid"};

	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		if (access(path[i], X_OK) == 0)
			continue;
		err_sys(e, "look for %s", path[i]);
		return err_hint(e, "%s", INSTALL_CROFT);
	}
	return found_ok(d, "croft-import, croft-root, croft-scope, croft-seccomp and croft-subid are in %s",
			LIBEXECDIR);
}

int look_user_network(struct doctor *d, struct err *e)
{
	struct network_tool tool;

	if (network_find(&tool, e) < 0 || network_device(e) < 0)
		return -e->code;
	return found_ok(d, "%s and /dev/net/tun are there, for --network user", tool.path);
}

int look_images(struct doctor *d, struct err *e)
{
	const char *squashfs, *erofs;
	struct err ignored;

	if (image_find(PLAN_ROOT_SQUASHFS, &squashfs, e) < 0 || image_device(e) < 0)
		return -e->code;
	if (image_find(PLAN_ROOT_EROFS, &erofs, &ignored) < 0)
		return found_ok(d, "%s and /dev/fuse are there, for roots of squashfs; erofsfuse is not",
				squashfs);
	return found_ok(d, "%s, %s and /dev/fuse are there, for roots of squashfs and erofs", squashfs,
			erofs);
}

/* --- trials ------------------------------------------------------------------------- */

static int write_maps(pid_t child, void *ctx, struct err *e)
{
	const struct idmap_request req = {.map = PLAN_MAP_SUBORDINATE};

	(void)ctx;
	return idmap_write(child, &req, NULL, e);
}

int look_maps(struct doctor *d, struct err *e)
{
	const struct probe p = {.flags = CLONE_NEWUSER, .map = write_maps};

	if (!d->userns)
		return err_set(e, EPERM, "not tried: there is no user namespace to write them for");
	if (probe_run(&p, e) == 0)
		return found_ok(d, "subordinate ids can be mapped");
	if (d->no_ranges)
		err_hint(e, "first what is said of subordinate ids above");
	else if (!d->idmap_able && !d->shadow_able)
		err_hint(e, "first what is said of croft-idmap above");
	return -e->code;
}

/* "croft: sentence\ncroft: hint: sentence\n" as *e. */
static int take_words(char *text, int status, struct err *e)
{
	static const char name[] = "croft: ", hint[] = "croft: hint: ";
	char *nl = strchr(text, '\n');

	if (nl)
		*nl++ = '\0';
	if (!text[0])
		return err_set(e, EPERM, "croft run ended with status %d and said nothing", status);
	err_set(e, EPERM, "%s", QUOTE(text_starts(text, name) ? text + strlen(name) : text));
	if (!nl || !text_starts(nl, hint))
		return -EPERM;
	nl[strcspn(nl, "\n")] = '\0';
	return err_hint(e, "%s", QUOTE(nl + strlen(hint)));
}

static int run_croft(void *ctx, struct err *e)
{
	char words[][8] = {"croft", "run", "--", "true"};
	char errors[ERR_MSG_MAX + ERR_HINT_MAX];
	char *argv[] = {words[0], words[1], ctx, words[2], words[3], NULL};
	const struct spawn s = {.path = "/proc/self/exe",
				.argv = argv,
				.fd = -1,
				.errors = errors,
				.errors_size = sizeof(errors)};
	int status = spawn_run(&s, e);

	/* A root need not have true(1): that it was looked for inside is enough. */
	if (status == 0 || status == EXIT_NOT_FOUND || status == EXIT_NOT_EXEC)
		return 0;
	return status < 0 ? status : take_words(errors, status, e);
}

int look_job(struct doctor *d, struct err *e)
{
	const struct probe p = {.run = run_croft, .ctx = (void *)(uintptr_t)d->root};

	return probe_run(&p, e) < 0 ? -e->code : found_ok(d, "croft run %s -- true works", QUOTE(d->root));
}

/* --- policy -------------------------------------------------------------------------- */

void doctor_read_policy(struct doctor *d)
{
	struct arena a;
	int r = mem_arena(POLICY_ARENA, &a);

	if (r < 0)
		err_set(&d->no_policy, -r, "get memory: %s", strerror(-r));
	else if (policy_load(&a, &d->policy, &d->no_policy) == 0)
		d->no_policy.code = 0;
	if (d->no_policy.code)
		return;
	policy_facts_read(&d->policy, &d->host, &d->facts);
	d->by_gate = policy_facts_by_gate(&d->policy, &d->facts);
}

int look_policy(struct doctor *d, struct err *e)
{
	if (d->no_policy.code) {
		*e = d->no_policy;
		return e->hint[0] ? -e->code : err_hint(e, "croft policy check");
	}
	if (d->policy.built_in)
		return found_ok(d, "valid: the built-in one");
	return found_ok(d, "valid: %zu rule%s in " SYSCONFDIR "/croft", d->policy.nrules,
			d->policy.nrules == 1 ? "" : "s");
}

static int no_policy(const struct doctor *d, struct err *e)
{
	err_set(e, d->no_policy.code, "not known: the policy is not valid");
	return err_hint(e, "first what is said of policy above");
}

int look_level(struct doctor *d, struct err *e)
{
	char sentence[LEVEL_SENTENCE_MAX];

	if (d->no_policy.code)
		return no_policy(d, e);
	if (policy_facts_require(&d->policy, &d->facts, e) < 0)
		return -e->code;
	return found_ok(d, "%s", policy_level_sentence(&d->facts.level, sentence));
}

/* Where there is another way and nothing asks for this one, it need not be there; but what is there should
 * work.
 */
int look_gate(struct doctor *d, struct err *e)
{
	const struct policy_facts *f = &d->facts;
	bool other_way = f->userns.state == USERNS_OPEN || f->userns.state == USERNS_UNKNOWN;
	const struct policy_rule *enforced;

	if (d->no_policy.code)
		return no_policy(d, e);
	if (f->gate.set >= 0 && !f->gate_here.code)
		return found_ok(d, "%s has the capabilities it needs", privileged_gate.path);
	enforced = policy_enforced(&d->policy);
	if (!enforced && other_way && f->level.gate == GATE_MISSING)
		return found_ok(d, "not installed, and not needed: the policy does not say mode enforced");
	*e = f->gate.set < 0 ? f->gate.why : f->gate_here;
	if (!enforced)
		return found_warn(d, e);
	return err_wrap(e, "%s:%u says %s", QUOTE(enforced->file), enforced->line,
			policy_switch((enum policy_action)enforced->action)->both);
}
