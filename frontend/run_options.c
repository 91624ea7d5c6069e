#include "frontend/run_options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/csv.h"
#include "frontend/run_setters.h"
#include "sandbox/standard.h"

/* --- helpers --------------------------------------------------------------------- */

static const char *copy(struct run_options *o, const char *s, size_t n, struct err *e)
{
	const char *p = arena_copy(o->a, s, n);

	if (!p)
		err_set(e, E2BIG, "the command line is too long");
	return p;
}

/* A place in the sandbox: clean, and not where croft's own file systems are (they have kinds of their own).
 */
static int destination(struct run_options *o, const char *s, size_t n, const char **ret, struct err *e)
{
	char clean[PATH_MAX];
	const char *raw = copy(o, s, n, e), *place;

	if (!raw)
		return -e->code;
	if (path_clean(raw, clean, sizeof(clean)) < 0)
		return err_set(e, EINVAL, "the destination %s is not an absolute path without ..",
			       QUOTE(raw));
	if (!strcmp(clean, "/"))
		return err_set(e, EINVAL, "the destination / is the root itself: give it as ROOT");
	place = standard_kernel_place(clean);
	if (place)
		return err_set(e, EINVAL, "the destination %s lies in %s, which croft makes", QUOTE(clean),
			       place);
	*ret = copy(o, clean, strlen(clean), e);
	return *ret ? 0 : -e->code;
}

static int add_mount(struct run_options *o, const struct run_mount *m, struct err *e)
{
	if (o->nmounts == RUN_MOUNTS_MAX)
		return err_set(e, E2BIG, "more than %d volumes", RUN_MOUNTS_MAX);
	o->mount[o->nmounts++] = *m;
	return 0;
}

/* --- --volume --------------------------------------------------------------------- */

enum mode_seen { SEEN_RO = 1, SEEN_RW = 2, SEEN_EXEC = 4, SEEN_NOEXEC = 8 };

static int bind_word(struct run_mount *m, unsigned *seen, const char *w, size_t n, struct err *e)
{
	static const struct {
		const char *word;
		unsigned seen, against;
		uint32_t flag;
	} known[] = {
		{"ro", SEEN_RO, SEEN_RW, OPF_READ_ONLY},
		{"readonly", SEEN_RO, SEEN_RW, OPF_READ_ONLY},
		{"rw", SEEN_RW, SEEN_RO, 0},
		{"noexec", SEEN_NOEXEC, SEEN_EXEC, OPF_NOEXEC},
		{"exec", SEEN_EXEC, SEEN_NOEXEC, 0},
		{"idmap", 0, 0, OPF_IDMAP},
		{"nosuid", 0, 0, 0}, /* always so */
		{"nodev", 0, 0, 0},
		{"rbind", 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!text_is(w, n, known[i].word))
			continue;
		if (*seen & known[i].against)
			return err_set(e, EINVAL, "%s contradicts what stands before it", known[i].word);
		*seen |= known[i].seen;
		m->flags |= known[i].flag;
		return 0;
	}
	return 1;
}

static int volume_words(struct run_options *o, struct run_mount *m, const char *words, struct err *e)
{
	unsigned seen = 0;

	for (const char *w = words;; w++) {
		size_t n = strcspn(w, ",");
		int r = bind_word(m, &seen, w, n, e);

		if (r > 0) {
			const char *word = copy(o, w, n, e);

			return word ? err_set(e, EINVAL,
					      "unknown volume option %s (known: ro, rw, exec, noexec, idmap)",
					      QUOTE(word))
				    : -e->code;
		}
		if (r < 0)
			return r;
		w += n;
		if (!*w)
			return 0;
	}
}

