#include "sandbox/seccomp_variant.h"

#include <linux/capability.h>

#include "common/caps.h"

enum seccomp_variant seccomp_variant(uint64_t caps, bool allow_userns)
{
	if (allow_userns)
		return SECCOMP_USERNS;
	return caps & CAP_BIT(CAP_SYS_ADMIN) ? SECCOMP_ADMIN : SECCOMP_BASE;
}
