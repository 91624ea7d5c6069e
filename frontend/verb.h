/*
 * verb.h - the verbs of the command line, a file each.
 */
#pragma once

#include "common/err.h"

/*
 * argv[0] is the verb. Returns the exit status; a failure is -errno with *e set, which main prints
 * once. What a verb prints on standard output goes through out.h, so that a full disk is an error.
 */
typedef int verb_fn(int argc, char *argv[], struct err *e);

verb_fn verb_run, verb_plan, verb_policy, verb_root, verb_doctor;

/* Prints the help of a verb made by options_help(). Returns 0 or -errno. */
int verb_help(const char *text, struct err *e);
