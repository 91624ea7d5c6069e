#include "sandbox/filter/target.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const struct known {
	const char *name;
	uint32_t audit, libseccomp;
} known[] = {
	{"x86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64},
	{"aarch64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64},
	{"riscv64", AUDIT_ARCH_RISCV64, SCMP_ARCH_RISCV64},
};
const char *const filter_target_name[] = {"x86_64", "aarch64", "riscv64", NULL};

static int number(void *ctx, const char *name, size_t len, int32_t *ret)
{
	const struct known *k = ctx;
	char text[64];
	int nr;

	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	nr = seccomp_syscall_resolve_name_arch(k->libseccomp, text);
	if (nr == __NR_SCMP_ERROR)
		return -ENOENT;
	*ret = nr;
	return 0;
}

int filter_target_find(const char *name, struct filter_target *ret, struct err *e)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		*ret = (struct filter_target){name, known[i].audit, number, (void *)(uintptr_t)&known[i]};
		return 0;
	}
	return err_set(e, ENOENT,
		       "there are no rules for the architecture %s (for: x86_64, aarch64, riscv64)",
		       QUOTE(name));
}
