/*
 * script.h - the first line of a script: `#!` and its interpreter, execve(2). Pure.
 */
#pragma once

#include <stddef.h>

enum { SCRIPT_LINE_MAX = 256 }; /* bytes the kernel looks at: BINPRM_BUF_SIZE, Linux >= 5.1 */

struct script {
	char interp[SCRIPT_LINE_MAX];
	char program[SCRIPT_LINE_MAX]; /* NAME of `#!/usr/bin/env [-S] [VAR=value] NAME`, else "" */
};

/*
 * Takes the line apart that begins the size bytes at start. 0; -ENOEXEC when there is no `#!`; -EINVAL when
 * its interpreter is missing, cut off or not an absolute path.
 */
int script_parse(const char *start, size_t size, struct script *ret);
