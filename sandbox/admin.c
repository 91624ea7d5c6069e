#include "sandbox/admin.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/err.h"

static uint64_t borrowed; /* the permitted set, or 0 */

void admin_borrow(uint64_t permitted)
{
	borrowed = permitted;
}

int admin_effective(uint64_t cap_bits)
{
	const struct caps c = {.permitted = borrowed, .effective = cap_bits};

	return borrowed ? caps_set(&c) : 0;
}

/* Where it cannot be raised, the call fails by itself. */
void admin_raise(void)
{
	admin_effective(CAP_BIT(CAP_SYS_ADMIN));
}

long admin_lower(long result)
{
	int code = errno;
	struct caps now;

	if (borrowed && (admin_effective(0) < 0 || caps_get(&now) < 0 || now.effective)) {
		admin_give_up();
		code = EPERM;
		result = -1;
	}
	errno = code;
	return result;
}

/* The kernel raises all that are permitted when an effective id becomes 0, and sets "dumpable" to
 * fs.suid_dumpable at any change of ids: both are taken back at once. */
int admin_become(uid_t uid)
{
	int r = admin_effective(CAP_BIT(CAP_SETUID));

	if (!borrowed || r < 0)
		return r;
	if (setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
		r = -errno;
	if (admin_lower(0) < 0)
		r = -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return r;
}

int admin_unshare(int flags)
{
	const bool lent = borrowed;

	admin_raise();
	if (unshare(flags) < 0) {
		admin_lower(0);
		return -errno;
	}
	borrowed = 0;
	return lent && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

void admin_give_up(void)
{
	const struct caps none = {0};
	struct caps now;

	if (borrowed && (caps_set(&none) < 0 || caps_get(&now) < 0 || now.permitted))
		_exit(EXIT_CROFT);
	borrowed = 0;
}
