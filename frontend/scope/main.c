/*
 * croft-scope PID: has the caller's systemd user manager make a scope that is delegated to him, and put the
 * process into it; prints the scope's name once it is there. A program of its own, since it needs libsystemd.
 * A scope ends with its last process, and is forgotten then even when it failed. Exit status 1, with a
 * sentence, when there is none.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/text.h"

static const char program[] = "croft-scope";

#define MANAGER "org.freedesktop.systemd1"
#define OBJECT  "/org/freedesktop/systemd1"

enum { UNIT_MAX = 128, PATH_OF_JOB_MAX = 128, ANSWER_S = 20 };

struct job {
	char path[PATH_OF_JOB_MAX];              /* "" until the manager has answered */
	char ended[PATH_OF_JOB_MAX], result[32]; /* of the last job that ended */
	bool over;
};

/* --- the bus ----------------------------------------------------------------------------------- */

/* Where XDG_RUNTIME_DIR is not set (su, cron), the directory that logind makes. */
static int open_bus(sd_bus **ret, struct err *e)
{
	char dir[64];
	struct stat st;
	int r;

	snprintf(dir, sizeof(dir), "/run/user/%u", geteuid());
	if (!getenv("XDG_RUNTIME_DIR") && stat(dir, &st) == 0 && st.st_uid == geteuid())
		setenv("XDG_RUNTIME_DIR", dir, 1);
	/* The session's bus may be another one, which has no manager. */
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	r = sd_bus_open_user(ret);
	return r < 0 ? err_set(e, -r, "connect to the bus of your user manager: %s", strerror(-r)) : 0;
}

static void note_end(struct job *j)
{
	j->over = j->path[0] && !strcmp(j->path, j->ended);
}

static int job_removed(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct job *j = ctx;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (j->over || sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	snprintf(j->ended, sizeof(j->ended), "%s", path);
	snprintf(j->result, sizeof(j->result), "%s", result);
	note_end(j);
	return 0;
}

/* --- the scope ----------------------------------------------------------------------------------- */

static int append(sd_bus_message *m, const char *unit, uint32_t pid)
{
	int r = sd_bus_message_append(m, "ss", unit, "fail");

	if (r >= 0)
		r = sd_bus_message_append(m, "a(sv)", 4, "Description", "s", "a sandbox of croft", "PIDs",
					  "au", 1, pid, "Delegate", "b", 1, "CollectMode", "s",
					  "inactive-or-failed");
	return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int ask(sd_bus *bus, const char *unit, uint32_t pid, struct job *j, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	const char *path;
	int r = sd_bus_message_new_method_call(bus, &m, MANAGER, OBJECT, MANAGER ".Manager",
					       "StartTransientUnit");

	if (r >= 0)
		r = append(m, unit, pid);
	if (r >= 0)
		r = sd_bus_call(bus, m, (uint64_t)ANSWER_S * 1000000, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		snprintf(j->path, sizeof(j->path), "%s", path);
	else
		err_set(e, -r, "start the scope %s: %s", unit,
			QUOTE(error.message ? error.message : strerror(-r)));
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
	return r < 0 ? -e->code : 0;
}

static int await(sd_bus *bus, struct job *j, struct err *e)
{
	const time_t begin = time(NULL);

	note_end(j); /* it may have come before the answer */
	while (!j->over) {
		int r = sd_bus_process(bus, NULL);

		if (r == 0)
			r = sd_bus_wait(bus, UINT64_C(1000000));
		if (r < 0 && r != -EINTR)
			return err_set(e, -r, "wait for the scope: %s", strerror(-r));
		if (time(NULL) - begin > ANSWER_S)
			return err_set(e, ETIMEDOUT, "the scope was not there after %d seconds", ANSWER_S);
	}
	if (strcmp(j->result, "done") != 0)
		return err_set(e, EPROTO, "the scope was not started: %s", QUOTE(j->result));
	return 0;
}

static int make_scope(sd_bus *bus, uint32_t pid, struct err *e)
{
	static struct job job;
	char unit[UNIT_MAX];
	struct timespec now;
	int r = sd_bus_match_signal(bus, NULL, MANAGER, OBJECT, MANAGER ".Manager", "JobRemoved", job_removed,
				    &job);

	if (r >= 0)
		r = sd_bus_call_method(bus, MANAGER, OBJECT, MANAGER ".Manager", "Subscribe", NULL, NULL, "");
	if (r < 0)
		return err_set(e, -r, "ask for the signals of your user manager: %s", strerror(-r));
	/* A number that comes again while systemd still knows the last scope of that name would be refused.
	 */
	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(unit, sizeof(unit), "croft-%" PRIu32 "-%lld%09ld.scope", pid, (long long)now.tv_sec,
		 now.tv_nsec);
	if (ask(bus, unit, pid, &job, e) < 0 || await(bus, &job, e) < 0)
		return -e->code;
	r = fd_write_all(STDOUT_FILENO, unit, strlen(unit));
	return r < 0 ? err_set(e, -r, "write the name of the scope: %s", strerror(-r)) : 0;
}

int main(int argc, char **argv)
{
	struct err e = {.code = 0};
	sd_bus *bus = NULL;
	uint32_t pid;

	if (argc != 2 || text_u32(argv[1], &pid) < 0) {
		err_set(&e, EINVAL, "usage: croft-scope PID");
		err_print(&e, program);
		return 1;
	}
	if (open_bus(&bus, &e) == 0)
		make_scope(bus, pid, &e);
	sd_bus_flush_close_unref(bus);
	if (e.code)
		err_print(&e, program);
	return e.code != 0;
}
