/* Usage: make-completions bash|zsh|fish TEMPLATE: prints the template, with the tables in place of the line
 * @TABLES@. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "frontend/completion/completion.h"
#include "frontend/out.h"

static const struct {
	const char *name;
	void (*tables)(const struct verb *root);
} shell[] = {{"bash", bash_tables}, {"zsh", zsh_tables}, {"fish", fish_tables}};

static int print(const char *template, void (*tables)(const struct verb *root), struct err *e)
{
	FILE *f = fopen(template, "re");
	char line[1024];
	bool found = false;

	if (!f)
		return err_sys(e, "open %s", QUOTE(template));
	while (fgets(line, sizeof(line), f)) {
		bool here = !strcmp(line, "# @TABLES@\n");

		found = found || here;
		if (here)
			tables(&verb_croft);
		else
			out("%s", line);
	}
	if (ferror(f))
		err_sys(e, "read %s", QUOTE(template));
	else if (!found)
		err_set(e, EINVAL, "%s has no line # @TABLES@", QUOTE(template));
	fclose(f);
	return e->code ? -e->code : out_flush(e);
}

int main(int argc, char *argv[])
{
	static struct err e;

	for (size_t i = 0; argc == 3 && i < sizeof(shell) / sizeof(shell[0]); i++)
		if (!strcmp(argv[1], shell[i].name) && print(argv[2], shell[i].tables, &e) == 0)
			return 0;
	if (!e.code)
		err_set(&e, EINVAL, "usage: make-completions bash|zsh|fish TEMPLATE");
	err_print(&e, "make-completions");
	return 1;
}
