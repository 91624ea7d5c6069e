#include "frontend/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/text.h"
#include "frontend/cgroup_place.h"
#include "frontend/run_setters.h"
#include "policy/decide.h"
#include "policy/rule.h"

#define SIZE(bytes) limits_size((bytes), (char[LIMITS_SIZE_MAX]){""})
#define TIME(ms)    limits_time((ms), (char[LIMITS_SIZE_MAX]){""})

/* --- words ---------------------------------------------------------------------------------------- */

const char *limits_size(uint64_t bytes, char buf[LIMITS_SIZE_MAX])
{
	static const char suffix[] = "\0KMGT";
	int i = 0;

	while (i < 4 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, LIMITS_SIZE_MAX, "%" PRIu64 "%.1s", bytes, suffix + i);
	return buf;
}

const char *limits_time(uint64_t ms, char buf[LIMITS_SIZE_MAX])
{
	snprintf(buf, LIMITS_SIZE_MAX, ms % 1000 ? "%" PRIu64 "ms" : "%" PRIu64 "s",
		 ms % 1000 ? ms : ms / 1000);
	return buf;
}

/* A number of thousandths without zeros at its end. */
static const char *milli(uint64_t value, char buf[LIMITS_SIZE_MAX])
{
	size_t n = (size_t)snprintf(buf, LIMITS_SIZE_MAX, "%" PRIu64 ".%03u", value / 1000,
				    (unsigned)(value % 1000));

	while (buf[n - 1] == '0')
		n--;
	if (buf[n - 1] == '.')
		n--;
	buf[n] = '\0';
	return buf;
}

static const char *value_of(enum policy_limit which, uint64_t value, char buf[LIMITS_SIZE_MAX])
{
	switch (which) {
	case LIMIT_MEMORY:
		return limits_size(value, buf);
	case LIMIT_CPUS:
		return milli(value, buf);
	case LIMIT_TIME:
		return limits_time(value, buf);
	case LIMIT_IDS:
	case LIMIT_PIDS:
	case LIMIT_SANDBOXES:
	case POLICY_LIMIT_COUNT:
		break;
	}
	snprintf(buf, LIMITS_SIZE_MAX, "%" PRIu64, value);
	return buf;
}
#define VALUE(which, value) value_of((which), (value), (char[LIMITS_SIZE_MAX]){""})

static struct limits_row *row(struct limits_row *rows, size_t *n, const char *name, enum policy_limit given)
{
	struct limits_row *r = &rows[(*n)++];

	*r = (struct limits_row){.given = given};
	snprintf(r->name, sizeof(r->name), "%s", name);
	return r;
}

static void ulimit_rows(const struct plan *p, struct limits_row *rows, size_t *n)
{
	for (uint32_t i = 0; i < p->ulimits.count; i++) {
		const struct plan_ulimit *u = &p->ulimits.item[i];
		struct limits_row *r = row(rows, n, run_ulimit_name(u->resource), POLICY_LIMIT_COUNT);
		char soft[24] = "unlimited", hard[24] = "unlimited";

		if (u->soft != UINT64_MAX)
			snprintf(soft, sizeof(soft), "%" PRIu64, u->soft);
		if (u->hard != UINT64_MAX)
			snprintf(hard, sizeof(hard), "%" PRIu64, u->hard);
		snprintf(r->value, sizeof(r->value), "%s:%s", soft, hard);
	}
}

size_t limits_rows(const struct plan *p, struct limits_row ret[LIMITS_ROWS_MAX])
{
	const struct {
		const char *name;
		enum policy_limit which;
		uint64_t value;
	} number[] = {{"CPUs", LIMIT_CPUS, p->cpu_milli},
		      {"processes", LIMIT_PIDS, p->pids_max},
		      {"io weight", POLICY_LIMIT_COUNT, p->io_weight},
		      {"time", LIMIT_TIME, p->timeout_ms}};
	const struct {
		const char *name;
		uint32_t asked;
		int32_t value;
	} priority[] = {{"niceness", p->nice_asked, p->nice}, {"oom score", p->oom_asked, p->oom_score_adj}};
	struct limits_row *r;
	size_t n = 0;

	if (p->memory_max) {
		r = row(ret, &n, "memory", LIMIT_MEMORY);
		if (p->memory_swap_max == UINT64_MAX)
			snprintf(r->value, sizeof(r->value), "%s, swap without limit", SIZE(p->memory_max));
		else
			snprintf(r->value, sizeof(r->value), "%s, and %s of swap", SIZE(p->memory_max),
				 SIZE(p->memory_swap_max));
	}
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		if (number[i].value) {
			r = row(ret, &n, number[i].name, number[i].which);
			snprintf(r->value, sizeof(r->value), "%s", VALUE(number[i].which, number[i].value));
		}
	for (size_t i = 0; i < sizeof(priority) / sizeof(priority[0]); i++)
		if (priority[i].asked) {
			r = row(ret, &n, priority[i].name, POLICY_LIMIT_COUNT);
			snprintf(r->value, sizeof(r->value), "%" PRId32, priority[i].value);
		}
	ulimit_rows(p, ret, &n);
	return n;
}

/* --- the policy -------------------------------------------------------------------------------------- */

static int refuse(const struct policy_caller *c, const struct policy_rule *rule, const char *what,
		  struct err *e)
{
	enum policy_limit which = (enum policy_limit)rule->kind;
	char who[64];