int run_options_volume(struct run_options *o, const char *value, struct err *e)
{
	struct run_mount m = {.flags = OPF_ASKED};
	const char *dst = strchr(value, ':');
	size_t n;
	int r;

	if (!dst || dst == value)
		return err_set(e, EINVAL, "%s is not SRC:DST[:ro,rw,noexec,idmap]", QUOTE(value));
	m.source = copy(o, value, (size_t)(dst - value), e);
	if (!m.source)
		return -e->code;
	if (!strchr(m.source, '/') && strcmp(m.source, ".") && strcmp(m.source, "..")) {
		err_set(e, EINVAL, "the source %s is not a path", QUOTE(m.source));
		return err_hint(e, "there are no named volumes: write ./%s for the one in this directory",
				QUOTE(m.source));
	}
	dst++;
	n = strcspn(dst, ":");
	r = destination(o, dst, n, &m.target, e);
	if (r == 0 && dst[n])
		r = volume_words(o, &m, dst + n + 1, e);
	return r < 0 ? r : add_mount(o, &m, e);
}

static int set_volume(void *ctx, const char *value, struct err *e)
{
	return run_options_volume(ctx, value, e);
}

/* --- --mount and --tmpfs ------------------------------------------------------------- */

static int tmpfs_word(struct run_mount *m, const char *key, size_t n, const char *value, struct err *e)
{
	if (text_is(key, n, "size") || text_is(key, n, "tmpfs-size")) {
		if (!value || text_size(value, &m->size) < 0 || m->size == 0)
			return err_set(e, EINVAL, "the size %s is not a number of bytes (as 64M)",
				       QUOTE(value));
		return 0;
	}
	if (text_is(key, n, "mode") || text_is(key, n, "tmpfs-mode"))
		return !value || text_mode(value, &m->mode) < 0
			       ? err_set(e, EINVAL, "the mode %s is not octal (as 1777)", QUOTE(value))
			       : 0;
	return 1;
}

struct mount_fields {
	struct run_mount m;
	unsigned seen;
	const char *type, *src, *dst;
};

static bool is_key(const char *field, size_t n, const char *const *names)
{
	for (; *names; names++)
		if (text_is(field, n, *names))
			return true;
	return false;
}

static int mount_field(struct mount_fields *f, const char *field, struct err *e)
{
	static const char *const type[] = {"type", NULL}, *const src[] = {"src", "source", NULL},
				 *const dst[] = {"dst", "destination", "target", NULL};
	const char *eq = strchr(field, '=');
	size_t n = eq ? (size_t)(eq - field) : strlen(field);
	const char **where = is_key(field, n, type)  ? &f->type
			     : is_key(field, n, src) ? &f->src
			     : is_key(field, n, dst) ? &f->dst
						     : NULL;
	int r;

	if (where) {
		if (!eq || !eq[1] || *where)
			return err_set(e, EINVAL, "%s is given twice or has no value", QUOTE(field));
		*where = eq + 1;
		return 0;
	}
	r = tmpfs_word(&f->m, field, n, eq ? eq + 1 : NULL, e);
	if (r > 0 && (!eq || !strcmp(eq, "=true") || !strcmp(eq, "=1")))
		r = bind_word(&f->m, &f->seen, field, n, e);
	return r > 0 ? err_set(e, EINVAL, "unknown field %s", QUOTE(field)) : r;
}

static int finish_mount(struct run_options *o, struct mount_fields *f, struct err *e)
{
	if (!f->type || (strcmp(f->type, "bind") != 0 && strcmp(f->type, "tmpfs") != 0))
		return err_set(e, EINVAL, "type= is not bind or tmpfs");
	f->m.tmpfs = !strcmp(f->type, "tmpfs");
	if (!f->dst)
		return err_set(e, EINVAL, "dst= is missing");
	if (f->m.tmpfs == !!f->src)
		return err_set(e, EINVAL, f->src ? "a tmpfs has no src=" : "src= is missing");
	if (!f->m.tmpfs && (f->m.size || f->m.mode != UINT32_MAX))
		return err_set(e, EINVAL, "a bind has no size or mode");
	if (destination(o, f->dst, strlen(f->dst), &f->m.target, e) < 0)
		return -e->code;
	f->m.source = f->src ? f->src : "";
	f->m.flags |= f->m.tmpfs ? 0u : (uint32_t)OPF_ASKED;
	f->m.mode = f->m.mode != UINT32_MAX ? f->m.mode : 01777;
	return add_mount(o, &f->m, e);
}

