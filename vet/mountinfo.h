/*
 * mountinfo.h - a line of /proc/PID/mountinfo: proc(5). Pure.
 */
#pragma once

struct mountinfo {
	char *point;   /* escapes taken back */
	char *type;    /* of the file system */
	char *options; /* its source and its own options */
};

/* Takes line apart, in which *ret then points. 0, or -EBADMSG where it is none. */
int mountinfo_parse(char *line, struct mountinfo *ret);
