#include "frontend/cgroup_scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "frontend/install.h"
#include "frontend/spawn.h"

static const char helper[] = LIBEXECDIR "/croft-scope";

/* The helper's sentence, without its name. */
static int not_made(char *text, int status, struct err *e)
{
	static const char name[] = "croft-scope: ";
	const char *p = text_starts(text, name) ? text + strlen(name) : text;

	text[strcspn(text, "\n")] = '\0';
	if (*p)
		return err_set(e, EPROTO, "have a scope made by your user manager of systemd: %s", QUOTE(p));
	return err_set(e, EPROTO,
		       "have a scope made by your user manager of systemd: croft-scope ended with status %d",
		       status);
}

int scope_enter(unsigned need, struct cgroup_facts *f, struct err *e)
{
	char pid[16], unit[CGROUP_SCOPE_MAX], errors[ERR_MSG_MAX];
	char *argv[] = {(char[]){"croft-scope"}, pid, NULL};
	const struct spawn s = {.path = helper,
				.argv = argv,
				.fd = -1,
				.out = unit,
				.out_size = sizeof(unit),
				.errors = errors,
				.errors_size = sizeof(errors)};
	int r;

	snprintf(pid, sizeof(pid), "%d", getpid());
	r = spawn_run(&s, e);
	if (r == -ENOENT) {
		err_set(e, ELIBACC, "have a scope made by your user manager of systemd: %s is not installed",
			helper);
		return err_hint(e, "%s", INSTALL_CROFT);
	}
	if (r != 0)
		return r < 0 ? r : not_made(errors, r, e);
	unit[strcspn(unit, "\n")] = '\0';
	cgroup_facts_read(f);
	/* Not believed: a cgroup of others must never get croft's limits. */
	if (!unit[0] || strcmp(path_base(f->own), unit) != 0 || !f->self.writable || f->self.busy)
		return err_set(
			e, EPROTO,
			"your user manager of systemd made the scope %s, but croft is in the cgroup %s",
			QUOTE(unit), QUOTE(f->own));
	f->self.delegated = true;
	if (need & ~f->self.have)
		return err_set(e, ENOTSUP,
			       "limit %s: your user manager of systemd gave the scope %s no controller %s",
			       cgroup_list(need, "", (char[CGROUP_LIST_MAX]){""}), QUOTE(unit),
			       cgroup_list(need & ~f->self.have, "", (char[CGROUP_LIST_MAX]){""}));
	return 0;
}
