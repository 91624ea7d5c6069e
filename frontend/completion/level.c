#include <stdio.h>
#include <string.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/completion/completion.h"
#include "frontend/out.h"

static void walk(const char *above, const struct verb *v, level_fn *fn)
{
	char level[LEVEL_MAX];

	snprintf(level, sizeof(level), "%s%s%s", above, *above ? " " : "", v->name);
	fn(level, v);
	for (size_t i = 0; v->word && v->word[i]; i++)
		walk(level, v->word[i], fn);
}

void each_level(const struct verb *root, level_fn *fn)
{
	walk("", root, fn);
}

const struct option_row *level_option(const struct verb *v, size_t i)
{
	static const struct option_row help = {.name = "help", .letter = 'h', .help = "print this help"};
	size_t n = v->options ? v->options->nrows : 0;

	/* An operand that is a word takes no options, and neither do help and version. */
	if (!v->run || (!v->options && !v->word))
		return NULL;
	return i < n ? &v->options->row[i] : i == n ? &help : NULL;
}

static void add(char buf[VALUE_MAX], const char *text, size_t n)
{
	size_t used = strlen(buf);

	snprintf(buf + used, VALUE_MAX - used, "%s%.*s", used ? " " : "", (int)n, text);
}

/* Names in capitals, and what they stand for. Every other name: something that cannot be guessed. */
static void add_name(char buf[VALUE_MAX], const struct option_value *v)
{
	static const struct {
		const char *name, *list;
	} known[] = {{"FILE", "@FILE"},         {"DIR", "@DIR"},         {"PATH", "@PATH"},
		     {"SRC", "@PATH"},          {"USER", "@USER"},       {"ROOT", "host @ROOT"},
		     {"OWN-ROOT", "@OWN-ROOT"}, {"SANDBOX", "@SANDBOX"}, {"COMMAND", "@COMMAND"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(v->s, v->n, known[i].name))
			add(buf, known[i].list, strlen(known[i].list));
	if (text_starts(v->s, "NAME[=VALUE]"))
		add(buf, "@VARIABLE", strlen("@VARIABLE"));
	for (size_t i = 0; text_is(v->s, v->n, "VERB") && verb_croft.word[i]; i++)
		add(buf, verb_croft.word[i]->name, strlen(verb_croft.word[i]->name));
	if (!text_is(v->s, v->n, "CAP"))
		return;
	add(buf, "ALL", strlen("ALL"));
	for (unsigned cap = 0; caps_name(cap); cap++)
		add(buf, caps_name(cap) + strlen("CAP_"), strlen(caps_name(cap)) - strlen("CAP_"));
}

const char *value_list(const char *arg, char buf[VALUE_MAX])
{
	struct option_value v;

	buf[0] = '\0';
	while (options_value(&arg, &v))
		if (v.word)
			add(buf, v.s, v.n);
		else
			add_name(buf, &v);
	return buf;
}

const char *operand(const struct verb *v, size_t i, char buf[VALUE_MAX], bool *ret_again)
{
	const char *s = v->operands ? v->operands : "";
	size_t n = strcspn(s, " ");

	for (; i > 0 && *s; i--) {
		s += n + (s[n] == ' ');
		n = strcspn(s, " ");
	}
	if (!*s)
		return NULL;
	*ret_again = n > 3 && !strncmp(s + n - 3, "...", 3);
	snprintf(buf, VALUE_MAX, "%.*s", (int)(*ret_again ? n - 3 : n), s);
	return buf;
}

void put_escaped(const char *text, const char *special, const char *quote)
{
	for (; *text; text++)
		if (*text == '\'')
			out("%s", quote);
		else
			out(strchr(special, *text) ? "\\%c" : "%c", *text);
}
