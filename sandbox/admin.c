#include "sandbox/admin.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/err.h"

static bool borrowed;

void admin_borrow(void)
{
	borrowed = true;
}

/* Where it cannot be raised, the call fails by itself. */
void admin_raise(void)
{
	static const struct caps up = {.permitted = CAP_BIT(CAP_SYS_ADMIN),
				       .effective = CAP_BIT(CAP_SYS_ADMIN)};

	if (borrowed)
		caps_set(&up);
}

long admin_lower(long result)
{
	static const struct caps down = {.permitted = CAP_BIT(CAP_SYS_ADMIN)};
	int code = errno;
	struct caps now;

	if (borrowed && (caps_set(&down) < 0 || caps_get(&now) < 0 || now.effective))
		_exit(EXIT_CROFT);
	errno = code;
	return result;
}
