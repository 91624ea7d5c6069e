#include <string.h>

#include "frontend/completion/completion.h"
#include "frontend/out.h"

/* Inside single quotes, fish knows \' and \\ and nothing else. */
static void put_text(const char *text)
{
	out("'");
	put_escaped(text, "\\", "\\'");
	out("'");
}

/* The rest of a line of complete(1fish): what a list offers. Files are what fish itself does best. */
static void put_offer(const char *list)
{
	out(strstr(list, "@FILE") || strstr(list, "@PATH") ? " -F" : " -f");
	if (*list && strcmp(list, "@FILE") != 0 && strcmp(list, "@PATH") != 0)
		out(" -a '(__croft_offer %s)'", list);
}

static void put_options(const char *level, const struct verb *v)
{
	const struct option_row *row;
	char list[VALUE_MAX];

	for (size_t i = 0; (row = level_option(v, i)); i++) {
		out("complete -c croft -n '__croft_at \"%s\" 0' -l %s", level, row->name);
		if (row->letter)
			out(" -s %c", row->letter);
		out(" -d ");
		put_text(row->help);
		if (row->arg) {
			out(" -r");
			put_offer(value_list(row->arg, list));
		} else if (option_is_switch(row)) {
			put_offer("true false");
		}
		out("\n");
	}
}

static void put_operands(const char *level, const struct verb *v)
{
	const char *what;
	char list[VALUE_MAX], text[VALUE_MAX];
	bool again = false;

	for (size_t i = 0; (what = operand(v, i, text, &again)); i++) {
		value_list(what, list);
		if (!*list)
			continue;
		out("complete -c croft -n '%s \"%s\" %zu%s'", i ? "__croft_at" : "__croft_first", level, i,
		    again || !strcmp(list, "@COMMAND") ? " more" : "");
		put_offer(list);
		out("\n");
	}
	for (size_t i = 0; v->word && v->word[i]; i++) {
		out("complete -c croft -n '__croft_at \"%s\" 0' -a %s -d ", level, v->word[i]->name);
		put_text(v->word[i]->help);
		out("\n");
	}
}

static void put_words(const char *level, const struct verb *v)
{
	if (!v->word)
		return;
	out("\tcase '%s'\n\t\tstring join \\n --", level);
	for (size_t i = 0; v->word[i]; i++)
		out(" %s", v->word[i]->name);
	out("\n");
}

static void put_valued(const char *level, const struct verb *v)
{
	const struct option_row *row;
	bool any = false;

	for (size_t i = 0; (row = level_option(v, i)); i++) {
		if (!row->arg)
			continue;
		if (!any)
			out("\tcase '%s'\n\t\tstring join \\n --", level);
		any = true;
		out(" --%s", row->name);
		if (row->letter)
			out(" -%c", row->letter);
	}
	if (any)
		out("\n");
}

void fish_tables(const struct verb *root)
{
	out("function __croft_words\n\tswitch $argv[1]\n");
	each_level(root, put_words);
	out("\tend\nend\n\nfunction __croft_valued\n\tswitch $argv[1]\n");
	each_level(root, put_valued);
	out("\tend\nend\n\n");
	each_level(root, put_options);
	each_level(root, put_operands);
}
