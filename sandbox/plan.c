#include "sandbox/plan.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/ids.h"
#include "common/text.h"
#include "sandbox/plan_fields.h"

/* --- comparing -------------------------------------------------------------- */

static bool same_strings(const struct plan_strings *a, const struct plan_strings *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (strcmp(a->item[i], b->item[i]) != 0)
			return false;
	return true;
}

/* Each list has a type of its own; all look alike. */
static struct plan_items items_at(const void *at)
{
	struct plan_items l;

	static_assert(sizeof(l) == sizeof(struct plan_ops) && sizeof(l) == sizeof(struct plan_strings) &&
			      offsetof(struct plan_ops, count) == offsetof(struct plan_items, count),
		      "lists look alike");
	memcpy(&l, at, sizeof(l));
	return l;
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
	struct plan_items x = items_at(a), y = items_at(b);

	return x.count == y.count && (x.count == 0 || !memcmp(x.item, y.item, x.count * size));
}

static bool same_fields(const struct plan_field *f, size_t n, const void *a, const void *b);

static bool same_list(const struct plan_list *l, const void *a, const void *b)
{
	struct plan_items x = items_at(a), y = items_at(b);

	if (x.count != y.count)
		return false;
	for (uint32_t i = 0; i < x.count; i++)
		if (!same_fields(l->field, l->nfields, (const char *)x.item + i * l->size,
				 (const char *)y.item + i * l->size))
			return false;
	return true;
}

static bool same_field(const struct plan_field *f, const void *a, const void *b)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	switch (f->type) {
	case PLAN_U32:
	case PLAN_I32:
		return !memcmp(x, y, sizeof(uint32_t));
	case PLAN_U64:
		return !memcmp(x, y, sizeof(uint64_t));
	case PLAN_STR:
		return !strcmp(*(const char *const *)x, *(const char *const *)y);
	case PLAN_STRINGS:
		return same_strings((const struct plan_strings *)x, (const struct plan_strings *)y);
	case PLAN_NUMBERS:
		return same_bytes(x, y, sizeof(uint32_t));
	case PLAN_BLOB:
		return same_bytes(x, y, 1);
	case PLAN_LIST:
		return same_list(f->list, x, y);
	}
	return false;
}

static bool same_fields(const struct plan_field *f, size_t n, const void *a, const void *b)
{
	for (size_t i = 0; i < n; i++)
		if (!same_field(&f[i], a, b))
			return false;
	return true;
}

bool plan_equal(const struct plan *a, const struct plan *b)
{
	return same_fields(plan_field, plan_nfields, a, b);
}

/* --- checking --------------------------------------------------------------- */

static int check_clean(const char *what, const char *path, struct err *e)
{
	char buf[PLAN_PATH_MAX];

	if (path_clean(path, buf, sizeof(buf)) < 0 || strcmp(path, buf) != 0)
		return err_set(e, EINVAL, "plan: %s %s is not a clean absolute path", what, QUOTE(path));
	return 0;
}

static int check_op(const struct plan_op *op, struct err *e)
{
	bool from_host = op->kind == OP_MIRROR || op->kind == OP_VOLUME || op->kind == OP_CONF ||
			 op->kind == OP_DEVICE;

	if (op->kind >= OP_KIND_COUNT || op->flags & ~(uint32_t)OPF_ALL || op->mode & ~07777u)
		return err_set(e, EINVAL, "plan: an operation has an unknown kind, flag or mode");
	if (check_clean("target", op->target, e) < 0)
		return -e->code;
	if (!strcmp(op->target, "/"))
		return err_set(e, EINVAL, "plan: an operation's target is the root");
	if (from_host != (op->source[0] != '\0') || strlen(op->source) >= PLAN_PATH_MAX)
		return err_set(e, EINVAL, "plan: the source of %s is missing, too long, or one too many",
			       QUOTE(op->target));
	if (op->kind == OP_DEVICE && !text_starts(op->target, "/dev/"))
		return err_set(e, EINVAL, "plan: the device %s does not lie below /dev", QUOTE(op->target));
	if (op->kind != OP_TEXT && op->text[0])
		return err_set(e, EINVAL, "plan: text for %s, which takes none", QUOTE(op->target));
	return 0;
}

