#include "frontend/filecaps.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>

uint64_t filecaps_permitted(const char *path)
{
	struct vfs_ns_cap_data data;
	struct stat st;
	ssize_t n;

	if (stat(path, &st) < 0)
		return 0;
	if (st.st_mode & S_ISUID && st.st_uid == 0)
		return ~UINT64_C(0);
	n = getxattr(path, "security.capability", &data, sizeof(data));
	if (n < (ssize_t)XATTR_CAPS_SZ_2)
		return 0;
	return data.data[0].permitted | (uint64_t)data.data[1].permitted << 32;
}
