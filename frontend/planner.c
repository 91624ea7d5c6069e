#include "frontend/planner.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/join.h"
#include "sandbox/standard.h"

static const uint64_t known_caps = CAP_BIT(CAP_LAST_CAP + 1) - 1;

#define MIB (UINT64_C(1) << 20)

/* What a tmpfs may hold when nobody said it: an endless one is a hole in any limit of memory. */
#define SHM_SIZE       (256 * MIB)
#define TMP_SIZE       (1024 * MIB)
#define RUN_SIZE       (64 * MIB)
#define TMPFS_SIZE     (256 * MIB)
#define EPHEMERAL_SIZE (2048 * MIB)

struct builder {
	const struct run_options *o;
	const struct plan_facts *f;
	struct arena *a;
	struct plan_op *op;
	uint32_t count, max;
};

static void add(struct builder *b, struct plan_op op)
{
	if (!op.source)
		op.source = "";
	if (!op.text)
		op.text = "";
	if (b->count < b->max)
		b->op[b->count++] = op;
}

/* Whether the caller puts something of his own exactly there. */
static bool overridden(const struct builder *b, const char *target)
{
	for (uint32_t i = 0; i < b->o->nmounts; i++)
		if (!strcmp(b->o->mount[i].target, target))
			return true;
	return false;
}

static void add_host_root(struct builder *b)
{
	if (b->f->root_kind != PLAN_ROOT_HOST)
		return;
	for (size_t i = 0; i < standard_nmirrors; i++)
		add(b, (struct plan_op){.kind = OP_MIRROR,
					.flags = OPF_OPTIONAL | OPF_READ_ONLY,
					.source = standard_mirror[i],
					.target = standard_mirror[i]});
	if (strcmp(b->f->home, "/") != 0)
		add(b, (struct plan_op){.kind = OP_DIR, .mode = 0700, .target = b->f->home});
}

/* With a limit of memory no more than half of it, so that a full tmpfs leaves room for the command. */
static uint64_t default_size(const struct run_options *o, uint64_t size)
{
	return o->memory && o->memory / 2 < size ? o->memory / 2 : size;
}

static void add_tmpfs(struct builder *b, const char *target, uint32_t mode, uint32_t flags, uint64_t most)
{
	const uint64_t size = default_size(b->o, most);

	if (!overridden(b, target))
		add(b, (struct plan_op){.kind = OP_TMPFS,
					.target = target,
					.mode = mode,
					.flags = flags,
					.size = size,
					.inodes = standard_inodes(size)});
}

static void add_masks(struct builder *b)
{
	for (size_t i = 0; !b->o->unmask && i < standard_nmasks; i++)
		add(b, (struct plan_op){.kind = standard_mask[i].kind, .target = standard_mask[i].target});
}

static void add_standard(struct builder *b, enum plan_op_kind kind)
{
	add(b, (struct plan_op){.kind = kind, .target = standard_target(kind)});
}

static void add_devices(struct builder *b)
{
	for (uint32_t i = 0; i < b->o->nmounts; i++) {
		const struct run_mount *m = &b->o->mount[i];

		if (m->device)
			add(b, (struct plan_op){.kind = OP_DEVICE,
						.flags = m->flags,
						.source = m->source,
						.target = m->target});
	}
}

static void add_kernel(struct builder *b)
{
	add_masks(b);
	add_standard(b, OP_DEVPTS);
	add_tmpfs(b, "/dev/shm", 01777, 0, SHM_SIZE);
	add_standard(b, OP_MQUEUE);
	add_devices(b);
	add_tmpfs(b, "/tmp", 01777, 0, TMP_SIZE);
	add_tmpfs(b, "/run", 0755, 0, RUN_SIZE);
}

