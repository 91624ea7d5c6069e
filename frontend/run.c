#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/image.h"
#include "frontend/named.h"
#include "frontend/network.h"
#include "frontend/prepare.h"
#include "frontend/report.h"
#include "frontend/run_help.h"
#include "frontend/run_options.h"
#include "frontend/supervise.h"
#include "frontend/verb.h"
#include "sandbox/kept.h"

static int check_kept(const struct plan *p, struct err *e)
{
	for (uint32_t i = 0; i < p->keep_fds.count; i++) {
		int fd = (int)p->keep_fds.item[i];

		if (kept_check(fd, e) < 0)
			return err_wrap(e, "option --preserve-fd");
		if (fcntl(fd, F_SETFD, 0) < 0)
			return err_sys(e, "option --preserve-fd: descriptor %d", fd);
	}
	return 0;
}

/* Should: of what the caller left open, nothing but 0-2 and what he named is there. Mustn't: a descriptor of
 * ours is open already. */
static int close_others(const struct plan *p, int report, struct err *e)
{
	int keep[PLAN_FDS_MAX + 1], r;
	uint32_t n = p->keep_fds.count, i = n;

	memcpy(keep, p->keep_fds.item, n * sizeof(keep[0]));
	for (; report >= 0 && i > 0 && keep[i - 1] > report; i--)
		keep[i] = keep[i - 1];
	if (report >= 0)
		keep[i] = report;
	r = fd_close_range_but(3, ~0u, keep, n + (report >= 0));
	if (r == -ENOSYS)
		return err_set(e, ENOSYS, "close_range: croft needs Linux 5.14 or newer");
	return r < 0 ? err_set(e, -r, "close the descriptors that are not passed on") : 0;
}

/* The bytes from argv[0] on: the kernel laid the words one behind the other. */
static size_t command_line_size(int argc, char *argv[])
{
	char *end = argv[0] + strlen(argv[0]) + 1;

	for (int i = 1; i < argc && argv[i] == end; i++)
		end += strlen(end) + 1;
	return (size_t)(end - argv[0]);
}

/* Should: what the child needs lies nowhere in the command line, which it overwrites. */
static int run(struct prepared *p, struct sandbox_hooks *h, pid_t starter, struct report *report,
	       struct err *e)
{
	static struct plan plan;
	struct job job = {.tied = !p->options.untied,
			  .starter = starter,
			  .report = report->fd >= 0 || p->options.detach ? report : NULL,
			  .a = &p->a};
	struct vetted *vetted = arena_array(&p->a, (size_t)p->plan.ops.count + 1, sizeof(*vetted));

	if (!vetted)
		return err_set(e, ENOMEM, "too many volumes");
	if (vet_plan(&p->vet, &p->plan, &p->a, vetted, e) < 0 || plan_copy(&p->plan, &p->a, &plan, e) < 0)
		return -e->code;
	if (plan.network == PLAN_NETWORK_USER && network_check(&plan, e) < 0)
		return -e->code;
	h->ctx = vetted;
	report->plan = &plan;
	report_done(report, REPORT_POLICY);
	return p->options.name || p->options.detach ? named_run(&plan, h, &job, &p->options, e)
						    : image_supervise(&plan, h, &job, e);
}

static int prepare_and_run(int argc, char *argv[], struct prepared *p, struct report *report, struct err *e)
{
	struct sandbox_hooks hooks = {.permit = vet_same, .masks = vet_masks};
	const pid_t starter = getppid();
	char **whole = argv - 1; /* croft's own name stands before the verb */
	int r = prepare(argc, argv, p, e);
	struct err other;

	/* Why it was refused is reported, too. */
	if (r != -ECANCELED && p->options.status_fd >= 0 && report_check(p->options.status_fd, &other) == 0)
		report_start(report, p->options.status_fd);
	if (r < 0)
		return r;
	if (p->options.json)
		return err_set(e, EINVAL, "option --json: it is for croft plan");
	if (p->options.status_fd >= 0 && report_check(p->options.status_fd, e) < 0)
		return -e->code;
	if (p->refused.code) {
		*e = p->refused;
		return -e->code;
	}
	if (limits_check(&p->plan, &p->given, e) < 0 || fd_check_std(e) < 0 || check_kept(&p->plan, e) < 0 ||
	    close_others(&p->plan, report->fd, e) < 0)
		return -e->code;
	hooks.title = whole[0];
	hooks.title_size = command_line_size(argc + 1, whole);
	return run(p, &hooks, starter, report, e);
}

static int run_main(int argc, char *argv[], struct err *e)
{
	static struct prepared p; /* large */
	static struct report report;
	int r;

	p.options.status_fd = -1;
	report_start(&report, -1);
	r = prepare_and_run(argc, argv, &p, &report, e);
	if (r == -ECANCELED)
		return run_help("run", e);
	report_end(&report, r, e);
	return r;
}

const struct verb verb_run = {
	.name = "run",
	.help = "run a command in a sandbox",
	.run = run_main,
	.options = &run_options,
	.operands = "ROOT COMMAND",
};
