#include "frontend/rootbuild/script.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"

static const char blank[] = " \t";

/* The next word of *p, cut out of the line in place; NULL at its end. */
static char *word(char **p)
{
	char *start = *p + strspn(*p, blank);
	size_t n = strcspn(start, blank);

	if (!n)
		return NULL;
	*p = start + n + (start[n] ? 1 : 0);
	start[n] = '\0';
	return start;
}

/* The program env(1) would start: the first word that is neither an option nor a variable. */
static const char *env_program(char *args)
{
	static const char *const split[] = {"--split-string=", "-S"};
	char *w;

	while ((w = word(&args))) {
		for (size_t i = 0; i < sizeof(split) / sizeof(split[0]); i++)
			if (text_starts(w, split[i]))
				w += strlen(split[i]);
		if (*w && *w != '-' && !strchr(w, '='))
			return w;
	}
	return "";
}

int script_parse(const char *start, size_t size, struct script *ret)
{
	char line[SCRIPT_LINE_MAX + 1], *rest = line, *interp;
	size_t n;
	bool whole;

	if (size < 2 || start[0] != '#' || start[1] != '!')
		return -ENOEXEC;
	size = size > SCRIPT_LINE_MAX ? SCRIPT_LINE_MAX : size;
	for (n = 2; n < size && start[n] != '\n' && start[n]; n++)
		;
	whole = n < SCRIPT_LINE_MAX;
	memcpy(line, start + 2, n - 2);
	line[n - 2] = '\0';
	interp = word(&rest);
	/* A name that reaches the end of what the kernel reads may go on: it refuses that, too. */
	if (!interp || interp[0] != '/' || (!whole && interp + strlen(interp) == line + n - 2))
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->interp, interp, strlen(interp) + 1);
	if (!strcmp(path_base(interp), "env")) {
		const char *program = env_program(rest);

		memcpy(ret->program, program, strlen(program) + 1);
	}
	return 0;
}
