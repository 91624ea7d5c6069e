#include <asm/resource.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/run_options.h"
#include "frontend/run_setters.h"

static_assert(PLAN_ULIMITS_MAX == RLIM_NLIMITS, "a place for each limit of the kernel");

int set_memory(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	if (text_size(value, &o->memory) < 0 || o->memory == 0)
		return err_set(e, EINVAL, "%s is not a number of bytes (as 512M)", QUOTE(value));
	return 0;
}

/* As docker has it, memory and swap together; run_options_parse() takes the memory away. */
int set_memory_swap(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	o->memory_swap_asked = true;
	o->memory_swap = UINT64_MAX;
	if (!strcmp(value, "-1"))
		return 0;
	if (text_size(value, &o->memory_swap) < 0 || o->memory_swap == 0)
		return err_set(e, EINVAL, "%s is not a number of bytes (as 1G), or -1 for no limit",
			       QUOTE(value));
	return 0;
}

int set_cpus(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	/* The kernel takes no quota below a millisecond, here of each tenth of a second. */
	const uint64_t least = 10, most = 1000000;

	if (text_milli(value, &o->cpu_milli) < 0 || o->cpu_milli < least || o->cpu_milli > most)
		return err_set(e, EINVAL, "%s is not a number of CPUs from 0.01 to 1000 (as 1.5)",
			       QUOTE(value));
	return 0;
}

int set_pids_limit(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	const uint64_t most = 4194304; /* PID_MAX_LIMIT of Linux */

	if (text_u64(value, &o->pids) < 0 || o->pids == 0 || o->pids > most)
		return err_set(e, EINVAL, "%s is not a number of processes from 1 to 4194304", QUOTE(value));
	return 0;
}

int set_io_weight(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	if (text_u32(value, &o->io_weight) < 0 || o->io_weight < 1 || o->io_weight > 10000)
		return err_set(e, EINVAL, "%s is not a weight from 1 to 10000 (100 is everybody's)",
			       QUOTE(value));
	return 0;
}

/* --- --ulimit ----------------------------------------------------------------------------------- */

/* docker's names: those of limits.conf(5). */
static const struct {
	const char *name;
	uint32_t resource;
} ulimit_name[] = {
	{"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},       {"as", RLIMIT_AS},
};
static_assert(sizeof(ulimit_name) / sizeof(ulimit_name[0]) == PLAN_ULIMITS_MAX, "a name for each limit");

const char *run_ulimit_name(uint32_t resource)
{
	for (size_t i = 0; i < PLAN_ULIMITS_MAX; i++)
		if (ulimit_name[i].resource == resource)
			return ulimit_name[i].name;
	return "unknown";
}

static bool ulimit_number(const char *s, size_t n, uint64_t *ret)
{
	char text[24];

	if (text_is(s, n, "unlimited") || text_is(s, n, "-1")) {
		*ret = UINT64_MAX;
		return true;
	}
	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return text_u64(text, ret) == 0;
}

/* Into its place in ascending order; of two for the same resource the later one holds. */
static void put_ulimit(struct run_options *o, struct plan_ulimit u)
{
	uint32_t i = o->nulimits;

	while (i > 0 && o->ulimit[i - 1].resource > u.resource)
		i--;
	if (i == 0 || o->ulimit[i - 1].resource != u.resource) {
		memmove(&o->ulimit[i + 1], &o->ulimit[i], (o->nulimits - i) * sizeof(u));
		o->nulimits++;
		i++;
	}
	o->ulimit[i - 1] = u;
}

int set_ulimit(void *ctx, const char *value, struct err *e)
{
	const char *eq = strchr(value, '=');
	size_t n = eq ? (size_t)(eq - value) : 0, soft, i = 0;
	struct plan_ulimit u;

	while (i < PLAN_ULIMITS_MAX && !text_is(value, n, ulimit_name[i].name))
		i++;
	if (!eq || i == PLAN_ULIMITS_MAX)
		return err_set(e, EINVAL, "%s is not NAME=SOFT[:HARD] with a name of limits.conf(5)",
			       QUOTE(value));
	u.resource = ulimit_name[i].resource;
	eq++;
	soft = strcspn(eq, ":");
	if (!ulimit_number(eq, soft, &u.soft) ||
	    !ulimit_number(eq[soft] ? eq + soft + 1 : eq, eq[soft] ? strlen(eq + soft + 1) : soft, &u.hard))
		return err_set(e, EINVAL, "%s: a limit is a number or unlimited", QUOTE(value));
	if (u.soft > u.hard)
		return err_set(e, EINVAL, "%s: the soft limit is above the hard one", QUOTE(value));
	put_ulimit(ctx, u);
	return 0;
}

/* --- time and priorities ---------------------------------------------------------------------------- */

int set_timeout(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	if (text_duration_ms(value, &o->timeout_ms) < 0 || o->timeout_ms == 0)
		return err_set(e, EINVAL, "%s is not a time (as 90s, 10m, 2h)", QUOTE(value));
	return 0;
}

static int signed_number(const char *value, int32_t least, int32_t most, int32_t *ret, struct err *e)
{
	bool minus = value[0] == '-';
	uint32_t v;

	if (text_u32(value + minus, &v) < 0 || v > 1000 || (minus ? -(int32_t)v : (int32_t)v) < least ||
	    (minus ? -(int32_t)v : (int32_t)v) > most)
		return err_set(e, EINVAL, "%s is not a number from %d to %d", QUOTE(value), least, most);
	*ret = minus ? -(int32_t)v : (int32_t)v;
	return 0;
}

int set_nice(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	o->nice_asked = true;
	return signed_number(value, -20, 19, &o->nice, e);
}

int set_oom_score_adj(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	o->oom_asked = true;
	return signed_number(value, -1000, 1000, &o->oom_score_adj, e);
}