static int add_conf(struct builder *b, const char *hostname, struct err *e)
{
	static const char *const name[CONF_COUNT] = {"hosts", "hostname", "resolv.conf"};
	const char *text[CONF_COUNT] = {
		join(b->a, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t",
		     hostname, "\n", ""),
		join(b->a, hostname, "\n", "", ""),
		b->f->resolv ? b->f->resolv : "",
	};
	/* The host's own system is bound read-only: a file that is not in its /etc has no place there. */
	uint32_t maybe = b->f->root_kind == PLAN_ROOT_HOST || b->o->read_only ? OPF_OPTIONAL : 0;

	for (int i = 0; i < CONF_COUNT; i++) {
		const char *target = join(b->a, "/etc/", name[i], "", "");
		const char *source =
			b->f->conf[i] ? join(b->a, b->o->conf, "/", name[i], "") : "/etc/resolv.conf";

		if (!target || !source || !text[i])
			return err_set(e, ENOMEM, "the command line is too long");
		if (overridden(b, target))
			continue;
		if (b->f->conf[i])
			add(b, (struct plan_op){.kind = OP_CONF,
						.flags = OPF_READ_ONLY | OPF_NOEXEC | OPF_ASKED,
						.source = source,
						.target = target});
		else if (i == CONF_RESOLV && !b->f->resolv)
			add(b, (struct plan_op){.kind = OP_CONF,
						.flags = OPF_READ_ONLY | OPF_NOEXEC | OPF_OPTIONAL,
						.source = source,
						.target = target});
		else
			add(b, (struct plan_op){.kind = OP_TEXT,
						.mode = 0644,
						.flags = maybe,
						.target = target,
						.text = text[i]});
	}
	return 0;
}

static void add_mounts(struct builder *b)
{
	for (uint32_t i = 0; i < b->o->nmounts; i++) {
		const struct run_mount *m = &b->o->mount[i];
		const uint64_t size = m->size ? m->size : default_size(b->o, TMPFS_SIZE);

		if (m->device)
			continue;
		if (m->tmpfs)
			add(b, (struct plan_op){.kind = OP_TMPFS,
						.target = m->target,
						.mode = m->mode,
						.flags = m->flags,
						.size = size,
						.inodes = standard_inodes(size)});
		else
			add(b, (struct plan_op){.kind = OP_VOLUME,
						.flags = m->flags,
						.source = m->source,
						.target = m->target});
	}
}

static int make_ops(struct builder *b, const char *hostname, struct plan *p, struct err *e)
{
	b->max = b->o->nmounts + 64;
	b->op = arena_array(b->a, b->max, sizeof(*b->op));
	if (!b->op)
		return err_set(e, ENOMEM, "too many volumes");
	/* First: whatever is mounted later is held against them. */
	add_standard(b, OP_PROC);
	add_standard(b, b->o->network == PLAN_NETWORK_HOST ? OP_SYS_HOST : OP_SYSFS);
	add_standard(b, OP_DEV);
	add_host_root(b);
	add_kernel(b);
	if (add_conf(b, hostname, e) < 0)
		return -e->code;
	add_mounts(b);
	if (b->count >= b->max)
		return err_set(e, E2BIG, "too many file system operations");
	p->ops = (struct plan_ops){.item = b->op, .count = b->count};
	return 0;
}

/* With them, as with user namespaces inside, the mounts are locked in a second one: SYS_ADMIN changes mounts,
 * SYS_RESOURCE lifts the limit on user namespaces, in which one has SYS_ADMIN. */
static bool changes_mounts(uint64_t caps)
{
	return caps & (CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_RESOURCE));
}

/* As docker has it: ALL dropped leaves just what was added; else what is dropped is dropped from default and
 * added ones. */
uint64_t planner_caps(const struct run_options *o)
{
	const uint64_t given = CAPS_DEFAULT & ~o->caps_withheld;
	uint64_t caps = o->map == PLAN_MAP_NONE       ? 0
			: o->cap_drop == ~UINT64_C(0) ? o->cap_add
						      : (given | o->cap_add) & ~o->cap_drop;

	return caps & known_caps;
}

static void make_caps(const struct run_options *o, struct plan *p)
{
	if (p->map == PLAN_MAP_NONE)
		return; /* no user namespace, no capability */
	p->caps = planner_caps(o);
	p->caps_ambient = p->uid == 0 ? 0 : o->cap_add & p->caps;
	/* What croft-gate mounted is locked: it is older than the user namespace. */
	p->lock_mounts = !o->by_gate && (changes_mounts(p->caps) || o->allow_userns);
}

