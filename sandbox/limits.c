#include "sandbox/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/fd.h"

int limits_score(const struct plan *p, struct err *e)
{
	fd_auto int fd = -1;
	char text[16];
	size_t n;

	if (!p->oom_asked)
		return 0;
	n = (size_t)snprintf(text, sizeof(text), "%" PRId32, p->oom_score_adj);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, n) == (ssize_t)n)
		return 0;
	if (errno != EACCES)
		return err_sys(e, "option --oom-score-adj: write %s to /proc/self/oom_score_adj", text);
	err_set(e, EACCES, "option --oom-score-adj: %s is lower than the kernel lets you go", text);
	return err_hint(e, "cat /proc/self/oom_score_adj shows your own; only root lowers it (in a service: "
			   "OOMScoreAdjust=)");
}

static int set_nice(const struct plan *p, struct err *e)
{
	if (!p->nice_asked || setpriority(PRIO_PROCESS, 0, p->nice) == 0)
		return 0;
	if (errno != EACCES && errno != EPERM)
		return err_sys(e, "option --nice: %" PRId32, p->nice);
	err_set(e, EACCES,
		"option --nice: %" PRId32 " is lower than your own niceness and your limit RLIMIT_NICE allow",
		p->nice);
	return err_hint(e, "a line in /etc/security/limits.conf: USER - nice %" PRId32, p->nice);
}

int limits_apply(const struct plan *p, struct err *e)
{
	if (set_nice(p, e) < 0)
		return -e->code;
	for (uint32_t i = 0; i < p->ulimits.count; i++) {
		const struct plan_ulimit *u = &p->ulimits.item[i];
		const struct rlimit rl = {.rlim_cur = u->soft == UINT64_MAX ? RLIM_INFINITY : (rlim_t)u->soft,
					  .rlim_max =
						  u->hard == UINT64_MAX ? RLIM_INFINITY : (rlim_t)u->hard};

		if (setrlimit((int)u->resource, &rl) < 0)
			return err_sys(e, "option --ulimit: resource %" PRIu32 " to %" PRIu64 ":%" PRIu64,
				       u->resource, u->soft, u->hard);
	}
	return 0;
}
