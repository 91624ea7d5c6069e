/*
 * helper_exit.h - the exit statuses of croft-idmap(8) and croft-gate(8), for them and for those who start
 * them. Pure.
 */
#pragma once

enum helper_exit {
	HELPER_DONE = 0,
	HELPER_REFUSED = 1, /* the caller, his ranges, the policy or the target: nothing was written */
	HELPER_USAGE = 2,   /* wrong arguments */
	HELPER_NO_PRIVILEGE =
		3,            /* installed without its capabilities, or started so that they do not count */
	HELPER_NO_RANGES = 4, /* neither the files nor the policy give the caller ids */
	HELPER_OTHER_SOURCE = 5, /* nsswitch.conf names another source than the files */
	HELPER_FAILED = 6,       /* the kernel refused or failed */
};