static bool ascending(const struct plan_numbers *l, uint32_t least, uint32_t most)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (l->item[i] < least || l->item[i] > most || (i && l->item[i] <= l->item[i - 1]))
			return false;
	return true;
}

static int check_lists(const struct plan *p, struct err *e)
{
	if (p->ops.count > PLAN_OPS_MAX)
		return err_set(e, E2BIG, "more than %d file system operations", PLAN_OPS_MAX);
	if (p->argv.count > PLAN_STRINGS_MAX || p->env.count > PLAN_STRINGS_MAX)
		return err_set(e, E2BIG, "more than %d arguments or environment variables", PLAN_STRINGS_MAX);
	if (p->keep_fds.count > PLAN_FDS_MAX)
		return err_set(e, E2BIG, "more than %d descriptors to preserve", PLAN_FDS_MAX);
	if (!ascending(&p->keep_fds, 3, INT32_MAX))
		return err_set(e, EINVAL, "plan: descriptors to preserve are not in ascending order from 3");
	for (uint32_t i = 0; i < p->env.count; i++)
		if (p->env.item[i][0] == '=' || !strchr(p->env.item[i], '='))
			return err_set(e, EINVAL, "plan: %s is not NAME=VALUE", QUOTE(p->env.item[i]));
	for (uint32_t i = 0; i < p->ops.count; i++)
		if (check_op(&p->ops.item[i], e) < 0)
			return -e->code;
	return 0;
}

static int check_network(const struct plan *p, struct err *e)
{
	bool own = p->namespaces & PLAN_NS_NET;

	if (p->network >= PLAN_NETWORK_COUNT || (p->network == PLAN_NETWORK_HOST) == own)
		return err_set(e, EINVAL, "plan: the network and its namespace contradict each other");
	if (p->ports.count > PLAN_PORTS_MAX)
		return err_set(e, E2BIG, "more than %d ports", PLAN_PORTS_MAX);
	if (p->ports.count && p->network != PLAN_NETWORK_USER)
		return err_set(e, EINVAL, "plan: ports without a network of the user's");
	for (uint32_t i = 0; i < p->ports.count; i++) {
		const struct plan_port *x = &p->ports.item[i];

		if (x->protocol >= PLAN_PROTOCOL_COUNT || x->host_port - 1 >= 65535 || x->port - 1 >= 65535 ||
		    !x->address[0])
			return err_set(e, EINVAL,
				       "plan: a port has an unknown protocol, number or no address");
	}
	if (p->tcp & ~(uint32_t)PLAN_TCP_ALL || !ascending(&p->tcp_bind, 1, 65535) ||
	    !ascending(&p->tcp_connect, 1, 65535) || p->tcp_bind.count > PLAN_PORTS_MAX ||
	    p->tcp_connect.count > PLAN_PORTS_MAX)
		return err_set(e, EINVAL, "plan: TCP ports are not in ascending order from 1 to 65535");
	return 0;
}

static int check_confinement(const struct plan *p, struct err *e)
{
	const uint32_t instruction = 8; /* struct sock_filter */
	uint32_t bytes = p->seccomp_program.count;

	if (p->seccomp >= PLAN_SECCOMP_COUNT || p->landlock >= PLAN_LANDLOCK_COUNT ||
	    p->hidepid >= PLAN_HIDEPID_COUNT)
		return err_set(e, EINVAL, "plan: unknown confinement");
	if (p->allow_userns > 1 || p->proc_subset_pid > 1 || p->unmasked > 1 || p->nice_asked > 1 ||
	    p->oom_asked > 1)
		return err_set(e, EINVAL, "plan: a yes or no is neither");
	if ((p->seccomp == PLAN_SECCOMP_PROGRAM) != (bytes > 0) || bytes % instruction ||
	    bytes / instruction > PLAN_FILTER_MAX)
		return err_set(e, EINVAL,
			       "plan: the seccomp program is missing, one too many, or not 1 to %d "
			       "instructions",
			       PLAN_FILTER_MAX);
	return 0;
}

