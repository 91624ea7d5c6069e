#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/seccomp_variant.h"

int seccomp_available(struct err *e)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return err_sys(e, "ask for seccomp filters");
	return err_set(e, ENOSYS,
		       "this kernel has no seccomp filters: it was built without CONFIG_SECCOMP_FILTER");
}

static int load(const struct sock_filter *code, uint32_t count, const char *what, struct err *e)
{
	const struct sock_fprog prog = {.len = (unsigned short)count,
					.filter = (struct sock_filter *)(uintptr_t)code};
	int code_is_bad;

	if (count == 0 || count > BPF_MAXINSNS)
		return err_set(e, EINVAL, "load %s: it has not 1 to %d instructions", what, BPF_MAXINSNS);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return 0;
	code_is_bad = errno == EINVAL;
	err_sys(e, "load %s", what);
	if (e->code == ENOMEM)
		return err_hint(e, "the filters that croft itself was started under count, too");
	if (e->code != EINVAL && e->code != ENOSYS)
		return -e->code;
	if (seccomp_available(e) < 0) {
		err_wrap(e, "load %s", what);
		return err_hint(e, "without a filter: croft run --seccomp unconfined");
	}
	return code_is_bad ? err_set(e, EINVAL,
				     "load %s: the kernel refuses the program as not well-formed (an unknown "
				     "instruction, a jump out of it, an end without a return)",
				     what)
			   : -e->code;
}

int confine_seccomp_default(const struct plan *p, struct err *e)
{
	const struct seccomp_filter *f = &seccomp_filter[seccomp_variant(p->caps, p->allow_userns != 0)];

	if (load(f->code, f->count, "the default seccomp filter", e) < 0)
		return -e->code;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return err_set(e, EPERM, "the seccomp filter is not on after loading it");
	return 0;
}

/* Not asked back: a program of the caller's may refuse prctl(2), or answer what it likes. */
static int load_program(const struct plan *p, struct err *e)
{
	static struct sock_filter code[PLAN_FILTER_MAX]; /* aligned, as the bytes of the plan may not be */
	const struct plan_blob *b = &p->seccomp_program;

	if (b->count > sizeof(code))
		return err_set(e, E2BIG, "the seccomp program has more than %d instructions",
			       PLAN_FILTER_MAX);
	memcpy(code, b->item, b->count);
	return load(code, b->count / (uint32_t)sizeof(code[0]), "the seccomp program", e);
}

int confine_seccomp(const struct plan *p, struct err *e)
{
	switch ((enum plan_seccomp)p->seccomp) {
	case PLAN_SECCOMP_DEFAULT:
		return confine_seccomp_default(p, e);
	case PLAN_SECCOMP_UNCONFINED:
		return 0;
	case PLAN_SECCOMP_PROGRAM:
		return load_program(p, e);
	case PLAN_SECCOMP_COUNT:
		break;
	}
	return err_set(e, EINVAL, "the plan's seccomp filter is of no known kind");
}

bool confine_seccomp_early(const struct plan *p)
{
	return p->init && p->seccomp == PLAN_SECCOMP_DEFAULT;
}
