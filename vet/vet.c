#include "vet/vet.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/text.h"
#include "policy/decide.h"
#include "policy/object.h"
#include "policy/rule.h"
#include "sandbox/pin.h"
#include "vet/masks.h"
#include "vet/mounts.h"

/* One object, as all of the decision sees it. */
struct object {
	struct policy_request request;
	char path[PATH_MAX];          /* resolved; request.value points here */
	char what[2 * PATH_MAX + 16]; /* for messages */
};

static int decide(const struct vet *v, const struct policy_request *r, const char *what, const char *asked,
		  struct policy_verdict *ret_verdict, struct err *e)
{
	struct policy_verdict verdict = policy_decide(v->policy, v->caller, r);

	if (ret_verdict)
		*ret_verdict = verdict;
	return verdict.allowed ? 0 : policy_refuse(&verdict, v->caller, r, what, asked, e);
}

static uint8_t kind_of(const struct plan *p, int op)
{
	return op < 0 ? POLICY_ROOT : p->ops.item[op].kind == OP_DEVICE ? POLICY_DEVICE : POLICY_VOLUME;
}

/* What is asked for, for messages. */
static void name(const struct plan *p, int op, char *buf, size_t size)
{
	const char *kind = policy_kind_word[kind_of(p, op)];

	if (op >= 0)
		snprintf(buf, size, "%s %s:%s", kind, p->ops.item[op].source, p->ops.item[op].target);
	else
		snprintf(buf, size, "%s %s", kind, p->root_kind == PLAN_ROOT_HOST ? "host" : p->root);
}

static uint8_t rights_of(const struct plan *p, int op)
{
	if (op < 0)
		return RIGHT_EXEC |
		       (p->root_read_only || p->ephemeral || plan_root_is_image(p) ? 0 : RIGHT_WRITE);
	if (kind_of(p, op) != POLICY_VOLUME)
		return 0;
	return (uint8_t)((p->ops.item[op].flags & OPF_READ_ONLY ? 0 : RIGHT_WRITE) |
			 (p->ops.item[op].flags & OPF_NOEXEC ? 0 : RIGHT_EXEC));
}

/* Facts of the object; where the policy is a boundary, also of what is mounted below it. */
static int describe(const struct vet *v, const struct plan *p, int op, int fd, struct object *ret,
		    struct err *e)
{
	struct policy_request *r = &ret->request;
	int bad;

	name(p, op, ret->what, sizeof(ret->what));
	*r = (struct policy_request){.kind = kind_of(p, op), .rights = rights_of(p, op)};
	if (op < 0 && p->root_kind == PLAN_ROOT_HOST) {
		r->value = "host";
		r->rights = 0;
		return 0;
	}
	r->shared = op < 0 && p->root_shared;
	r->overlay = op < 0 && p->ephemeral && v->boundary;
	bad = policy_object(fd, ret->path, sizeof(ret->path), r, e);
	if (bad == 0 && v->boundary)
		bad = mounts_below(ret->path, &r->submounts, &r->kernel_fs, e);
	return bad < 0 ? err_wrap(e, "%s", QUOTE(ret->what)) : 0;
}

static int judge(const struct vet *v, const struct plan *p, int op, const struct object *o,
		 struct policy_verdict *ret_verdict, struct err *e)
{
	const struct plan_op *of = op < 0 ? NULL : &p->ops.item[op];

	if (of && of->flags & OPF_IDMAP && o->request.owner != v->caller->uid)
		return err_set(e, EPERM, "%s: idmap is for what belongs to you, and this belongs to uid %u",
			       QUOTE(o->what), o->request.owner);
	return decide(v, &o->request, o->what,
		      of                               ? of->source
		      : p->root_kind == PLAN_ROOT_HOST ? "host"
						       : p->root,
		      ret_verdict, e);
}

/* Where something is to be covered and a is there, finds it, too. */
static int vet_described(const struct vet *v, const struct plan *p, int op, int fd, struct arena *a,
			 struct object *o, struct policy_verdict *ret_verdict,
			 struct sandbox_masks *ret_masks, struct err *e)
{
	if (describe(v, p, op, fd, o, e) < 0 || judge(v, p, op, o, ret_verdict, e) < 0)
		return -e->code;
	return a && ret_verdict->masks
		       ? masks_find(v->policy, v->caller, &o->request, fd, o->what, a, ret_masks, e)
		       : 0;
}

int vet_object(const struct vet *v, const struct plan *p, int op, int fd, struct arena *a,
	       struct policy_verdict *ret_verdict, struct sandbox_masks *ret_masks, struct err *e)
{
	struct policy_verdict unasked;
	struct object o;