static int check_limits(const struct plan *p, struct err *e)
{
	if (p->io_weight > 10000 || p->nice < -20 || p->nice > 19 || p->oom_score_adj < -1000 ||
	    p->oom_score_adj > 1000)
		return err_set(e, EINVAL, "plan: a weight or priority is out of range");
	if (p->ulimits.count > PLAN_ULIMITS_MAX)
		return err_set(e, EINVAL, "plan: more resource limits than there are");
	for (uint32_t i = 0; i < p->ulimits.count; i++) {
		const struct plan_ulimit *u = &p->ulimits.item[i];

		if (u->resource >= PLAN_ULIMITS_MAX || u->soft > u->hard ||
		    (i && u->resource <= p->ulimits.item[i - 1].resource))
			return err_set(e, EINVAL,
				       "plan: a resource limit is unknown, twice there, or above "
				       "its hard limit");
	}
	return 0;
}

int plan_check(const struct plan *p, struct err *e)
{
	if (!p->root || !p->hostname || !p->user || !p->cwd)
		return err_set(e, EINVAL, "plan: a string is missing");
	if (p->root_kind >= PLAN_ROOT_COUNT || p->map >= PLAN_MAP_COUNT)
		return err_set(e, EINVAL, "plan: unknown kind of root or map");
	if ((p->root_kind != PLAN_ROOT_HOST) != (p->root[0] != '\0') || strlen(p->root) >= PLAN_PATH_MAX)
		return err_set(e, EINVAL, "plan: the root's path is missing, too long, or one too many");
	if (p->root_read_only > 1 || p->ephemeral > 1 || p->init > 1 || p->lock_mounts > 1 ||
	    p->cwd_asked > 1 || p->gate > 1 || p->root_shared > 1 || p->report > 1 || p->serve > p->init)
		return err_set(e, EINVAL, "plan: a yes or no is neither");
	if (p->namespaces & ~(uint32_t)PLAN_NS_ALL || p->tty & ~(uint32_t)PLAN_TTY_ALL)
		return err_set(e, EINVAL, "plan: unknown namespace or terminal flag");
	if (p->own_uid == ID_NONE || p->own_gid == ID_NONE || p->uid == ID_NONE || p->gid == ID_NONE)
		return err_set(e, EINVAL, "plan: an id is 4294967295, which means none");
	if (p->map == PLAN_MAP_SELF && (p->uid != p->own_uid || p->gid != p->own_gid))
		return err_set(e, EINVAL, "plan: the user inside is not the one id that is mapped");
	if (p->gate && p->map != PLAN_MAP_NONE && p->map != PLAN_MAP_SELF && p->map != PLAN_MAP_SUBORDINATE)
		return err_set(e, EINVAL, "plan: croft-gate knows no such map");
	if (p->map == PLAN_MAP_NONE && !p->gate)
		return err_set(e, EINVAL, "plan: without a user namespace only croft-gate makes a sandbox");
	if (p->map == PLAN_MAP_NONE &&
	    (p->caps || p->caps_ambient || p->lock_mounts || p->allow_userns || p->own_uid || p->own_gid))
		return err_set(e, EINVAL,
			       "plan: without a user namespace there are no capabilities and no ids");
	if (p->hostname[0] == '\0' || strlen(p->hostname) > PLAN_NAME_MAX)
		return err_set(e, EINVAL, "plan: a host name has 1 to %d characters", PLAN_NAME_MAX);
	if (check_clean("working directory", p->cwd, e) < 0 || check_network(p, e) < 0 ||
	    check_confinement(p, e) < 0 || check_limits(p, e) < 0)
		return -e->code;
	return check_lists(p, e);
}

/* --- encoding --------------------------------------------------------------- */

static const char magic[8] = "croft\0\0\5"; /* the last byte is the version */

struct writer {
	char *buf;
	size_t size;
	size_t used; /* size + 1: it did not fit */
};

static void put_bytes(struct writer *w, const void *p, size_t n)
{
	if (w->used > w->size || n > w->size - w->used) {
		w->used = w->size + 1;
		return;
	}
	if (n)
		memcpy(w->buf + w->used, p, n);
	w->used += n;
}