	if (c->name)
		snprintf(who, sizeof(who), "%s", QUOTE(c->name));
	else
		snprintf(who, sizeof(who), "uid %u", (unsigned)c->uid);
	err_set(e, EACCES, "%s: denied for %s: rule %s:%" PRIu32 " limits %s to %s", what, who,
		QUOTE(rule->file), rule->line, policy_limit_word[which], VALUE(which, rule->limit));
	return -EACCES;
}

/* A limit of the caller's, 0 for none: within the rule, or the rule's. */
static int vet_one(const struct policy_caller *c, const struct policy_rule *rule, uint64_t *value,
		   struct limits_given *ret, struct err *e)
{
	enum policy_limit which = (enum policy_limit)rule->kind;
	char what[64];

	if (*value == 0 && rule->limit > 0) {
		*value = rule->limit;
		ret->rule[which] = rule;
	}
	if (*value && *value <= rule->limit)
		return 0;
	if (*value)
		snprintf(what, sizeof(what), "%s %s", policy_limit_word[which], VALUE(which, *value));
	else
		snprintf(what, sizeof(what), "%s", policy_limit_word[which]);
	return refuse(c, rule, what, e);
}

static int vet_swap(const struct policy_caller *c, const struct policy_rule *rule, struct run_options *o,
		    struct err *e)
{
	if (!o->memory_swap_asked)
		o->memory_swap = o->memory; /* as docker: as much again */
	if (o->memory_swap <= rule->limit)
		return 0;
	return refuse(c, rule, "memory-swap: more swap than memory is allowed", e);
}

int limits_vet(const struct policy *p, const struct policy_caller *c, struct run_options *o,
	       struct limits_given *ret, struct err *e)
{
	uint64_t time = o->timeout_ms;
	uint64_t *const value[POLICY_LIMIT_COUNT] = {[LIMIT_MEMORY] = &o->memory,
						     [LIMIT_CPUS] = &o->cpu_milli,
						     [LIMIT_PIDS] = &o->pids,
						     [LIMIT_TIME] = &time};

	*ret = (struct limits_given){{NULL}};
	for (int i = 0; i < POLICY_LIMIT_COUNT; i++) {
		const struct policy_rule *rule =
			value[i] ? policy_limit_rule(p, c, (enum policy_limit)i) : NULL;

		if (!rule)
			continue;
		if (vet_one(c, rule, value[i], ret, e) < 0)
			return -e->code;
		if (i == LIMIT_MEMORY && vet_swap(c, rule, o, e) < 0)
			return -e->code;
	}
	o->timeout_ms = (uint32_t)time; /* no rule has more: text_duration_ms() */
	return 0;
}

/* --- this host ------------------------------------------------------------------------------------------ */

static int check_ulimit(const struct plan_ulimit *u, struct err *e)
{
	const char *name = run_ulimit_name(u->resource);
	struct rlimit rl;
	char have[24];

	if (getrlimit((int)u->resource, &rl) < 0)
		return err_sys(e, "option --ulimit: %s", name);
	if (rl.rlim_max == RLIM_INFINITY || u->hard <= (uint64_t)rl.rlim_max)
		return 0;
	snprintf(have, sizeof(have), "%" PRIu64, (uint64_t)rl.rlim_max);
	err_set(e, EPERM, "option --ulimit: %s: the hard limit would be above your own, which is %s", name,
		have);
	return err_hint(e, "%s=%s:%s, or a line in /etc/security/limits.conf: USER hard %s NUMBER", name,
			have, have, name);
}

static const struct policy_rule *given_by(const struct limits_given *g)
{
	for (int i = 0; i < POLICY_LIMIT_COUNT; i++)
		if (g->rule[i] && i != LIMIT_TIME) /* needs no cgroup */
			return g->rule[i];
	return NULL;
}

int limits_check(const struct plan *p, const struct limits_given *given, struct err *e)
{
	static struct cgroup_facts f;
	const unsigned need = cgroup_needs(p);
	const struct policy_rule *rule = given_by(given);
	enum cgroup_way way;

	for (uint32_t i = 0; i < p->ulimits.count; i++)
		if (check_ulimit(&p->ulimits.item[i], e) < 0)
			return -e->code;
	if (!need)
		return 0;
	cgroup_facts_read(&f);
	if (cgroup_choose(&f, need, &way, e) == 0)
		return 0;
	return rule ? err_wrap(e, "rule %s:%" PRIu32 " of the policy sets a limit", QUOTE(rule->file),
			       rule->line)
		    : -e->code;
}

/* --- afterwards -------------------------------------------------------------------------------------------
 */

void limits_notes(const struct plan *p, const struct cgroup_hits *hits, bool timed_out, int status)
{
	if (timed_out)
		note_print("croft", "the time limit of %s ended it", TIME(p->timeout_ms));
	if (p->memory_max && hits->killed && status == EXIT_SIGNAL + SIGKILL && !timed_out)
		note_print("croft", "the memory limit of %s ended it", SIZE(p->memory_max));
	else if (p->memory_max && hits->killed)
		note_print("croft",
			   "the memory limit of %s was reached: the kernel killed %" PRIu64 " process%s",
			   SIZE(p->memory_max), hits->killed, hits->killed == 1 ? "" : "es");
	if (p->pids_max && hits->refused)
		note_print("croft", "the limit of %" PRIu64 " processes was reached", p->pids_max);
}
