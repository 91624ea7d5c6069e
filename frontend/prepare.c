#include "frontend/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/userdb.h"
#include "frontend/caller.h"
#include "frontend/devices.h"
#include "frontend/environment.h"
#include "frontend/filter.h"
#include "frontend/from_file.h"
#include "frontend/gate.h"
#include "frontend/inside.h"
#include "frontend/network.h"
#include "frontend/planner.h"
#include "frontend/resolv.h"
#include "frontend/roots.h"
#include "frontend/terminal_proxy.h"
#include "policy/load.h"

enum { PREPARE_ARENA = POLICY_ARENA + CALLER_ARENA + (64 << 20), ENV_FILE_MAX = 1 << 20 };

static int find_conf(const char *dir, bool found[CONF_COUNT], struct err *e)
{
	static const char *const name[CONF_COUNT] = {"hosts", "hostname", "resolv.conf"};
	fd_auto int fd = -1;

	if (!dir)
		return 0;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "option --conf: open %s", QUOTE(dir));
	for (int i = 0; i < CONF_COUNT; i++) {
		struct stat st;

		if (fstatat(fd, name[i], &st, 0) == 0) {
			if (!S_ISREG(st.st_mode))
				return err_set(e, EINVAL, "option --conf: %s/%s is not a regular file",
					       QUOTE(dir), name[i]);
			found[i] = true;
		} else if (errno != ENOENT) {
			return err_sys(e, "option --conf: %s/%s", QUOTE(dir), name[i]);
		}
	}
	return 0;
}

static int env_file(struct environment *env, const char *file, struct err *e)
{
	fd_auto int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = arena_alloc(env->a, ENV_FILE_MAX);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "option --env-file: open %s", QUOTE(file));
	if (!text)
		return err_set(e, ENOMEM, "option --env-file: too many of them");
	n = fd_read_all(fd, text, ENV_FILE_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "option --env-file: read %s: %s", QUOTE(file), strerror((int)-n));
	return environment_text(env, text, (size_t)n, file, e) < 0 ? err_wrap(e, "option --env-file") : 0;
}

static int make_environment(struct prepared *p, const struct inside_user *u, struct plan_strings *ret,
			    struct err *e)
{
	struct environment env;