	return vet_described(v, p, op, fd, a, &o, ret_verdict ? ret_verdict : &unasked, ret_masks, e);
}

bool vet_may_share(const struct vet *v, const char *root)
{
	const struct plan p = {
		.root_kind = PLAN_ROOT_DIR, .root = root, .root_read_only = 1, .root_shared = 1};
	struct err ignored;
	bool plain;
	fd_auto int fd = pin_open(&p, -1, &plain, &ignored);

	return fd >= 0 && vet_object(v, &p, -1, fd, NULL, NULL, NULL, &ignored) == 0;
}

int vet_word(const struct vet *v, enum policy_kind kind, const char *word, const struct plan *p,
	     struct policy_verdict *ret_verdict, struct err *e)
{
	const struct policy_tcp tcp = {.only_bind = p->tcp & PLAN_TCP_BIND,
				       .only_connect = p->tcp & PLAN_TCP_CONNECT,
				       .nbind = (uint16_t)p->tcp_bind.count,
				       .nconnect = (uint16_t)p->tcp_connect.count,
				       .bind = p->tcp_bind.item,
				       .connect = p->tcp_connect.item};
	struct policy_request r = {.kind = (uint8_t)kind, .object = OBJECT_NONE, .value = word};
	char what[64];

	if (kind == POLICY_NETWORK)
		r.tcp = &tcp;
	snprintf(what, sizeof(what), "%s %s", policy_kind_word[kind], word);
	return decide(v, &r, what, word, ret_verdict, e);
}

size_t vet_wanted(const struct plan *p, struct vet_wanted ret[VET_WANTED_MAX])
{
	static const char *const network[PLAN_NETWORK_COUNT] = {"none", "host", "user"};
	size_t n = 0;

	ret[n++] = (struct vet_wanted){POLICY_NETWORK, network[p->network]};
	if (p->ports.count)
		ret[n++] = (struct vet_wanted){POLICY_NETWORK, "publish"};
	if (p->seccomp == PLAN_SECCOMP_UNCONFINED)
		ret[n++] = (struct vet_wanted){POLICY_SECCOMP, "unconfined"};
	if (p->seccomp == PLAN_SECCOMP_PROGRAM)
		ret[n++] = (struct vet_wanted){POLICY_SECCOMP, "custom"};
	if (p->landlock == PLAN_LANDLOCK_OFF)
		ret[n++] = (struct vet_wanted){POLICY_LANDLOCK, "off"};
	if (p->unmasked)
		ret[n++] = (struct vet_wanted){POLICY_PROC, "unmasked"};
	/* Whoever may write the limit on user namespaces may lift it. */
	if (p->allow_userns || (p->gate && p->unmasked && p->caps & CAP_BIT(CAP_SYS_RESOURCE)))
		ret[n++] = (struct vet_wanted){POLICY_USERNS, "inside"};
	return n;
}

uint64_t vet_caps(const struct vet *v)
{
	uint64_t caps = 0;

	if (!v->boundary)
		return ~caps;
	for (unsigned cap = 0; cap < 64 && caps_name(cap); cap++) {
		const struct policy_request r = {.kind = POLICY_CAPABILITY, .value = caps_name(cap)};

		if (policy_decide(v->policy, v->caller, &r).allowed)
			caps |= CAP_BIT(cap);
	}
	return caps;
}

static int vet_capabilities(const struct vet *v, const struct plan *p, struct err *e)
{
	uint64_t missing = p->caps & ~vet_caps(v);

	for (unsigned cap = 0; missing && cap < 64; cap++) {
		const char *name = caps_name(cap);

		if (missing & CAP_BIT(cap) && !name)
			return err_set(e, EINVAL, "capability %u is none that croft knows", cap);
		if (missing & CAP_BIT(cap))
			return vet_word(v, POLICY_CAPABILITY, name, p, NULL, e);
	}
	return 0;
}

int vet_words(const struct vet *v, const struct plan *p, enum plan_map *ret_map, struct err *e)
{
	struct vet_wanted wanted[VET_WANTED_MAX];
	enum plan_map map = (enum plan_map)p->map;
	size_t n = vet_wanted(p, wanted);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = vet_word(v, wanted[i].kind, wanted[i].word, p, NULL, e);
	if (r == 0)
		r = vet_capabilities(v, p, e);
	if (r < 0)
		return r;
	if (map != PLAN_MAP_SELF && map != PLAN_MAP_NONE)
		r = vet_word(v, POLICY_IDS, "subordinate", p, NULL, e);
	if (r < 0 && map == PLAN_MAP_AUTO) {
		map = PLAN_MAP_SELF;
		r = 0;
	}
	if (r == 0)
		*ret_map = map;
	return r;
}

