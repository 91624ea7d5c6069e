#include <errno.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/text.h"
#include "frontend/doctor.h"
#include "frontend/options.h"
#include "frontend/out.h"
#include "frontend/verb.h"

#define BASE (CLONE_NEWUSER | CLONE_NEWNS)
#define UNMASK                                                                                               \
	"in a container: docker run --security-opt systempaths=unconfined, podman run --security-opt "       \
	"unmask=ALL"
#define UNFILTER                                                                                             \
	"in a container: --security-opt seccomp=unconfined; in a service: SystemCallFilter= without them"

/* What the main job needs comes first, each check after those it builds on. */
static const struct check check[] = {
	{"caller", true, .look = look_caller},
	{"kernel", true, .look = look_kernel},
	{"user namespaces", true, true, .look = look_userns},
	{"namespaces", true, true,
	 .flags = BASE | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP,
	 .good = "mount, pid, uts, ipc and cgroup namespaces can be made"},
	{"system calls", true, true, .flags = BASE, .run = try_calls, .good = "all that croft uses are there",
	 .mend_for = ENOSYS, .mend = UNFILTER},
	{"mount trees", true, true, .flags = BASE, .run = try_trees,
	 .good = "can be cloned, made read-only and attached", .mend_for = ENOSYS, .mend = UNFILTER},
	{"proc", true, true, .flags = BASE | CLONE_NEWPID, .run = try_proc,
	 .good = "a new procfs can be mounted", .mend_for = EPERM, .mend = UNMASK},
	{"tmpfs", true, true, .flags = BASE, .run = try_tmpfs, .good = "can be mounted", .mend_for = ENODEV,
	 .mend = "start a kernel built with CONFIG_TMPFS=y"},
	{"terminal", true, true, .flags = BASE, .run = try_terminal,
	 .good = "a new devpts can be mounted and gives terminals", .mend_for = ENODEV,
	 .mend = "start a kernel built with CONFIG_UNIX98_PTYS=y"},
	{"mqueue", true, true, .flags = BASE | CLONE_NEWIPC, .run = try_mqueue, .good = "can be mounted",
	 .mend_for = ENODEV, .mend = "start a kernel built with CONFIG_POSIX_MQUEUE=y"},
	{"filter", true, true, .flags = CLONE_NEWUSER, .run = try_filter, .good = "can be loaded",
	 .mend_for = ENOSYS, .mend = "start a kernel built with CONFIG_SECCOMP_FILTER=y"},
	{"subordinate uids", true, true, .look = look_subuid},
	{"subordinate gids", true, true, .look = look_subgid},
	{"croft-idmap", false, .userns = true, .look = look_idmap},
	{"newuidmap", false, .userns = true, .look = look_shadow},
	{"id maps", true, true, .look = look_maps},
	{"policy", true, .look = look_policy},
	{"policy level", true, .look = look_level},
	{"croft-gate", true, .look = look_gate},
	{"root", true, .look = look_root},
	{"sandbox", true, .look = look_job},
	{"network", false, .userns = true, .flags = BASE | CLONE_NEWNET, .run = try_sysfs,
	 .good = "a network namespace and its sysfs can be made", .mend_for = EPERM, .mend = UNMASK},
	{"user network", false, .userns = true, .look = look_user_network},
	{"overlay", false, .userns = true, .flags = BASE, .run = try_overlay,
	 .good = "can be mounted, for --ephemeral", .mend_for = ENODEV, .mend = "sudo modprobe overlay"},
	{"images", false, .userns = true, .look = look_images},
	{"keyring", false, .userns = true, .flags = CLONE_NEWUSER, .run = try_keyring,
	 .good = "a session keyring can be made"},
	{"landlock", false, .look = look_landlock},
	{"programs", false, .look = look_programs},
	{"cgroup", false, .look = look_cgroup},
	{"limits", false, .look = look_limits},
};
enum { NCHECKS = sizeof(check) / sizeof(check[0]) };

static const char *const state_word[] = {[CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_FAIL] = "fail"};
_Static_assert(sizeof(state_word) / sizeof(state_word[0]) == CHECK_STATE_COUNT, "a state has no word");

int found_ok(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	d->found->state = CHECK_OK;
	va_start(ap, fmt);
	vsnprintf(d->found->found, sizeof(d->found->found), fmt, ap);
	va_end(ap);
	return 0;
}