static void put_number(struct writer *w, uint64_t v, unsigned bytes)
{
	unsigned char b[8];

	for (unsigned i = 0; i < bytes; i++)
		b[i] = (unsigned char)(v >> (8 * i));
	put_bytes(w, b, bytes);
}

static void put_string(struct writer *w, const char *s)
{
	size_t n = strlen(s);

	if (n > PLAN_BYTES_MAX) {
		w->used = w->size + 1;
		return;
	}
	put_number(w, n, 4);
	put_bytes(w, s, n);
}

static void put_fields(struct writer *w, const struct plan_field *f, size_t n, const void *base);

static void put_numbers(struct writer *w, const struct plan_numbers *l)
{
	put_number(w, l->count, 4);
	for (uint32_t i = 0; i < l->count; i++)
		put_number(w, l->item[i], 4);
}

static void put_strings(struct writer *w, const struct plan_strings *l)
{
	put_number(w, l->count, 4);
	for (uint32_t i = 0; i < l->count; i++)
		put_string(w, l->item[i]);
}

static void put_blob(struct writer *w, const struct plan_blob *b)
{
	put_number(w, b->count, 4);
	put_bytes(w, b->item, b->count);
}

static void put_list(struct writer *w, const struct plan_list *l, struct plan_items of)
{
	put_number(w, of.count, 4);
	for (uint32_t i = 0; i < of.count; i++)
		put_fields(w, l->field, l->nfields, (const char *)of.item + i * l->size);
}

static void put_field(struct writer *w, const struct plan_field *f, const char *at)
{
	switch (f->type) {
	case PLAN_U32:
	case PLAN_I32:
		put_number(w, *(const uint32_t *)at, 4);
		return;
	case PLAN_U64:
		put_number(w, *(const uint64_t *)at, 8);
		return;
	case PLAN_STR:
		put_string(w, *(const char *const *)at);
		return;
	case PLAN_STRINGS:
		put_strings(w, (const struct plan_strings *)at);
		return;
	case PLAN_NUMBERS:
		put_numbers(w, (const struct plan_numbers *)at);
		return;
	case PLAN_BLOB:
		put_blob(w, (const struct plan_blob *)at);
		return;
	case PLAN_LIST:
		put_list(w, f->list, items_at(at));
		return;
	}
}

static void put_fields(struct writer *w, const struct plan_field *f, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++)
		put_field(w, &f[i], (const char *)base + f[i].offset);
}

long plan_encode(const struct plan *p, void *buf, size_t size)
{
	struct writer w = {buf, size < PLAN_BYTES_MAX ? size : PLAN_BYTES_MAX, 0};

	put_bytes(&w, magic, sizeof(magic));
	put_fields(&w, plan_field, plan_nfields, p);
	return w.used > w.size ? -E2BIG : (long)w.used;
}

/* --- decoding --------------------------------------------------------------- */

struct reader {
	const unsigned char *p;
	size_t left;
	struct arena *a;
	struct err *e;
	int failed; /* -errno; the first failure stays */
};

static void fail(struct reader *r, int code, const char *why)
{
	if (!r->failed)
		r->failed = err_set(r->e, code, "plan: %s", why);
}

static uint64_t get_number(struct reader *r, unsigned bytes)
{
	uint64_t v = 0;

	if (r->failed || r->left < bytes) {
		fail(r, EBADMSG, "it ends too early");
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)r->p[i] << (8 * i);
	r->p += bytes;
	r->left -= bytes;
	return v;
}

static const char *get_string(struct reader *r)
{
	uint64_t n = get_number(r, 4);
	const char *s;

	if (r->failed || n > r->left) {
		fail(r, EBADMSG, "a string is longer than what is left");
		return "";
	}
	if (memchr(r->p, '\0', (size_t)n)) {
		fail(r, EBADMSG, "a string holds a NUL byte");
		return "";
	}
	s = arena_copy(r->a, (const char *)r->p, (size_t)n);
	if (!s) {
		fail(r, ENOMEM, "it is too large");
		return "";
	}
	r->p += n;
	r->left -= (size_t)n;
	return s;
}

