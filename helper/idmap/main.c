/*
 * croft-idmap FD OWN-UID OWN-GID: writes the id maps of a process of the caller's, from his own subordinate
 * ranges. The order of main is the specification: README.md beside this file says it in MUST sentences.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/helper_exit.h"
#include "common/log.h"
#include "common/text.h"
#include "helper/idmap/grant.h"
#include "helper/shared/privilege.h"
#include "helper/shared/start.h"
#include "helper/idmap/target.h"
#include "helper/idmap/write.h"

static const char program[] = "croft-idmap";

/* What is as long as an argument can be: ten digits. */
enum { ARGUMENT_MAX = 10, LOG_MAP_MAX = 256 };

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

static void log_grant(const struct target *t, const struct grant *g)
{
	char uid[LOG_MAP_MAX], gid[LOG_MAP_MAX];

	log_auth(LOG_GRANTED, program,
		 "uid %u (%s) maps process %u: uid %s; gid %s; setgroups %s; allowed by %s:%u", g->caller.uid,
		 QUOTE(who(&g->caller)), t->pid, one_line(&g->uid, uid, sizeof(uid)),
		 one_line(&g->gid, gid, sizeof(gid)),
		 g->deny_setgroups || t->setgroups_denied ? "deny" : "allow", g->rule->file, g->rule->line);
}

static void log_refusal(const struct target *t, const struct grant *g, const struct err *e)
{
	log_auth(LOG_REFUSED, program, "uid %u (%s) does not get the maps of process %u: %s", g->caller.uid,
		 QUOTE(who(&g->caller)), t->pid, e->msg);
}

/* Everything is decided with no capability effective, before anything is written. */
static int map_target(const struct wish *w, struct target *t, struct grant *g, struct err *e)
{
	int r = privilege_reduce(&idmap_privilege, e);

	if (r == 0)
		r = grant_decide(w, g, e);
	if (r == 0)
		r = target_check(t->fd, g->caller.uid, t, e);
	if (r < 0)
		return r;
	log_grant(t, g);
	return write_maps(t, g, e);
}

static int finish(int r, const struct target *t, const struct grant *g, struct err *e)
{
	struct err dropping;

	/* Before anything that may wait for the caller, such as a pipe that he does not read. */
	if (privilege_drop(&dropping) < 0)
		*e = dropping;
	else if (r == 0)
		return HELPER_DONE;
	log_refusal(t, g, e);
	err_print(e, program);
	return e->status ? e->status : HELPER_REFUSED;
}

int main(int argc, char **argv)
{
	static struct grant g;
	struct target t = {.fd = -1};
	struct wish wish;
	struct err e;
	int r = parse(argc, argv, &t.fd, &wish, &e);

	g.caller.uid = getuid();
	g.caller.gid = getgid();
	if (r == 0)
		r = start_clean(&e);
	if (r == 0)
		r = start_limits(&e);
	if (r == 0)
		r = start_descriptors(&t.fd, 1, &e);
	if (r == 0)
		r = map_target(&wish, &t, &g, &e);
	return finish(r, &t, &g, &e);
}
