/*
 * owners.h - which ids of an archive can own a file here. Not pure: /proc/self.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/ids.h"

struct owners {
	bool alone; /* one id is mapped: all files are its own, whoever owns them in the archive */
	size_t nuid, ngid;
	struct id_range uid[IDS_RANGES_MAX], gid[IDS_RANGES_MAX]; /* inside */
};

/* The ids of the user namespace that this process is in. 0 or -errno. */
int owners_read(struct owners *ret, struct err *e);

/* Whether uid and gid are among them. path is for the message. 0 or -EINVAL. */
int owners_check(const struct owners *o, int64_t uid, int64_t gid, const char *path, struct err *e);
