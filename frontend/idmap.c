#include "frontend/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/ids.h"
#include "common/mem.h"
#include "common/subid.h"
#include "common/text.h"
#include "common/userdb.h"
#include "frontend/caller.h"
#include "frontend/diagnose.h"
#include "frontend/install.h"
#include "frontend/spawn.h"
#include "policy/ids_rule.h"
#include "policy/load.h"

enum { FD_AS = 3, EXTENTS_MAX = IDS_RANGES_MAX, IDMAP_ARENA = CALLER_ARENA + POLICY_ARENA };

static const char helper[] = LIBEXECDIR "/croft-idmap";
static const char asker[] = LIBEXECDIR "/croft-subid";

/* --- one's own id alone --------------------------------------------------------- */

static int write_file(int proc, const char *name, const char *text, struct err *e)
{
	fd_auto int fd = fd_openat2(proc, name, O_WRONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return diagnose_map(name, errno ? errno : EIO, e);
	return 0;
}

static int write_self(int proc, const struct idmap_request *req, struct err *e)
{
	char uid[64], gid[64];

	snprintf(uid, sizeof(uid), "%" PRIu32 " %u 1\n", req->alone_uid, geteuid());
	snprintf(gid, sizeof(gid), "%" PRIu32 " %u 1\n", req->alone_gid, getegid());
	/* The kernel wants setgroups denied before an unprivileged gid map: CVE-2014-8989. */
	if (write_file(proc, "setgroups", "deny", e) < 0 || write_file(proc, "uid_map", uid, e) < 0)
		return -e->code;
	return write_file(proc, "gid_map", gid, e);
}

/* --- croft-idmap ------------------------------------------------------------------ */

static int offer_self(struct err *e)
{
	char had[ERR_HINT_MAX];

	memcpy(had, e->hint, sizeof(had));
	if (!had[0])
		return err_hint(e, "without subordinate ids: --map self (you alone, as root inside); croft "
				   "doctor says what is missing");
	if (!strstr(had, "--map self"))
		err_hint(e, "%s; or without: --map self (you alone, as root inside)", had);
	return -e->code;
}

/* The status of croft-idmap: HELPER_DONE, or 1 and above with *e; -ENOENT where it is not installed. */
static int run_helper(int proc, const struct idmap_request *req, struct err *e)
{
	bool isolated = req->map == PLAN_MAP_ISOLATED;
	char uid[16] = "-", gid[16] = "-", fd[4], errors[ERR_MSG_MAX + ERR_HINT_MAX];
	char *argv[] = {(char[]){"croft-idmap"}, fd, uid, gid, NULL};
	const struct spawn s = {.path = helper,
				.argv = argv,
				.fd = proc,
				.fd_as = FD_AS,
				.errors = errors,
				.errors_size = sizeof(errors)};
	int r;

	snprintf(fd, sizeof(fd), "%d", FD_AS);
	if (!isolated) {
		snprintf(uid, sizeof(uid), "%" PRIu32, req->own_uid);
		snprintf(gid, sizeof(gid), "%" PRIu32, req->own_gid);
	}
	r = spawn_run(&s, e);
	if (r > HELPER_DONE) {
		spawn_sentence(argv[0], errors, r, e);
		err_wrap(e, "write the id maps");
	}
	return r;
}

/* --- the caller's ranges -------------------------------------------------------------- */

struct ranges {
	struct subordinate uid, gid;
	const struct policy_rule *useless; /* a rule for his uid, where another source than files is named */
};

static int parse_range(char *line, struct ranges *r)
{
	char *save = NULL;
	const char *kind = strtok_r(line, " ", &save), *start = strtok_r(NULL, " ", &save),
		   *count = strtok_r(NULL, " ", &save);
	bool uid = kind && !strcmp(kind, "uid");
	struct subordinate *s = uid ? &r->uid : &r->gid;
	struct id_range x;

	if (!kind || (!uid && strcmp(kind, "gid") != 0) || !start || !count || text_id(start, &x.start) < 0 ||
	    text_id(count, &x.count) < 0 || s->n >= IDS_RANGES_MAX)
		return -EBADMSG;
	s->range[s->n++] = x;
	return 0;
}

/* What libsubid says, by a program of its own: it loads the modules that nsswitch.conf names. */
static int ask_libsubid(const char *user, struct ranges *r, struct err *e)
{
	static char out[IDS_RANGES_MAX * 64];
	char errors[512];
	char *argv[] = {(char[]){"croft-subid"}, (char *)(uintptr_t)user, NULL};
	const struct spawn s = {.path = asker,
				.argv = argv,
				.fd = -1,
				.out = out,
				.out_size = sizeof(out),
				.errors = errors,
				.errors_size = sizeof(errors)};
	int status = spawn_run(&s, e);

	r->uid.n = r->gid.n = 0;
	r->uid.rule = r->gid.rule = NULL;
	if (status == HELPER_NO_RANGES)
		return 0;
	if (status > 0) {
		errors[strcspn(errors, "\n")] = '\0';
		return err_set(e, EIO, "ask libsubid for the subordinate ids of %s: %s", QUOTE(user),
			       QUOTE(errors));
	}
	if (status == -ENOENT) /* another code: this is not shadow's programs that are missing */
		return err_set(e, ELIBACC, "ask libsubid for the subordinate ids of %s: %s is not installed",
			       QUOTE(user), asker);
	if (status < 0)
		return status;
	for (char *save = NULL, *line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_range(line, r) < 0)
			return err_set(e, EBADMSG, "ask libsubid for the subordinate ids of %s: %s",
				       QUOTE(user), QUOTE(line));
	return 0;
}

/* The name that c has in /etc/passwd, or NULL: what a program without NSS knows of him. */
static int local_name(const struct policy_caller *c, char *buf, size_t size, const char **ret, struct err *e)
{
	struct userdb_user u;
	struct arena a;
	const char *text;
	size_t n;
	int r = mem_arena(CALLER_ARENA, &a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	r = userdb_read(AT_FDCWD, "/etc/passwd", 0, &a, &text, &n, e);
	*ret = NULL;
	if (r == 0 && userdb_user_by_uid(text, n, c->uid, &a, &u) == 0) {
		snprintf(buf, size, "%s", u.name);
		*ret = buf;
	}
	munmap(a.base, a.size);
	return r;
}

int idmap_ranges(const char *file, const struct policy *p, const struct policy_caller *c,
		 struct subordinate *ret, struct err *e)
{
	char name[300];
	struct policy_caller local = *c;
	int r = local_name(c, name, sizeof(name), &local.name, e);

	if (r == 0)
		r = policy_subordinate(file, p, &local, ret, e);
	return r < 0 || ret->n || local.name ? r : policy_subordinate(file, p, c, ret, e);
}

static int read_ranges(struct ranges *r, struct err *e)
{
	struct policy_caller c;
	struct policy p;
	struct arena a; /* stays: the rules point into it */
	int other, n = mem_arena(IDMAP_ARENA, &a);

	if (n < 0)
		return err_set(e, -n, "get memory: %s", strerror(-n));
	if (caller_get(&a, &c, e) < 0 || policy_load(&a, &p, e) < 0)
		return -e->code;
	other = subid_other_source("/etc/nsswitch.conf", e);
	if (other < 0)
		return other;
	r->useless = other ? policy_ids_rule(&p, c.uid) : NULL;
	if (other)
		return c.name ? ask_libsubid(c.name, r, e)
			      : err_set(e, ENODATA,
					"write the id maps: uid %u has no name in the user database", c.uid);
	n = idmap_ranges("/etc/subuid", &p, &c, &r->uid, e);
	return n < 0 ? n : idmap_ranges("/etc/subgid", &p, &c, &r->gid, e);
}

static int no_ranges(const char *what, const struct ranges *r, struct err *e)
{
	err_set(e, ENODATA, "write the id maps: uid %u has no subordinate %ss", getuid(), what);
	if (!r->useless)
		return -e->code;
	return err_hint(
		e,
		"the ids rule %s:%u is for him only where nsswitch.conf names no source of subordinate "
		"ids but files",
		QUOTE(r->useless->file), r->useless->line);
}

static int layout(const char *what, uint32_t own, uint32_t inside, const struct subordinate *s,
		  struct id_extent *ret, int *ret_n, struct err *e)
{
	*ret_n = id_layout(own, inside, s->range, (size_t)s->n, UINT64_MAX, ret, EXTENTS_MAX);
	if (*ret_n < 0)
		return err_set(
			e, -*ret_n,
			"the subordinate %ss of uid %u are not valid ranges, overlap, hold his own id or 0",
			what, getuid());
	return 0;
}

int idmap_extents(const struct idmap_request *req, struct idmap_extents *ret, struct err *e)
{
	static struct ranges r;
	bool isolated = req->map == PLAN_MAP_ISOLATED;
	int n = read_ranges(&r, e);

	if (n < 0)
		return n;
	if (r.uid.n == 0 || r.gid.n == 0)
		return no_ranges(r.uid.n == 0 ? "uid" : "gid", &r, e);
	ret->uid_rule = r.uid.rule;
	ret->gid_rule = r.gid.rule;
	n = layout("uid", getuid(), isolated ? ID_NONE : req->own_uid, &r.uid, ret->uid, &ret->nuid, e);
	if (n == 0)
		n = layout("gid", getgid(), isolated ? ID_NONE : req->own_gid, &r.gid, ret->gid, &ret->ngid,
			   e);
	return n;
}

/* --- shadow's newuidmap and newgidmap ----------------------------------------------- */

/*
 * Shadow's programs say "Operation not permitted" and not why. What keeps privilege from croft-idmap keeps it
 * from them, too; why: what croft-idmap said of that, or NULL.
 */
static int shadow_failed(const char *program, char *errors, const struct err *why, struct err *e)
{
	size_t n = strlen(program);

	errors[strcspn(errors, "\n")] = '\0';
	if (text_starts(errors, program) && text_starts(errors + n, ": "))
		errors += n + 2;
	if (why) {
		err_set(e, EPERM, "%s; %s: %s", why->msg, program, QUOTE(errors));
		return err_hint(e, "%s", why->hint);
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		err_set(e, EPERM, "write the id maps: no_new_privs is set, so %s gains no privilege: %s",
			program, QUOTE(errors));
		return err_hint(e,
				"look at what started it: NoNewPrivileges= of systemd, a sandbox, setpriv");
	}
	return err_set(e, EPERM, "write the id maps: %s: %s", program, QUOTE(errors));
}

static int run_shadow(const char *program, pid_t pid, const struct id_extent *x, int n, const struct err *why,
		      struct err *e)
{
	static char text[EXTENTS_MAX * 3 + 1][12];
	static char *argv[EXTENTS_MAX * 3 + 3];
	char errors[512];
	const struct spawn s = {
		.path = program, .argv = argv, .fd = -1, .errors = errors, .errors_size = sizeof(errors)};
	int k = 0, r;

	argv[k++] = (char *)(uintptr_t)program;
	snprintf(text[0], sizeof(text[0]), "%d", pid);
	argv[k++] = text[0];
	for (int i = 0; i < n; i++) {
		const uint32_t number[3] = {x[i].inside, x[i].outside, x[i].count};

		for (int j = 0; j < 3; j++) {
			snprintf(text[1 + i * 3 + j], sizeof(text[0]), "%" PRIu32, number[j]);
			argv[k++] = text[1 + i * 3 + j];
		}
	}
	argv[k] = NULL;
	r = spawn_run(&s, e);
	return r > 0 ? shadow_failed(program, errors, why, e) : r;
}

/* Shadow's programs give what stands in the files. why: what keeps croft-idmap from it; NULL: it is not
 * there. */
static int only_helper(const struct policy_rule *rule, const struct err *why, struct err *e)
{
	char place[300];

	snprintf(place, sizeof(place), "%s:%u", QUOTE(rule->file), rule->line);
	if (!why) {
		err_set(e, ELIBACC,
			"write the id maps: the ids rule %s computes the caller's ids, which croft-idmap "
			"alone can "
			"map, and %s is not installed",
			place, helper);
		return err_hint(e, "%s", INSTALL_CROFT);
	}
	err_set(e, EPERM, "%s; and newuidmap cannot map ids that the ids rule %s computes", why->msg, place);
	return err_hint(e, "%s", why->hint);
}

static int write_shadow(pid_t pid, const struct idmap_request *req, const struct err *why, struct err *e)
{
	static struct idmap_extents x;
	int r = idmap_extents(req, &x, e);

	if (r == 0 && (x.uid_rule || x.gid_rule))
		return only_helper(x.uid_rule ? x.uid_rule : x.gid_rule, why, e);
	/* gid_map first, as croft-idmap does: cut off in the middle, no user has more than his own id. */
	if (r == 0)
		r = run_shadow("newgidmap", pid, x.gid, x.ngid, why, e);
	if (r == 0)
		r = run_shadow("newuidmap", pid, x.uid, x.nuid, why, e);
	return r;
}

/* --- choosing ------------------------------------------------------------------------ */

static int no_program(const struct err *first, struct err *e)
{
	if (first->code == ENOENT)
		err_set(e, ENOENT,
			"write the id maps: neither %s nor shadow's newuidmap and newgidmap are installed",
			helper);
	else
		err_set(e, ENOENT, "%s; and shadow's newuidmap and newgidmap are not installed", first->msg);
	return err_hint(e, "apt-get install uidmap, or give croft-idmap its capabilities; or --map self (you "
			   "alone, as root "
			   "inside)");
}

static int write_subordinate(pid_t pid, int proc, const struct idmap_request *req, struct err *e)
{
	struct err first = {0};
	int r = run_helper(proc, req, &first);

	if (r == HELPER_DONE)
		return 0;
	if (r == HELPER_OTHER_SOURCE || r == HELPER_NO_PRIVILEGE || r == -ENOENT) {
		r = write_shadow(pid, req, r == HELPER_NO_PRIVILEGE ? &first : NULL, e);
		return r == -ENOENT ? no_program(&first, e) : r;
	}
	*e = first;
	return -e->code;
}

int idmap_write(pid_t pid, const struct idmap_request *req, enum plan_map *ret_used, struct err *e)
{
	char path[32];
	fd_auto int proc = -1;
	enum plan_map used = req->map;
	int r = -1;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = fd_open(path, O_PATH | O_DIRECTORY);
	if (proc < 0)
		return err_sys(e, "open %s of the new process", path);
	if (used == PLAN_MAP_AUTO)
		used = PLAN_MAP_SUBORDINATE;
	if (used != PLAN_MAP_SELF)
		r = write_subordinate(pid, proc, req, e);
	if (r < 0 && (req->map == PLAN_MAP_AUTO || req->map == PLAN_MAP_SELF)) {
		used = PLAN_MAP_SELF;
		r = write_self(proc, req, e);
	}
	if (r < 0)
		return used == PLAN_MAP_SELF ? r : offer_self(e);
	if (ret_used)
		*ret_used = used;
	return 0;
}
