#include "frontend/run_help.h"

#include <stdio.h>

#include "frontend/run_options.h"
#include "frontend/verb.h"

int run_help(const char *verb, struct err *e)
{
	static char text[12288];
	char usage[640];

	snprintf(usage, sizeof(usage),
		 "Usage: croft %s [OPTION...] ROOT [COMMAND [ARG...]]\n"
		 "%s\n\n"
		 "ROOT is a directory (with a / in it), the name of a root, or host: the host's own system, "
		 "read-only.\n"
		 "Without COMMAND: /bin/bash -l, else /bin/sh -l.\n",
		 verb,
		 verb[0] == 'p'
			 ? "Prints what croft run would do with the same options, and which rule allows it."
			 : "Runs a command in a sandbox of its own, without any privilege on the host.");
	options_help(usage, run_option, run_noptions, text, sizeof(text));
	return verb_help(text, e);
}
