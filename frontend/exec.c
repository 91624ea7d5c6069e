/* `croft exec`. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "frontend/environment.h"
#include "frontend/exec_client.h"
#include "frontend/root_verbs.h"
#include "frontend/state.h"
#include "frontend/terminal_proxy.h"
#include "frontend/verb.h"

enum { ARENA_BYTES = 4 << 20 };

static const char usage[] =
	"Usage: croft exec [OPTION...] NAME COMMAND [ARG...]\n"
	"\n"
	"Runs one more command in the sandbox with this name, under the same confinement and with the\n"
	"environment of its first command.\n";

struct exec_options {
	struct environment env;
	bool tty;
	char cwd[PATH_MAX];
};

static int set_env(void *ctx, const char *value, struct err *e)
{
	if (!value[0] || value[0] == '=')
		return err_set(e, EINVAL, "%s is not NAME or NAME=VALUE", QUOTE(value));
	return environment_word(&((struct exec_options *)ctx)->env, value, e);
}

static int set_cwd(void *ctx, const char *value, struct err *e)
{
	struct exec_options *o = ctx;

	return path_clean(value, o->cwd, sizeof(o->cwd)) < 0
		       ? err_set(e, EINVAL, "%s is not an absolute path without ..", QUOTE(value))
		       : 0;
}

static int set_interactive(void *ctx, const char *value, struct err *e)
{
	(void)ctx;
	(void)value;
	(void)e;
	return 0;
}

static int set_tty(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct exec_options *)ctx)->tty = option_on(value);
	return 0;
}

static const struct option_row row[] = {
	{"env", 'e', "NAME[=VALUE]", "set a variable; without a value: yours", set_env},
	{"workdir", 'w', "DIR", "working directory inside (default: that of the first command)", set_cwd},
	{"interactive", 'i', NULL, "no effect: standard input is always connected", set_interactive},
	{"tty", 't', NULL, "a terminal even where standard input and output are none", set_tty},
};
static const struct option_table options = OPTION_TABLE(row);

static int exec_main(int argc, char *argv[], struct err *e)
{
	static struct exec_options o; /* large */
	const pid_t starter = getppid();
	struct request q = {0};
	struct arena a;
	fd_auto int conn = -1;
	int next, r = mem_arena(ARENA_BYTES, &a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	if (environment_init(&a, (const char *const *)environ, &o.env, e) < 0)
		return -e->code;
	r = root_parse("exec", usage, options.row, options.nrows, argc, argv, 2, INT_MAX, &o, &next, e);
	if (r <= 0)
		return r;
	q.tty = o.tty ? (uint32_t)PLAN_TTY_ALL : proxy_terminals();
	q.cwd = o.cwd;
	q.env = environment_list(&o.env);
	r = next + 1 + (next + 2 < argc && !strcmp(argv[next + 1], "--"));
	q.argv = (struct plan_strings){.item = (const char *const *)argv + r, .count = (uint32_t)(argc - r)};
	if (fd_check_std(e) < 0)
		return -e->code;
	conn = state_connect(argv[next], e);
	return conn < 0 ? conn : exec_client(conn, &q, starter, e);
}

const struct verb verb_exec = {
	.name = "exec",
	.help = "run one more command in a sandbox with a name",
	.run = exec_main,
	.options = &options,
	.operands = "SANDBOX COMMAND",
};