/* An array for as many items as the bytes left can hold at all, so that a count is never believed. */
static void *get_array(struct reader *r, uint32_t *count, size_t item, size_t least, size_t extra)
{
	uint64_t n = get_number(r, 4);
	void *p = NULL;

	*count = 0;
	if (!r->failed && n > r->left / least)
		fail(r, EBADMSG, "a list is longer than what is left");
	if (!r->failed && !(p = arena_array(r->a, (size_t)n + extra, item)))
		fail(r, ENOMEM, "it is too large");
	if (p)
		*count = (uint32_t)n;
	return p;
}

static void get_fields(struct reader *r, const struct plan_field *f, size_t n, void *base);

static void get_strings(struct reader *r, struct plan_strings *ret)
{
	const char **item = get_array(r, &ret->count, sizeof(*item), 4, 1);

	for (uint32_t i = 0; i < ret->count; i++)
		item[i] = get_string(r);
	ret->item = item;
}

static void get_numbers(struct reader *r, struct plan_numbers *ret)
{
	uint32_t *item = get_array(r, &ret->count, sizeof(*item), 4, 0);

	for (uint32_t i = 0; i < ret->count; i++)
		item[i] = (uint32_t)get_number(r, 4);
	ret->item = item;
}

static void get_blob(struct reader *r, struct plan_blob *ret)
{
	uint8_t *item = get_array(r, &ret->count, 1, 1, 0);

	if (ret->count) {
		memcpy(item, r->p, ret->count);
		r->p += ret->count;
		r->left -= ret->count;
	}
	ret->item = item;
}

/* The least that a structure takes: 4 bytes a field. */
static void get_list(struct reader *r, const struct plan_list *l, void *at)
{
	struct plan_items ret = {0};
	char *item = get_array(r, &ret.count, l->size, 4 * l->nfields, 0);

	for (uint32_t i = 0; i < ret.count; i++)
		get_fields(r, l->field, l->nfields, item + i * l->size);
	ret.item = item;
	memcpy(at, &ret, sizeof(ret));
}

static void get_field(struct reader *r, const struct plan_field *f, char *at)
{
	switch (f->type) {
	case PLAN_U32:
	case PLAN_I32:
		*(uint32_t *)at = (uint32_t)get_number(r, 4);
		return;
	case PLAN_U64:
		*(uint64_t *)at = get_number(r, 8);
		return;
	case PLAN_STR:
		*(const char **)at = get_string(r);
		return;
	case PLAN_STRINGS:
		get_strings(r, (struct plan_strings *)at);
		return;
	case PLAN_NUMBERS:
		get_numbers(r, (struct plan_numbers *)at);
		return;
	case PLAN_BLOB:
		get_blob(r, (struct plan_blob *)at);
		return;
	case PLAN_LIST:
		get_list(r, f->list, at);
		return;
	}
}

static void get_fields(struct reader *r, const struct plan_field *f, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++)
		get_field(r, &f[i], (char *)base + f[i].offset);
}

int plan_decode(const void *buf, size_t size, struct arena *a, struct plan *ret, struct err *e)
{
	struct reader r = {buf, size, a, e, 0};
	struct plan p = {0};

	if (size > PLAN_BYTES_MAX)
		return err_set(e, E2BIG, "plan: longer than %d bytes", PLAN_BYTES_MAX);
	if (size < sizeof(magic) || memcmp(buf, magic, sizeof(magic)) != 0)
		return err_set(e, EBADMSG, "plan: not a plan of this version of croft");
	r.p += sizeof(magic);
	r.left -= sizeof(magic);
	get_fields(&r, plan_field, plan_nfields, &p);
	if (!r.failed && r.left)
		fail(&r, EBADMSG, "bytes are left over");
	if (r.failed)
		return r.failed;
	if (plan_check(&p, e) < 0)
		return -e->code;
	*ret = p;
	return 0;
}

int plan_copy(const struct plan *p, struct arena *a, struct plan *ret, struct err *e)
{
	char *buf = a->base + a->used;
	long n = plan_encode(p, buf, a->size - a->used);

	if (n < 0)
		return err_set(e, E2BIG, "plan: longer than %d bytes", PLAN_BYTES_MAX);
	a->used += (size_t)n;
	return plan_decode(buf, (size_t)n, a, ret, e);
}
