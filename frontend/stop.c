/* `croft stop`. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/root_verbs.h"
#include "frontend/state.h"
#include "frontend/verb.h"
#include "sandbox/msg.h"

static const char usage[] =
	"Usage: croft stop [--kill] NAME...\n"
	"\n"
	"Ends sandboxes as TERM would, with their time of grace, and waits until nothing is left of them.\n";

static int set_kill(void *ctx, const char *value, struct err *e)
{
	(void)e;
	*(bool *)ctx = option_on(value);
	return 0;
}

static const struct option_row row[] = {{"kill", 0, NULL, "at once, without a time of grace", set_kill}};
static const struct option_table options = OPTION_TABLE(row);

static int send_stop(const char *name, struct err *e)
{
	fd_auto int conn = state_connect(name, e);
	int r;

	if (conn < 0)
		return conn;
	r = msg_send(conn, MSG_STOP, NULL, -1);
	return r < 0 && r != -EPIPE ? err_set(e, -r, "stop %s: %s", QUOTE(name), strerror(-r))
				    : TAKE_FD(conn);
}

/* Until its croft has closed the connection, which it does last of all. */
static int await_end(int conn, struct err *e)
{
	struct msg m;
	int r;

	do {
		fd_auto int fd = -1;

		r = msg_receive(conn, 0, &m, &fd);
		if (r > 0 && m.type == MSG_ERROR) {
			*e = m.err;
			return -e->code;
		}
	} while (r > 0);
	return 0;
}

static int stop_main(int argc, char *argv[], struct err *e)
{
	bool at_once = false;
	int conn[64], next, count;
	struct err other;
	int r = root_parse("stop", usage, options.row, options.nrows, argc, argv, 1, 64, &at_once, &next, e);

	if (r <= 0)
		return r;
	count = argc - next;
	/* All of them at first, so that their times of grace are one. */
	for (int i = 0; i < count; i++) {
		conn[i] = send_stop(argv[next + i], r < 0 ? &other : e);
		if (conn[i] >= 0 && at_once)
			fd_close(send_stop(argv[next + i], &other)); /* the second time it is killed */
		r = conn[i] < 0 && r >= 0 ? conn[i] : r;
	}
	for (int i = 0; i < count; i++) {
		if (conn[i] >= 0 && await_end(conn[i], r < 0 ? &other : e) < 0 && r >= 0)
			r = -e->code;
		fd_close(conn[i]);
	}
	return r < 0 ? r : 0;
}

const struct verb verb_stop = {
	.name = "stop",
	.help = "end a sandbox with a name",
	.run = stop_main,
	.options = &options,
	.operands = "SANDBOX...",
};