/* Should: what was decided about still has that path, where more was read of the path than its verdict: what
 * is mounted below it, what lies there. Whoever may rename it meanwhile is refused, so that all facts are of
 * one object. */
static int still_there(int fd, const struct object *o, struct err *e)
{
	char now[PATH_MAX];

	if (fd_path(fd, now, sizeof(now), e) < 0)
		return err_wrap(e, "%s", QUOTE(o->what));
	return strcmp(now, o->path) != 0
		       ? err_set(e, ESTALE, "%s: it was moved while it was looked at", QUOTE(o->what))
		       : 0;
}

static int keep(const struct vet *v, struct arena *a, int fd, const struct object *o, struct vetted *ret,
		struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a source");
	if ((v->boundary || ret->masks.n) && still_there(fd, o, e) < 0)
		return -e->code;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->path = arena_copy(a, o->path, strlen(o->path));
	return ret->path ? 0 : err_set(e, ENOMEM, "too many volumes");
}

const struct sandbox_masks *vet_masks(void *ctx, int op)
{
	return &((const struct vetted *)ctx + (op + 1))->masks;
}

static int vet_one(const struct vet *v, const struct plan *p, int op, struct arena *a, struct vetted *ret,
		   struct err *e)
{
	struct policy_verdict verdict;
	struct object o;
	bool plain;
	fd_auto int fd = pin_open(p, op, &plain, e);

	if (fd < 0)
		return pin_passed_over(p, op, fd) ? 0 : fd;
	if (vet_described(v, p, op, fd, a, &o, &verdict, &ret->masks, e) < 0)
		return -e->code;
	ret->rule = verdict.rule;
	ret->boundary = v->boundary;
	return keep(v, a, fd, &o, ret, e);
}

static int vet_host(const struct vet *v, const struct plan *p, struct vetted *ret, struct err *e)
{
	struct policy_verdict verdict;
	int r = vet_object(v, p, -1, -1, NULL, &verdict, NULL, e);

	if (r == 0)
		ret->rule = verdict.rule;
	return r;
}

int vet_plan(const struct vet *v, const struct plan *p, struct arena *a, struct vetted *ret, struct err *e)
{
	int r = p->root_kind == PLAN_ROOT_HOST ? vet_host(v, p, &ret[0], e)
					       : vet_one(v, p, -1, a, &ret[0], e);

	for (uint32_t i = 0; r == 0 && i < p->ops.count; i++)
		if (pin_wanted(&p->ops.item[i]) && p->ops.item[i].flags & OPF_ASKED)
			r = vet_one(v, p, (int)i, a, &ret[i + 1], e);
	return r;
}

/* What was mounted there since the decision. */
static int same_below(const struct vetted *was, const char *name, bool none, struct err *e)
{
	const char *kernel = NULL;
	bool any = false;
	int r = mounts_below(was->path, &any, &kernel, e);

	if (r != 0)
		return r;
	return kernel || (any && (none || !(was->rule->conditions & COND_SUBMOUNTS)))
		       ? err_set(e, ESTALE, "something was mounted below %s while the sandbox was started",
				 QUOTE(name))
		       : 0;
}

/* known: that its path is name. */
static int same_object(const struct vetted *was, const char *name, int fd, bool known, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", QUOTE(name));
	if (!known && fd_path(fd, path, sizeof(path), e) < 0)
		return err_wrap(e, "%s", QUOTE(name));
	if (!was->path || st.st_dev != was->dev || st.st_ino != was->ino ||
	    strcmp(known ? name : path, was->path) != 0)
		return err_set(e, ESTALE, "%s became something else while the sandbox was started",
			       QUOTE(name));
	return 0;
}

int vet_same(void *ctx, const struct plan *p, int op, int fd, bool plain, struct err *e)
{
	const struct vetted *was = (const struct vetted *)ctx + (op + 1);
	const char *name = op < 0 ? p->root : p->ops.item[op].source;

	bool known = plain && !was->boundary && was->path && !strcmp(name, was->path);

	if (same_object(was, name, fd, known, e) < 0)
		return -e->code;
	if (!was->boundary)
		return 0;
	if (same_below(was, name, op < 0 && p->ephemeral, e) < 0)
		return -e->code;
	/* The table has it under the name that it had in that moment. */
	return same_object(was, name, fd, false, e);
}