static int set_mount(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	struct mount_fields f = {.m = {.mode = UINT32_MAX}};
	const char *p = value, *field;
	int r;

	while ((r = csv_field(&p, o->a, &field, e)) > 0) {
		r = mount_field(&f, field, e);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : finish_mount(o, &f, e);
}

static int set_tmpfs(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	struct run_mount m = {.tmpfs = true, .mode = 01777, .source = ""};
	size_t n = strcspn(value, ":");
	const char *p = value + n, *field;
	unsigned seen = 0;
	int r = destination(o, value, n, &m.target, e);

	p += *p == ':';
	while (r == 0 && (r = csv_field(&p, o->a, &field, e)) > 0) {
		const char *eq = strchr(field, '=');
		size_t k = eq ? (size_t)(eq - field) : strlen(field);

		r = tmpfs_word(&m, field, k, eq ? eq + 1 : NULL, e);
		if (r > 0)
			r = bind_word(&m, &seen, field, strlen(field), e);
		if (r > 0)
			r = err_set(e, EINVAL,
				    "unknown tmpfs option %s (known: size=, mode=, ro, rw, exec, noexec)",
				    QUOTE(field));
	}
	return r < 0 ? r : add_mount(o, &m, e);
}

/* --- --device -------------------------------------------------------------------------- */

static int device_target(struct run_options *o, const char *s, const char **ret, struct err *e)
{
	char clean[PLAN_PATH_MAX];

	if (path_clean(s, clean, sizeof(clean)) < 0 || !text_starts(clean, "/dev/"))
		return err_set(e, EINVAL, "%s does not lie below /dev", QUOTE(s));
	*ret = copy(o, clean, strlen(clean), e);
	return *ret ? 0 : -e->code;
}

/* As docker has it, but for the rights: they are those of the device itself. */
static int set_device(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	struct run_mount m = {.device = true, .flags = OPF_ASKED};
	const char *colon = strchr(value, ':');

	m.source = copy(o, value, colon ? (size_t)(colon - value) : strlen(value), e);
	if (!m.source)
		return -e->code;
	if (m.source[0] != '/')
		return err_set(e, EINVAL, "%s is not an absolute path", QUOTE(m.source));
	if (colon && strchr(colon + 1, ':'))
		return err_set(e, EINVAL,
			       "%s is not HOST[:TARGET]: what may be done with a device, its own "
			       "permissions say",
			       QUOTE(value));
	if (device_target(o, colon ? colon + 1 : m.source, &m.target, e) < 0)
		return -e->code;
	return add_mount(o, &m, e);
}

/* --- environment, names, users ----------------------------------------------------------- */

static int add_env(struct run_options *o, bool file, const char *text, struct err *e)
{
	if (o->nenv == RUN_ENV_MAX)
		return err_set(e, E2BIG, "given more than %d times", RUN_ENV_MAX);
	o->env[o->nenv++] = (struct run_env){.file = file, .text = text};
	return 0;
}

static int set_env(void *ctx, const char *value, struct err *e)
{
	if (!value[0] || value[0] == '=')
		return err_set(e, EINVAL, "%s is not NAME or NAME=VALUE", QUOTE(value));
	return add_env(ctx, false, value, e);
}

static int set_env_file(void *ctx, const char *value, struct err *e)
{
	return add_env(ctx, true, value, e);
}

static int set_cwd(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	char clean[PATH_MAX];

	if (path_clean(value, clean, sizeof(clean)) < 0)
		return err_set(e, EINVAL, "%s is not an absolute path without ..", QUOTE(value));
	o->cwd = copy(o, clean, strlen(clean), e);
	return o->cwd ? 0 : -e->code;
}

static int set_user(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	if (!value[0] || value[0] == ':' || value[0] == '-' || value[strlen(value) - 1] == ':')
		return err_set(e, EINVAL, "%s is not USER or USER:GROUP", QUOTE(value));
	o->user = value;
	return 0;
}

/* Letters, digits, '-', '_' and '.'; neither '-' nor '.' at the ends: hostname(7). */
static int check_hostname(const char *s, struct err *e)
{
	size_t n = strlen(s);
	bool ok = n >= 1 && n <= PLAN_NAME_MAX && s[0] != '-' && s[0] != '.' && s[n - 1] != '-' &&
		  s[n - 1] != '.';

	for (size_t i = 0; ok && i < n; i++)
		ok = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		     (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '.' || s[i] == '_';
	return ok ? 0
		  : err_set(e, EINVAL, "%s is not a name of 1 to %d letters, digits, -, _ and .", QUOTE(s),
			    PLAN_NAME_MAX);
}

static int set_hostname(void *ctx, const char *value, struct err *e)
{
	((struct run_options *)ctx)->hostname = value;
	return check_hostname(value, e);
}

static int set_name(void *ctx, const char *value, struct err *e)
{
	((struct run_options *)ctx)->name = value;
	return check_hostname(value, e);
}

static int set_conf(void *ctx, const char *value, struct err *e)
{
	if (!value[0])
		return err_set(e, EINVAL, "an empty path");
	((struct run_options *)ctx)->conf = value;
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------ */

static int set_read_only(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->read_only = option_on(value);
	return 0;
}

static int set_ephemeral(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->ephemeral = option_on(value);
	return 0;
}

static int set_ephemeral_size(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	if (text_size(value, &o->ephemeral_size) < 0 || o->ephemeral_size == 0)
		return err_set(e, EINVAL, "%s is not a number of bytes (as 512M)", QUOTE(value));
	return 0;
}

static int set_map(void *ctx, const char *value, struct err *e)
{
	static const char *const word[PLAN_MAP_COUNT] = {"self", "subordinate", "auto", "isolated", "none"};
	struct run_options *o = ctx;

	(void)e;
	o->map_asked = true;
	for (int i = 0; i < PLAN_MAP_COUNT; i++)
		if (!strcmp(value, word[i]))
			o->map = (enum plan_map)i;
	return 0;
}

static int set_gate(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->gate = option_on(value) ? GATE_WANTED : GATE_UNWANTED;
	return 0;
}

static int set_no_gate(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	(void)e;
	if (option_on(value))
		o->gate = GATE_UNWANTED;
	else if (o->gate == GATE_UNWANTED)
		o->gate = GATE_UNSAID;
	return 0;
}

static int caps_word(const char *value, uint64_t *set, struct err *e)
{
	int cap;

	if (!strcmp(value, "ALL") || !strcmp(value, "all")) {
		*set = ~UINT64_C(0);
		return 0;
	}
	cap = caps_parse(value);
	if (cap < 0)
		return err_set(e, EINVAL, "%s is not a capability, or ALL", QUOTE(value));
	*set |= CAP_BIT(cap);
	return 0;
}

static int set_cap_add(void *ctx, const char *value, struct err *e)
{
	return caps_word(value, &((struct run_options *)ctx)->cap_add, e);
}

static int set_cap_drop(void *ctx, const char *value, struct err *e)
{
	return caps_word(value, &((struct run_options *)ctx)->cap_drop, e);
}

static int set_init(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->no_init = !option_on(value);
	return 0;
}

static int set_no_init(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->no_init = option_on(value);
	return 0;
}

static int set_preserve_fd(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	uint32_t fd, i;

	if (text_u32(value, &fd) < 0 || fd < 3 || fd > INT32_MAX)
		return err_set(e, EINVAL, "%s is not a descriptor number from 3 on", QUOTE(value));
	if (o->nkeep == PLAN_FDS_MAX)
		return err_set(e, E2BIG, "given more than %d times", PLAN_FDS_MAX);
	for (i = o->nkeep; i > 0 && o->keep_fd[i - 1] >= fd; i--)
		if (o->keep_fd[i - 1] == fd)
			return 0;
	memmove(&o->keep_fd[i + 1], &o->keep_fd[i], (o->nkeep - i) * sizeof(fd));
	o->keep_fd[i] = fd;
	o->nkeep++;
	return 0;
}

/* What stands in the file stands before the other words by now: run_words.h. */
static int set_from(void *ctx, const char *value, struct err *e)
{
	(void)ctx;
	return value[0] ? 0 : err_set(e, EINVAL, "an empty path");
}

static int set_json(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->json = option_on(value);
	return 0;
}

const struct option_row run_option[] = {
	{"volume", 'v', "SRC:DST[:OPT,...]", "bind a directory or file; OPT: ro, rw (default), noexec, idmap",
	 set_volume},
	{"mount", 0, "FIELD,...", "type=bind,src=,dst=[,ro] or type=tmpfs,dst=[,size=,mode=]", set_mount},
	{"tmpfs", 0, "DST[:OPT,...]", "an empty tmpfs; OPT: size=256M, mode=1777, ro, noexec", set_tmpfs},
	{"device", 0, "HOST[:TARGET]", "a device of the host, or those in a directory", set_device},
	{"conf", 0, "DIR", "take hosts, hostname, resolv.conf from DIR, those that are there", set_conf},
	{"env", 'e', "NAME[=VALUE]", "set a variable; without a value: yours", set_env},
	{"env-file", 0, "FILE", "set the variables of FILE, NAME=VALUE a line", set_env_file},
	{"workdir", 'w', "DIR", "working directory inside (default: the home there, else /)", set_cwd},
	{"cwd", 0, "DIR", "the same as --workdir", set_cwd},
	{"user", 'u', "USER[:GROUP]", "user inside, by name or number (default: root)", set_user},
	{"map", 0, "self|subordinate|auto|isolated|none",
	 "ids inside (default: subordinate); none: you, by the gate", set_map},
	{"gate", 0, NULL, "have croft-gate make the sandbox, without a user namespace", set_gate},
	{"no-gate", 0, NULL, "never have croft-gate make it", set_no_gate},
	{"network", 0, "none|host|user",
	 "none (default): loopback only; user: led out by pasta; host: the host's", set_network},
	{"publish", 'p', "[ADDR:]HOST:PORT",
	 "with --network user: a port of the host leads to one inside (/udp)", set_publish},
	{"tcp-connect", 0, "none|PORT,...", "connect to these TCP ports only, or to none", set_tcp_connect},
	{"tcp-bind", 0, "none|PORT,...", "bind to these TCP ports only, or to none", set_tcp_bind},
	{"hostname", 0, "NAME", "host name inside (default: the sandbox's name)", set_hostname},
	{"name", 0, "NAME", "name of the sandbox (default: croft)", set_name},
	{"read-only", 0, NULL, "nothing can be written to the root", set_read_only},
	{"ephemeral", 0, NULL, "changes to the root are thrown away at the end", set_ephemeral},
	{"ephemeral-size", 0, "SIZE", "memory that these may take (default: 2G)", set_ephemeral_size},
	{"cap-add", 0, "CAP", "give root inside another capability (or ALL)", set_cap_add},
	{"cap-drop", 0, "CAP", "take a capability of the default set away (or ALL)", set_cap_drop},
	{"seccomp", 0, "default|unconfined|FILE.json", "filter of system calls, or the profile of one",
	 set_seccomp},
	{"seccomp-bpf", 0, "FD", "the filter is the BPF program read from descriptor FD", set_seccomp_bpf},
	{"landlock", 0, "auto|off|required", "second wall around files (default: auto)", set_landlock},
	{"allow-userns", 0, NULL, "user namespaces can be made inside", set_allow_userns},
	{"hidepid", 0, "off|noaccess|invisible|ptraceable|N",
	 "/proc hides others' processes; N: the kernel's number", set_hidepid},
	{"proc-subset", 0, "pid|all", "/proc: all (default); pid: processes and nothing else",
	 set_proc_subset},
	{"unmask", 0, NULL, "all of /proc and /sys is seen, and written where the kernel allows it",
	 set_unmask},
	{"memory", 'm', "SIZE", "limit of memory, as 512M", set_memory},
	{"memory-swap", 0, "SIZE", "limit of memory and swap together; -1: none", set_memory_swap},
	{"cpus", 0, "N", "limit of CPU time, as 1.5 CPUs", set_cpus},
	{"pids-limit", 0, "N", "limit of processes and threads", set_pids_limit},
	{"io-weight", 0, "N", "share of the disks, 1 to 10000; everybody else has 100", set_io_weight},
	{"ulimit", 0, "NAME=SOFT[:HARD]", "resource limit of the command, as nofile=1024", set_ulimit},
	{"timeout", 0, "TIME", "end the command after this time (exit status 124)", set_timeout},
	{"nice", 0, "N", "niceness of the command, -20 to 19", set_nice},
	{"oom-score-adj", 0, "N", "who is killed first when memory runs out, -1000 to 1000",
	 set_oom_score_adj},
	{"init", 0, NULL, "croft's init is pid 1 (default)", set_init},
	{"no-init", 0, NULL, "the command is pid 1", set_no_init},
	{"detach", 'd', NULL, "print the name when the command runs, and leave it running", set_detach},
	{"interactive", 'i', NULL, "standard input: always connected; with -d it waits for croft attach",
	 set_interactive},
	{"tty", 't', NULL, "a terminal even where standard input and output are none", set_tty},
	{"stop-timeout", 0, "TIME", "from the first TERM to KILL (default: 10s)", set_stop_timeout},
	{"tie", 0, "parent|none", "end with the process that started it (default), or do not", set_tie},
	{"status-fd", 0, "N", "write a line of JSON for each phase to descriptor N", set_status_fd},
	{"preserve-fd", 0, "N", "pass descriptor N on to the command", set_preserve_fd},
	{"from", 0, "FILE", "options, ROOT and COMMAND from a file of TOML or JSON; what is given here wins",
	 set_from},
	{"json", 0, NULL, "croft plan: print JSON, of which --from reads the member run", set_json},
};
const size_t run_noptions = sizeof(run_option) / sizeof(run_option[0]);
const struct option_table run_options = OPTION_TABLE(run_option);

/* What options say of each other. */
static int check_together(struct run_options *o, struct err *e)
{
	if (o->nports && o->network != PLAN_NETWORK_USER) {
		err_set(e, EINVAL, "option --publish: it needs a network of the sandbox that leads out");
		return err_hint(e, "--network user");
	}
	if (o->seccomp && o->seccomp_fd >= 0)
		return err_set(e, EINVAL,
			       "options --seccomp and --seccomp-bpf: only one filter can be given");
	for (uint32_t i = 0; i < o->nkeep; i++)
		if (o->status_fd == (int)o->keep_fd[i])
			return err_set(
				e, EINVAL,
				"options --status-fd and --preserve-fd: descriptor %d is croft's or the "
				"command's",
				o->status_fd);
	if (o->detach && o->tty) {
		err_set(e, EINVAL, "options --detach and --tty: nobody is there for a terminal");
		return err_hint(e, "croft exec -t NAME COMMAND has one");
	}
	if (o->detach && o->nkeep)
		return err_set(e, EINVAL,
			       "options --detach and --preserve-fd: nothing of the caller's stays");
	if (o->tcp && o->landlock == PLAN_LANDLOCK_OFF)
		return err_set(
			e, EINVAL,
			"options --tcp-bind, --tcp-connect: Landlock keeps to them, and --landlock off "
			"is given");
	if (o->memory_swap_asked && !o->memory)
		return err_set(e, EINVAL, "option --memory-swap: it needs --memory");
	if (o->memory_swap_asked && o->memory_swap < o->memory)
		return err_set(e, EINVAL,
			       "option --memory-swap: it is memory and swap together, so not less "
			       "than --memory");
	if (!o->memory_swap_asked)
		o->memory_swap = o->memory; /* as docker: as much again */
	else if (o->memory_swap != UINT64_MAX)
		o->memory_swap -= o->memory;
	return 0;
}

int run_options_parse(int argc, char *argv[], struct arena *a, struct run_options *o, struct err *e)
{
	int next, r;

	o->a = a;
	o->map = PLAN_MAP_SUBORDINATE;
	o->stop_timeout_ms = 10000;
	o->seccomp_fd = o->status_fd = -1;
	r = options_parse(argv[0], run_option, run_noptions, argc, argv, o, &next, e);
	if (r == 0)
		r = check_together(o, e);
	if (r < 0)
		return r;
	if (next == argc) {
		err_set(e, EINVAL, "croft %s: ROOT is missing", argv[0]);
		return err_hint(e, "a directory (./rootfs), a name, or host; Try 'croft %s --help'", argv[0]);
	}
	o->root = argv[next++];
	if (next < argc && !strcmp(argv[next], "--"))
		next++;
	o->argv = argv + next;
	o->argc = (uint32_t)(argc - next);
	return 0;
}
