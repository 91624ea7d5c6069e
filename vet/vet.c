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

static int decide(const struct vet *v, const struct policy_request *r, const char *what, const char *asked,
		  struct policy_verdict *ret_verdict, struct err *e)
{
	struct policy_verdict verdict = policy_decide(v->policy, v->caller, r);

	if (ret_verdict)
		*ret_verdict = verdict;
	return verdict.allowed ? 0 : policy_refuse(&verdict, v->caller, r, what, asked, e);
}

/* Facts of the object; where the policy is a boundary, also of what is mounted below it. */
static int describe(const struct vet *v, int fd, char *path, size_t size, struct policy_request *r,
		    struct err *e)
{
	int bad = policy_object(fd, path, size, r, e);

	return bad == 0 && v->boundary ? mounts_below(path, &r->submounts, &r->kernel_fs, e) : bad;
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

static int vet_root(const struct vet *v, const struct plan *p, int fd, struct policy_verdict *ret_verdict,
		    struct err *e)
{
	struct policy_request r = {.kind = POLICY_ROOT, .object = OBJECT_NONE, .value = "host"};
	char path[PATH_MAX], what[PATH_MAX + 16];

	name(p, -1, what, sizeof(what));
	if (p->root_kind == PLAN_ROOT_HOST)
		return decide(v, &r, what, "host", ret_verdict, e);
	r.rights = RIGHT_EXEC | (p->root_read_only || p->ephemeral ? 0 : RIGHT_WRITE);
	r.shared = p->root_shared;
	r.overlay = v->boundary && p->ephemeral;
	if (describe(v, fd, path, sizeof(path), &r, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return decide(v, &r, what, p->root, ret_verdict, e);
}

int vet_object(const struct vet *v, const struct plan *p, int op, int fd, struct policy_verdict *ret_verdict,
	       struct err *e)
{
	const struct plan_op *o = op < 0 ? NULL : &p->ops.item[op];
	struct policy_request r = {.kind = kind_of(p, op)};
	char path[PATH_MAX], what[2 * PATH_MAX + 16];

	if (!o)
		return vet_root(v, p, fd, ret_verdict, e);
	if (r.kind == POLICY_VOLUME)
		r.rights = (uint8_t)((o->flags & OPF_READ_ONLY ? 0 : RIGHT_WRITE) |
				     (o->flags & OPF_NOEXEC ? 0 : RIGHT_EXEC));
	name(p, op, what, sizeof(what));
	if (describe(v, fd, path, sizeof(path), &r, e) < 0)
		return err_wrap(e, "%s", QUOTE(what));
	if (o->flags & OPF_IDMAP && r.owner != v->caller->uid)
		return err_set(e, EPERM, "%s: idmap is for what belongs to you, and this belongs to uid %u",
			       QUOTE(what), r.owner);
	return decide(v, &r, what, o->source, ret_verdict, e);
}

bool vet_may_share(const struct vet *v, const char *root)
{
	const struct plan p = {
		.root_kind = PLAN_ROOT_DIR, .root = root, .root_read_only = 1, .root_shared = 1};
	struct err ignored;
	fd_auto int fd = pin_open(&p, -1, &ignored);

	return fd >= 0 && vet_object(v, &p, -1, fd, NULL, &ignored) == 0;
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

int vet_find_masks(const struct vet *v, const struct plan *p, int op, int fd, struct arena *a,
		   struct sandbox_masks *ret, struct err *e)
{
	struct policy_request r = {.kind = kind_of(p, op)};
	char path[PATH_MAX], what[2 * PATH_MAX + 16];
	int bad = policy_object(fd, path, sizeof(path), &r, e);

	if (bad < 0)
		return bad;
	name(p, op, what, sizeof(what));
	return masks_find(v->policy, v->caller, &r, fd, what, a, ret, e);
}

static int keep(struct arena *a, int fd, struct vetted *ret, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a source");
	r = fd_path(fd, path, sizeof(path), e);
	if (r != 0)
		return r;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->path = arena_copy(a, path, strlen(path));
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
	fd_auto int fd = pin_open(p, op, e);
	int r;

	if (fd < 0)
		return pin_passed_over(p, op, fd) ? 0 : fd;
	r = vet_object(v, p, op, fd, &verdict, e);
	if (r != 0)
		return r;
	ret->rule = verdict.rule;
	ret->boundary = v->boundary;
	r = vet_find_masks(v, p, op, fd, a, &ret->masks, e);
	return r < 0 ? r : keep(a, fd, ret, e);
}

static int vet_host(const struct vet *v, const struct plan *p, struct vetted *ret, struct err *e)
{
	struct policy_verdict verdict;
	int r = vet_object(v, p, -1, -1, &verdict, e);

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
static int same_below(const struct vetted *was, const char *name, struct err *e)
{
	const char *kernel = NULL;
	bool any = false;
	int r = was->boundary ? mounts_below(was->path, &any, &kernel, e) : 0;

	if (r != 0)
		return r;
	return kernel || (any && !(was->rule->conditions & COND_SUBMOUNTS))
		       ? err_set(e, ESTALE, "something was mounted below %s while the sandbox was started",
				 QUOTE(name))
		       : 0;
}

int vet_same(void *ctx, const struct plan *p, int op, int fd, struct err *e)
{
	const struct vetted *was = (const struct vetted *)ctx + (op + 1);
	const char *name = op < 0 ? p->root : p->ops.item[op].source;
	char path[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", QUOTE(name));
	if (fd_path(fd, path, sizeof(path), e) < 0)
		return err_wrap(e, "%s", QUOTE(name));
	if (!was->path || st.st_dev != was->dev || st.st_ino != was->ino || strcmp(path, was->path) != 0)
		return err_set(e, ESTALE, "%s became something else while the sandbox was started",
			       QUOTE(name));
	return same_below(was, name, e);
}
