/*
 * idmap_exit.h - the exit statuses of croft-idmap(8), for it and for those who start it. Pure.
 */
#pragma once

enum idmap_exit {
	IDMAP_DONE = 0,
	IDMAP_REFUSED = 1,      /* the caller, his ranges, the policy or the target: nothing was written */
	IDMAP_USAGE = 2,        /* wrong arguments */
	IDMAP_NO_PRIVILEGE = 3, /* installed without its capabilities, or started so that they do not count */
	IDMAP_NO_RANGES = 4,    /* the caller has no subordinate ids in the files */
	IDMAP_OTHER_SOURCE = 5, /* nsswitch.conf names another source than the files */
	IDMAP_FAILED = 6,       /* the kernel refused or failed */
};