static void found_bad(struct finding *f, enum check_state state, const struct err *e)
{
	f->state = state;
	memcpy(f->found, e->msg, sizeof(f->found));
	memcpy(f->mend, e->hint, sizeof(f->mend));
}

int found_warn(struct doctor *d, const struct err *e)
{
	found_bad(d->found, CHECK_WARN, e);
	return 0;
}

static int try_in_child(const struct check *c, struct doctor *d, struct err *e)
{
	struct probe p = {.flags = c->flags, .run = c->run};
	int r;

	if (!d->userns)
		return err_set(e, EPERM, "not tried: there is no user namespace to try it in");
	r = probe_run(&p, e);
	if (r < 0 && !e->hint[0] && c->mend && e->code == c->mend_for)
		err_hint(e, "%s", c->mend);
	return r < 0 ? r : found_ok(d, "%s", c->good);
}

static void run_check(const struct check *c, struct doctor *d, struct finding *ret)
{
	struct err e = {.code = 0};
	int r;

	*ret = (struct finding){.state = CHECK_OK};
	d->found = ret;
	r = c->look ? c->look(d, &e) : try_in_child(c, d, &e);
	if (r < 0 && c->userns && d->by_gate)
		found_ok(d, "not needed, croft-gate makes the sandboxes: %s", e.msg);
	else if (r < 0)
		found_bad(ret, c->needed ? CHECK_FAIL : CHECK_WARN, &e);
}

static void print_line(const char *name, const struct finding *f)
{
	out("%-4s  %-16s  %s\n", state_word[f->state], name, f->found);
	if (f->mend[0])
		out("      mend: %s\n", f->mend);
}

static void print_json(const char *name, const struct finding *f, bool first)
{
	out("%s\n  {\"name\": ", first ? "" : ",");
	out_json_string(name);
	out(", \"state\": \"%s\", \"found\": ", state_word[f->state]);
	out_json_string(f->found);
	out(", \"mend\": ");
	out_json_string(f->mend);
	out("}");
}

static int set_root(void *ctx, const char *value, struct err *e)
{
	struct doctor *d = ctx;

	(void)e;
	d->root = value;
	return 0;
}

static int set_json(void *ctx, const char *value, struct err *e)
{
	struct doctor *d = ctx;

	(void)e;
	d->json = option_on(value);
	return 0;
}

static const struct option_row option[] = {
	{"json", 0, NULL, "print one JSON object", set_json},
	{"root", 0, "ROOT", "the root to ask about (default: host)", set_root},
};
static const struct option_table options = OPTION_TABLE(option);

static int help(struct err *e)
{
	char text[1024];

	options_help("Usage: croft doctor [--json] [--root ROOT]\n"
		     "What works on this host, what does not, and the command that mends it.\n"
		     "Exit status: 0 when a sandbox can be started, 1 when not.\n",
		     options.row, options.nrows, text, sizeof(text));
	return verb_help(text, e);
}

static void print_all(const struct doctor *d, const struct finding *f, bool ok)
{
	if (d->json)
		out("{\"ok\": %s, \"checks\": [", ok ? "true" : "false");
	for (int i = 0; i < NCHECKS; i++) {
		if (d->json)
			print_json(check[i].name, &f[i], i == 0);
		else
			print_line(check[i].name, &f[i]);
	}
	if (d->json)
		out("\n]}\n");
}

static int doctor_main(int argc, char *argv[], struct err *e)
{
	static struct finding found[NCHECKS];
	static struct doctor d = {.root = "host"};
	bool ok = true;
	int next = argc, r;

	r = options_parse("doctor", options.row, options.nrows, argc, argv, &d, &next, e);
	if (r == -ECANCELED)
		return help(e);
	if (r < 0)
		return r;
	if (next < argc) {
		err_set(e, EINVAL, "croft doctor takes no operand: %s", QUOTE(argv[next]));
		return err_hint(e, "Try 'croft doctor --help'");
	}
	r = mem_arena(CALLER_ARENA, &d.arena);
	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	d.caller = (struct policy_caller){.uid = getuid(), .gid = getgid()};
	host_facts_read(&d.host);
	doctor_read_policy(&d);
	for (int i = 0; i < NCHECKS; i++) {
		run_check(&check[i], &d, &found[i]);
		ok = ok && found[i].state != CHECK_FAIL;
	}
	print_all(&d, found, ok);
	r = out_flush(e);
	return r < 0 ? r : !ok;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.help = "say what works on this host, and what mends the rest",
	.run = doctor_main,
	.options = &options,
};