static void make_confinement(const struct run_options *o, const struct plan_facts *f, struct plan *p)
{
	p->seccomp = f->filter.count                                   ? PLAN_SECCOMP_PROGRAM
		     : o->seccomp && !strcmp(o->seccomp, "unconfined") ? PLAN_SECCOMP_UNCONFINED
								       : PLAN_SECCOMP_DEFAULT;
	p->seccomp_program = f->filter;
	p->landlock = o->landlock;
	p->allow_userns = o->allow_userns;
	p->hidepid = o->hidepid;
	p->proc_subset_pid = o->proc_subset_pid;
	p->unmasked = o->unmask;
	p->tcp = o->tcp;
	p->tcp_bind = (struct plan_numbers){.item = o->tcp_bind, .count = o->ntcp_bind};
	p->tcp_connect = (struct plan_numbers){.item = o->tcp_connect, .count = o->ntcp_connect};
}

static void make_limits(const struct run_options *o, struct plan *p)
{
	p->memory_max = o->memory;
	p->memory_swap_max = o->memory ? o->memory_swap : UINT64_MAX;
	p->cpu_milli = o->cpu_milli;
	p->pids_max = o->pids;
	p->io_weight = o->io_weight;
	p->timeout_ms = o->timeout_ms;
	p->nice_asked = o->nice_asked;
	p->nice = o->nice;
	p->oom_asked = o->oom_asked;
	p->oom_score_adj = o->oom_score_adj;
	p->ulimits = (struct plan_ulimits){.item = o->ulimit, .count = o->nulimits};
}

static uint32_t make_tty(const struct run_options *o, const struct plan_facts *f)
{
	return o->detach ? 0 : o->tty ? (uint32_t)PLAN_TTY_ALL : f->tty;
}

static bool is_image(const struct plan_facts *f)
{
	return f->root_kind == PLAN_ROOT_SQUASHFS || f->root_kind == PLAN_ROOT_EROFS;
}

int planner_make(const struct run_options *o, const struct plan_facts *f, struct arena *a, struct plan *ret,
		 struct err *e)
{
	struct builder b = {.o = o, .f = f, .a = a};
	struct plan p = {
		.root_kind = f->root_kind,
		.root = f->root,
		.root_read_only = o->read_only || ((f->shared || f->linked || is_image(f)) && !o->ephemeral),
		.root_shared = f->shared,
		.ephemeral = o->ephemeral && f->root_kind != PLAN_ROOT_HOST,
		.ephemeral_size = o->ephemeral_size ? o->ephemeral_size : default_size(o, EPHEMERAL_SIZE),
		.gate = o->by_gate,
		.map = o->map,
		.own_uid = o->map == PLAN_MAP_SELF ? f->uid : 0,
		.own_gid = o->map == PLAN_MAP_SELF ? f->gid : 0,
		.namespaces = o->network == PLAN_NETWORK_HOST ? 0 : PLAN_NS_NET,
		.network = o->network,
		.ports = {.item = o->port, .count = o->nports},
		.hostname = o->hostname ? o->hostname
			    : o->name   ? o->name
					: "croft",
		.user = f->user,
		.uid = f->uid,
		.gid = f->gid,
		.cwd = o->cwd ? o->cwd : f->home,
		.cwd_asked = o->cwd != NULL,
		.argv = {.item = (const char *const *)o->argv, .count = o->argc},
		.env = f->env,
		.keep_fds = {.item = o->keep_fd, .count = o->nkeep},
		.init = !o->no_init,
		.tty = make_tty(o, f),
		.stop_timeout_ms = o->stop_timeout_ms,
		.serve = (o->name || o->detach) && !o->no_init,
		.report = o->status_fd >= 0 || o->detach,
	};

	make_caps(o, &p);
	make_confinement(o, f, &p);
	make_limits(o, &p);
	if (make_ops(&b, p.hostname, &p, e) < 0 || plan_check(&p, e) < 0)
		return -e->code;
	*ret = p;
	return 0;
}
