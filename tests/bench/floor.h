/*
 * floor.h - a sandbox as a list of system calls, which floor.py writes from a plan.
 *
 * Every value is a constant of the program: nothing is parsed, computed or allocated when it runs.
 */
#pragma once

struct floor_call {
	long number; /* FLOOR_END ends a list */
	long argument[6];
	long may_fail; /* an errno that does not matter */
};

enum { FLOOR_END = -1 };

extern const struct floor_call floor_inside[];  /* by the first process of the new namespaces */
extern const struct floor_call floor_command[]; /* by the process that becomes the command */
extern const unsigned long floor_namespaces;    /* CLONE_ flags */
extern const char *const floor_argv[], *const floor_env[];
extern const char *const floor_mapper; /* who writes subordinate ids; NULL: the first process maps its own */
extern const struct floor_text {
	const char *text;
	long size;
} floor_uid_map, floor_gid_map;
