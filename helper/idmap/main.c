/*
 * croft-idmap FD OWN-UID OWN-GID: writes the id maps of a process of the caller's, from his own subordinate
 * ranges. The order of main is the specification: README.md beside this file says it in MUST sentences.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/helper_exit.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/userdb.h"
#include "helper/idmap/target.h"
#include "helper/idmap/write.h"
#include "helper/shared/grant.h"
#include "helper/shared/paths.h"
#include "helper/shared/privilege.h"
#include "helper/shared/start.h"
#include "policy/caller.h"
#include "policy/decide.h"
#include "policy/load.h"
#include "policy/rule.h"

static const char program[] = "croft-idmap";

/* What is as long as an argument can be: ten digits. */
enum { ARGUMENT_MAX = 10, LOG_MAP_MAX = 256, LOG_RULE_MAX = 300 };

/* Untouched pages cost nothing; 1 MiB holds the groups of the caller and small change. */
enum { ARENA_BYTES = POLICY_ARENA + USERDB_BYTES_MAX + GRANT_ARENA + (1 << 20) };

struct request {
	struct wish wish;
	struct target target;
	struct policy_caller caller;
	struct grant grant;
};

static int usage(const char *what, const char *value, struct err *e)
{
	if (value)
		err_set(e, EINVAL, "%s is not %s", QUOTE(value), what);
	else
		err_set(e, EINVAL, "%s", what);
	err_hint(e, "usage: croft-idmap FD OWN-UID OWN-GID; see croft-idmap(8)");
	return err_status(e, HELPER_USAGE);
}

static int parse_own(const char *arg, const char *what, uint32_t *ret, struct err *e)
{
	if (!strcmp(arg, "-")) {
		*ret = ID_NONE;
		return 0;
	}
	return strlen(arg) > ARGUMENT_MAX || text_id(arg, ret) < 0 ? usage(what, arg, e) : 0;
}

static int parse(int argc, char **argv, int *ret_fd, struct wish *ret, struct err *e)
{
	uint32_t fd;
	int r;

	if (argc != 4)
		return usage("three arguments are needed", NULL, e);
	if (strlen(argv[1]) > ARGUMENT_MAX || text_u32(argv[1], &fd) < 0 || fd < 3 || fd > INT32_MAX)
		return usage("the number of a descriptor from 3 on", argv[1], e);
	r = parse_own(argv[2], "a user id or -", &ret->own_uid, e);
	if (r == 0)
		r = parse_own(argv[3], "a group id or -", &ret->own_gid, e);
	if (r == 0)
		*ret_fd = (int)fd;
	return r;
}

/* A map on one line, for the log. */
static const char *one_line(const struct map *m, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%.*s", m->len > 0 ? m->len - 1 : 0, m->text);

	for (char *p = buf; (p = strchr(p, '\n'));)
		*p = ',';
	if (n >= size)
		memcpy(buf + size - 4, "...", 4);
	return buf;
}

static const char *who(const struct policy_caller *c)
{
	return c->name ? c->name : "no name";
}

static void log_grant(const struct request *q)
{
	const struct grant *g = &q->grant;
	char uid[LOG_MAP_MAX], gid[LOG_MAP_MAX], by[LOG_RULE_MAX] = "";

	if (g->ids_rule)
		snprintf(by, sizeof(by), "; ids of %s:%u", g->ids_rule->file, g->ids_rule->line);
	log_auth(LOG_GRANTED, program,
		 "uid %u (%s) maps process %u: uid %s; gid %s; setgroups %s; allowed by %s:%u%s",
		 q->caller.uid, QUOTE(who(&q->caller)), q->target.pid, one_line(&g->uid, uid, sizeof(uid)),
		 one_line(&g->gid, gid, sizeof(gid)),
		 g->deny_setgroups || q->target.setgroups_denied ? "deny" : "allow", g->rule->file,
		 g->rule->line, by);
}

static void log_refusal(const struct request *q, const struct err *e)
{
	log_auth(LOG_REFUSED, program, "uid %u (%s) does not get the maps of process %u: %s", q->caller.uid,
		 QUOTE(who(&q->caller)), q->target.pid, e->msg);
}

/* Beside a policy that is a boundary there is no other way to start a sandbox. */
static int check_enforced(const struct policy *p, struct err *e)
{
	const struct policy_rule *rule = policy_enforced(p);

	if (!rule)
		return 0;
	err_set(e, EPERM, "%s:%u says %s: sandboxes are started by croft-gate alone", QUOTE(rule->file),
		rule->line, policy_switch((enum policy_action)rule->action)->both);
	return err_hint(e, "croft run --map none");
}

static int decide(struct request *q, struct err *e)
{
	struct policy policy;
	struct grant_facts f = {.policy = &policy, .caller = &q->caller, .last = ID_NONE - 1};
	struct arena a;
	int r = mem_arena(ARENA_BYTES, &a);

	if (r < 0) {
		err_set(e, -r, "get memory: %s", strerror(-r));
		return err_status(e, HELPER_FAILED);
	}
	r = userdb_read(AT_FDCWD, PASSWD_FILE, 0, &a, &f.passwd, &f.passwd_size, e);
	if (r == 0)
		r = policy_caller_read(&a, f.passwd, f.passwd_size, &q->caller, e);
	if (r == 0)
		r = policy_load(&a, &policy, e);
	if (r == 0)
		r = check_enforced(&policy, e);
	if (r < 0) {
		err_status(e, HELPER_REFUSED);
		return r;
	}
	return grant_decide(&f, &q->wish, &a, &q->grant, e);
}

/* Everything is decided with no capability effective, before anything is written. */
static int map_target(struct request *q, struct err *e)
{
	int r = privilege_reduce(&idmap_privilege, e);

	if (r == 0)
		r = decide(q, e);
	if (r == 0)
		r = target_check(q->target.fd, q->caller.uid, &q->target, e);
	if (r != 0)
		return r;
	log_grant(q);
	return write_maps(&q->target, &q->grant, e);
}

static int finish(int r, const struct request *q, struct err *e)
{
	struct err dropping;

	/* Before anything that may wait for the caller, such as a pipe that he does not read. */
	if (privilege_drop(&dropping) < 0)
		*e = dropping;
	else if (r == 0)
		return HELPER_DONE;
	log_refusal(q, e);
	err_print(e, program);
	return e->status ? e->status : HELPER_REFUSED;
}

int main(int argc, char **argv)
{
	static struct request q = {.target = {.fd = -1}};
	struct err e;
	int r;

	q.caller.uid = getuid();
	q.caller.gid = getgid();
	r = start_clean(&e);
	if (r == 0)
		r = start_limits(&e);
	if (r == 0)
		r = parse(argc, argv, &q.target.fd, &q.wish, &e);
	if (r == 0)
		r = start_descriptors(&q.target.fd, 1, &e);
	if (r == 0)
		r = map_target(&q, &e);
	return finish(r, &q, &e);
}
