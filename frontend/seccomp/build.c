#include "frontend/seccomp/build.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/seccomp/profile.h"

enum { X32_BIT = 0x40000000, CALLS_MAX = 1024 };

/* What rules there are for a call, so that none is silently without effect. */
struct call {
	int nr;
	bool plain, conditional;
	uint32_t plain_action, conditional_action; /* the first of each */
};

struct build {
	scmp_filter_ctx filter;
	uint32_t default_action;
	int newest; /* of the numbers that were named; 0: none */
	uint32_t nrules;
	struct call call[CALLS_MAX];
	uint32_t ncalls;
};

static uint32_t find_arch(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32];
	size_t n = 0;

	if (!text_starts(name, prefix) || strlen(name) - strlen(prefix) >= sizeof(lower))
		return 0;
	for (name += strlen(prefix); *name; name++)
		lower[n++] = (char)tolower((unsigned char)*name);
	lower[n] = '\0';
	return seccomp_arch_resolve_name(lower);
}

int build_new(uint32_t default_action, struct build **ret, struct err *e)
{
	struct build *b = calloc(1, sizeof(*b));

	if (b)
		b->filter = seccomp_init(default_action);
	if (!b || !b->filter) {
		build_free(b);
		return err_set(e, EINVAL, "libseccomp takes no such default action");
	}
	b->default_action = default_action;
	/* The tree of comparisons: shorter ways for the kernel, which walks them for each number. */
	if (seccomp_attr_set(b->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0 ||
	    seccomp_attr_set(b->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) < 0) {
		build_free(b);
		return err_set(e, EINVAL, "libseccomp 2.5 or newer is needed");
	}
	*ret = b;
	return 0;
}

void build_free(struct build *b)
{
	if (b && b->filter)
		seccomp_release(b->filter);
	free(b);
}

bool build_is_native(const char *name)
{
	return find_arch(name) == seccomp_arch_native();
}

int build_arch(struct build *b, const char *name, const struct json_node *at, struct err *e)
{
	uint32_t arch = find_arch(name);
	int r;

	if (!arch)
		return json_wrong(at, e, "%s is not an architecture", QUOTE(name));
	r = seccomp_arch_add(b->filter, arch);
	if (r < 0 && r != -EEXIST)
		return json_wrong(at, e, "%s cannot be together with this machine's architecture",
				  QUOTE(name));
	return 0;
}

static bool same_argument_twice(const struct build_rule *rule)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < rule->nargs; i++) {
		unsigned bit = 1u << rule->arg[i].arg;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static int add_rules(struct build *b, const struct build_rule *rule, int nr)
{
	int r = 0;

	if (!same_argument_twice(rule))
		return seccomp_rule_add_array(b->filter, rule->action, nr, rule->nargs, rule->arg);
	for (unsigned i = 0; r == 0 && i < rule->nargs; i++)
		r = seccomp_rule_add_array(b->filter, rule->action, nr, 1, &rule->arg[i]);
	return r;
}

static struct call *find_call(struct build *b, int nr)
{
	uint32_t i;

	for (i = 0; i < b->ncalls; i++)
		if (b->call[i].nr == nr)
			return &b->call[i];
	if (i == CALLS_MAX)
		return NULL;
	b->call[i].nr = nr;
	b->ncalls++;
	return &b->call[i];
}

/*
 * Of rules without comparisons libseccomp keeps the first, which podman's own profile relies on. Beside one
 * of them a rule with comparisons would be without effect, and nobody would hear of it. A rule that says what
 * the default says does not count: it gives way to the others.
 */
static int check_others(struct build *b, const struct build_rule *rule, int nr, const char *name,
			const struct json_node *at, struct err *e)
{
	struct call *c = find_call(b, nr);
	bool plain = rule->nargs == 0;

	if (!c)
		return json_wrong(at, e, "more than %d system calls have rules", CALLS_MAX);
	if (plain && (c->plain || rule->action == b->default_action))
		return 0;
	if ((!plain && c->plain && c->plain_action != rule->action) ||
	    (plain && c->conditional && c->conditional_action != rule->action))
		return json_wrong(
			at, e,
			"%s has two rules with two actions, one with args and one without: only the "
			"one without would hold",
			QUOTE(name));
	if (plain) {
		c->plain = true;
		c->plain_action = rule->action;
	} else if (!c->conditional || c->conditional_action == b->default_action) {
		c->conditional = true;
		c->conditional_action = rule->action;
	}
	return 0;
}

int build_add(struct build *b, const struct build_rule *rule, const char *name, const struct json_node *at,
	      struct err *e)
{
	int nr = seccomp_syscall_resolve_name(name), r;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	if (nr > b->newest)
		b->newest = nr;
	if (++b->nrules > PROFILE_RULES_MAX)
		return json_wrong(at, e, "more than %d system calls are named", PROFILE_RULES_MAX);
	if (check_others(b, rule, nr, name, at, e) < 0)
		return -e->code;
	if (rule->action == b->default_action)
		return 0; /* libseccomp refuses a rule that says what is so anyway */
	r = add_rules(b, rule, nr);
	if (r == -EEXIST)
		return json_wrong(at, e, "%s has another rule already that this one contradicts",
				  QUOTE(name));
	return r < 0 ? json_wrong(at, e, "libseccomp refuses the rule for %s: %s", QUOTE(name), strerror(-r))
		     : 0;
}

/* Calls newer than any that is named. Returns its length. */
static uint32_t put_newer(const struct build *b, struct sock_filter *f)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)b->newest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	if (b->default_action != SCMP_ACT_ERRNO(EPERM) || b->newest == 0)
		return 0;
	memcpy(f, code, sizeof(code));
	return sizeof(code) / sizeof(code[0]);
}

int build_program(struct build *b, struct sock_filter ret[BPF_MAXINSNS], uint32_t *ret_count, struct err *e)
{
	fd_auto int fd = memfd_create("seccomp", MFD_CLOEXEC);
	uint32_t before = put_newer(b, ret);
	ssize_t n;
	int r;

	if (fd < 0)
		return err_sys(e, "get memory for the program");
	r = seccomp_export_bpf(b->filter, fd);
	if (r < 0)
		return err_set(e, -r, "put the program together: %s", strerror(-r));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the program");
	n = fd_read_all(fd, ret + before, (BPF_MAXINSNS - before) * sizeof(*ret));
	if (n == -EFBIG)
		return err_set(e, E2BIG, "the program has more than %d instructions", BPF_MAXINSNS);
	if (n < 0)
		return err_set(e, (int)-n, "read the program: %s", strerror((int)-n));
	*ret_count = before + (uint32_t)((size_t)n / sizeof(*ret));
	return 0;
}
