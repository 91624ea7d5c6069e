#include <stdio.h>
#include <string.h>

#include "frontend/completion/completion.h"
#include "frontend/out.h"

/* In single quotes; special: what _arguments or _describe would read. */
static void put_text(const char *text, const char *special)
{
	put_escaped(text, special, "'\\''");
}

static void put_function(const char *level)
{
	out("_");
	for (; *level; level++)
		out("%c", *level == ' ' ? '_' : *level);
}

/* message:action' of _arguments, the quote closed. An action that begins with a blank is called as it stands.
 */
static void put_action(const char *message, const char *list)
{
	put_text(message, ":\\");
	out(": %s%s'", *list ? "_croft_offer " : "", list);
}

static void put_help(const struct option_row *row)
{
	out("'[");
	put_text(row->help, ":[]\\");
	out("]");
}

/* Offered once: which option with a value may be repeated the table does not say. */
static void put_once(const struct option_row *row)
{
	out(" \\\n\t\t");
	if (row->letter)
		out("'(-%c --%s)'", row->letter, row->name);
}

/* Its value is glued to the long name; the letter has none, or the next word would be one. */
static void put_switch(const struct option_row *row)
{
	put_once(row);
	out("--%s%s", row->name, option_is_switch(row) ? "=-" : "");
	put_help(row);
	if (option_is_switch(row)) {
		out("::");
		put_action("value", "true false");
	} else {
		out("'");
	}
	if (!row->letter)
		return;
	put_once(row);
	out("-%c", row->letter);
	put_help(row);
	out("'");
}

static void put_option(const struct option_row *row)
{
	char list[VALUE_MAX];

	if (!row->arg) {
		put_switch(row);
		return;
	}
	out(" \\\n\t\t'*'");
	out(row->letter ? "{--%s=,-%c+}" : "--%s=", row->name, row->letter);
	put_help(row);
	out(":");
	put_action(row->arg, value_list(row->arg, list));
}

static void put_operands(const struct verb *v)
{
	const char *what;
	char list[VALUE_MAX], text[VALUE_MAX];
	bool again = false;

	for (size_t i = 0; (what = operand(v, i, text, &again)); i++) {
		out(" \\\n\t\t");
		if (!strcmp(what, "COMMAND"))
			out("'*:::");
		else if (again)
			out("'*:");
		else
			out("'%zu:", i + 1);
		put_action(what, value_list(what, list));
	}
}

/* The word, then whatever its own function says. */
static void put_words(const char *level, const struct verb *v)
{
	out(" \\\n\t\t'1: :->word' '*:: :->rest' && ret=0\n\tcase $state in\n\tword)\n\t\tlist=(\n");
	for (size_t i = 0; v->word[i]; i++) {
		out("\t\t\t'%s:", v->word[i]->name);
		put_text(v->word[i]->help, "\\");
		out("'\n");
	}
	out("\t\t)\n\t\t_describe -t words word list && ret=0\n\t\t;;\n\trest)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; v->word[i]; i++) {
		out("\t\t%s) ", v->word[i]->name);
		put_function(level);
		out("_%s && ret=0 ;;\n", v->word[i]->name);
	}
	out("\t\tesac\n\t\t;;\n\tesac\n\treturn ret\n");
}

static void put_level(const char *level, const struct verb *v)
{
	const struct option_row *row;

	put_function(level);
	out("()\n{\n");
	if (!v->word && !v->operands && !level_option(v, 0)) {
		out("\t_message 'no more arguments'\n}\n\n");
		return;
	}
	if (v->word)
		out("\tlocal context state state_descr line ret=1\n\tlocal -a list\n"
		    "\ttypeset -A opt_args\n");
	out("\t_arguments -s -S -A '-*'%s", v->word ? " -C" : "");
	for (size_t i = 0; (row = level_option(v, i)); i++)
		put_option(row);
	if (v->word)
		put_words(level, v);
	else
		put_operands(v);
	out("%s}\n\n", v->word ? "" : "\n");
}

void zsh_tables(const struct verb *root)
{
	each_level(root, put_level);
}