	if (environment_init(&p->a, (const char *const *)environ, &env, e) < 0 ||
	    environment_inherit(&env, e) < 0 || environment_set(&env, "HOME", u->home, e) < 0 ||
	    environment_set(&env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", e) <
		    0 ||
	    environment_set(&env, "SHELL", u->shell, e) < 0 || environment_set(&env, "USER", u->name, e) < 0)
		return -e->code;
	for (uint32_t i = 0; i < p->options.nenv; i++) {
		const struct run_env *w = &p->options.env[i];

		if (w->file ? env_file(&env, w->text, e) < 0 : environment_word(&env, w->text, e) < 0)
			return -e->code;
	}
	*ret = environment_list(&env);
	return 0;
}

/* A host without the file has no name servers; one that is too long is not read in part. */
static int make_resolv(struct prepared *p, const char **ret, struct err *e)
{
	static const char host[] = "/etc/resolv.conf";
	fd_auto int fd = open(host, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = arena_alloc(&p->a, RESOLV_BYTES_MAX);
	ssize_t n = 0;

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "network user: open %s", host);
	if (fd >= 0 && text)
		n = fd_read_all(fd, text, RESOLV_BYTES_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "network user: read %s: %s", host, strerror((int)-n));
	*ret = text ? resolv_make(text, (size_t)n, network_resolver(), network_is_local, &p->a) : NULL;
	return *ret ? 0 : err_set(e, ENOMEM, "network user: no memory for a resolv.conf");
}

/* In an image nobody can be looked up before it is mounted, which is done in the sandbox. */
static int find_user(struct prepared *p, const struct plan_facts *f, struct inside_user *ret, struct err *e)
{
	const struct run_options *o = &p->options;
	const char *user = o->map == PLAN_MAP_NONE ? gate_user(&p->caller, &p->a) : o->user;

	switch (f->root_kind) {
	case PLAN_ROOT_HOST:
		return inside_user(NULL, user, &p->a, ret, e);
	case PLAN_ROOT_DIR:
		return inside_user(f->root, user, &p->a, ret, e);
	case PLAN_ROOT_SQUASHFS:
	case PLAN_ROOT_EROFS:
		if (o->by_gate)
			return err_set(e, ENOTSUP, "root %s: croft-gate makes no sandbox over an image",
				       QUOTE(f->root));
		return inside_number(user, &p->a, ret, e);
	case PLAN_ROOT_COUNT:
		break;
	}
	return err_set(e, EINVAL, "root %s is of no kind", QUOTE(f->root));
}

static int find_facts(struct prepared *p, struct plan_facts *f, struct err *e)
{
	const struct run_options *o = &p->options;
	struct inside_user u;

	if (roots_find(o->root, &p->a, &f->root_kind, &f->root, e) < 0 || find_conf(o->conf, f->conf, e) < 0)
		return -e->code;
	f->shared = o->by_gate && o->map != PLAN_MAP_NONE && f->root_kind == PLAN_ROOT_DIR &&
		    vet_may_share(&p->vet, f->root);
	f->linked = f->root_kind == PLAN_ROOT_DIR && roots_is_linked(f->root);
	if (find_user(p, f, &u, e) < 0)
		return -e->code;
	f->user = u.name;
	f->uid = u.uid;
	f->gid = u.gid;
	f->home = u.home;
	f->tty = proxy_terminals();
	if (o->network == PLAN_NETWORK_USER && !f->conf[CONF_RESOLV] && make_resolv(p, &f->resolv, e) < 0)
		return -e->code;
	if (filter_get(o, planner_caps(o), &p->a, &f->filter, e) < 0)
		return -e->code;
	return make_environment(p, &u, &f->env, e);
}

/* A plan for programs means the same in every working directory. */
static int make_absolute(struct run_words *w, struct arena *a, struct err *e)
{
	char here[PATH_MAX];

	if (!getcwd(here, sizeof(here)))
		return err_sys(e, "option --json: get the working directory");
	return run_words_rebase(w, here, a, e);
}

/* The words of a file come before those that were typed. */
static int take_words(int *argc, char ***argv, struct prepared *p, struct err *e)
{
	struct run_words *w = &p->words, file, line;
	int r = run_words_read(*argc, *argv, &p->a, w, e);

	if (r < 0 || (!w->from && !w->json))
		return r;
	line = *w;
	if (w->from &&
	    (from_file(w->from, &p->a, &file, e) < 0 || run_words_merge(&file, &line, &p->a, w, e) < 0))
		return -e->code;
	if (w->json && make_absolute(w, &p->a, e) < 0)
		return -e->code;
	return run_words_argv(w, (*argv)[0], &p->a, argc, argv, e);
}

int prepare(int argc, char *argv[], struct prepared *ret, struct err *e)
{
	struct plan_facts facts = {0};
	enum plan_map map;
	int r = mem_arena(PREPARE_ARENA, &ret->a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	r = take_words(&argc, &argv, ret, e);
	if (r == 0)
		r = run_options_parse(argc, argv, &ret->a, &ret->options, e);
	if (r < 0)
		return r;
	if (caller_refuse_root(e) < 0 || caller_get(&ret->a, &ret->caller, e) < 0 ||
	    policy_load(&ret->a, &ret->policy, e) < 0)
		return -e->code;
	if (gate_choose(&ret->policy, &ret->caller, &ret->options, e) < 0)
		return -e->code;
	ret->vet = (struct vet){
		.policy = &ret->policy, .caller = &ret->caller, .boundary = ret->options.by_gate};
	ret->options.caps_withheld = ~vet_caps(&ret->vet);
	limits_vet(&ret->policy, &ret->caller, &ret->options, &ret->given, &ret->refused);
	if (devices_find(&ret->options, &ret->a, e) < 0 || find_facts(ret, &facts, e) < 0 ||
	    planner_make(&ret->options, &facts, &ret->a, &ret->plan, e) < 0)
		return -e->code;
	if (ret->refused.code || vet_words(&ret->vet, &ret->plan, &map, &ret->refused) < 0)
		return 0;
	ret->refused.code = 0;      /* what was refused and not needed: --map auto */
	if (map == PLAN_MAP_SELF) { /* perhaps `auto` before */
		ret->plan.own_uid = ret->plan.uid;
		ret->plan.own_gid = ret->plan.gid;
	}
	ret->plan.map = map;
	return 0;
}
