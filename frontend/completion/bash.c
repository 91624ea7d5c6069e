#include "frontend/completion/completion.h"
#include "frontend/out.h"

static void put_level(const char *level, const struct verb *v)
{
	const struct option_row *row;
	const char *blank = "", *what;
	char list[VALUE_MAX], text[VALUE_MAX];
	bool again = false;

	out("\t'%s')\n\t\twords='", level);
	for (size_t i = 0; v->word && v->word[i]; i++)
		out("%s%s", i ? " " : "", v->word[i]->name);
	out("'\n\t\toptions='");
	for (size_t i = 0; (row = level_option(v, i)); i++, blank = " ") {
		if (row->letter)
			out("%s-%c", blank, row->letter);
		out("%s--%s", row->letter ? " " : blank, row->name);
	}
	out("'\n\t\toperands=(");
	for (size_t i = 0; (what = operand(v, i, text, &again)); i++)
		out("%s'%s'", i ? " " : "", value_list(what, list));
	out(")\n\t\tagain=%s\n\t\t;;\n", again ? "yes" : "");
}

static void put_values(const char *level, const struct verb *v)
{
	const struct option_row *row;
	char list[VALUE_MAX];

	for (size_t i = 0; (row = level_option(v, i)); i++) {
		if (option_is_switch(row))
			out("\t'%s --%s=') value='true false' ;;\n", level, row->name);
		if (!row->arg)
			continue;
		out("\t'%s --%s'", level, row->name);
		if (row->letter)
			out(" | '%s -%c'", level, row->letter);
		out(") value='%s' ;;\n", value_list(row->arg, list));
	}
}

void bash_tables(const struct verb *root)
{
	out("_croft_level()\n{\n\tcase $1 in\n");
	each_level(root, put_level);
	out("\t*) return 1 ;;\n\tesac\n}\n\n_croft_value()\n{\n\tcase $1 in\n");
	each_level(root, put_values);
	out("\t*) return 1 ;;\n\tesac\n}\n");
}
