#include "frontend/from/form.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/csv.h"
#include "frontend/join.h"
#include "frontend/run_form.h"
#include "frontend/run_options.h"

struct form {
	const char *folder;
	struct arena *a;
	struct records *out;
	struct err *e;
	struct run_options *judge; /* has every option set, as croft itself will */
	const struct value *root, *command;
};

/* --- what is wrong ------------------------------------------------------------------------------------ */

static int at(const struct form *f, const struct value *v)
{
	return v->line ? err_wrap(f->e, "line %u", v->line) : -f->e->code;
}

static int no_memory(const struct form *f)
{
	return err_set(f->e, ENOMEM, "no memory for all its words");
}

static int wrong_kind(const struct form *f, const char *key, const struct value *v, const char *wanted)
{
	static const char *const word[] = {
		[VALUE_FLAG] = "true or false", [VALUE_TEXT] = "a string",
		[VALUE_NUMBER] = "a number",    [VALUE_LIST] = "a list",
		[VALUE_TABLE] = "a table",      [VALUE_OTHER] = "a date, a time or null"};

	err_set(f->e, EINVAL, "the key %s: it is %s, and must be %s", QUOTE(key), word[v->kind], wanted);
	return at(f, v);
}

/* --- records -------------------------------------------------------------------------------------------- */

static int record(const struct form *f, char letter, const char *word)
{
	const size_t n = strlen(word) + 1;

	if (n + 1 > f->out->size - f->out->used)
		return err_set(f->e, E2BIG, "its words take more than %zu bytes", f->out->size);
	f->out->s[f->out->used++] = letter;
	memcpy(f->out->s + f->out->used, word, n);
	f->out->used += n;
	return 0;
}

static const char *make_word(const struct form *f, const char *name, const char *value)
{
	return join(f->a, "--", name, value ? "=" : "", value ? value : "");
}

static int judge(const struct form *f, const char *word)
{
	char *argv[] = {arena_copy(f->a, "run", 3), arena_copy(f->a, word, strlen(word)), NULL};
	int next;

	if (!argv[0] || !argv[1])
		return no_memory(f);
	return options_parse("run", run_option, run_noptions, 2, argv, f->judge, &next, f->e);
}

/* v is where it stands. */
static int put_option(const struct form *f, const struct option_row *row, const char *value,
		      const struct value *v)
{
	const char *word = make_word(f, row->name, value), *moved;

	if (!word)
		return no_memory(f);
	if (judge(f, word) < 0)
		return at(f, v);
	moved = value ? run_form_value(run_form(row), value, f->folder, f->a) : NULL;
	word = !value || moved ? make_word(f, row->name, moved) : NULL;
	return word ? record(f, 'o', word) : no_memory(f);
}

/* --- one option -------------------------------------------------------------------------------------------
 */

static bool is_plain(const struct value *v)
{
	return v->kind == VALUE_TEXT || v->kind == VALUE_NUMBER;
}

/* [env] and [ulimit]: a key is a NAME. */
static int put_names(const struct form *f, const struct option_row *row, const struct value *v)
{
	const bool alone = text_starts(row->arg, "NAME[="); /* without a value it is the caller's */

	for (const struct value *m = v->first; m; m = m->next) {
		const bool inherited = alone && m->kind == VALUE_FLAG && m->on;
		const char *word = join(f->a, m->key, is_plain(m) ? "=" : "", is_plain(m) ? m->text : "", "");

		if (!is_plain(m) && !inherited)
			return wrong_kind(f, m->key, m,
					  alone ? "a string, a number, or true for your own value"
						: "a string or a number");
		if (!m->key[0] || strchr(m->key, '=')) {
			err_set(f->e, EINVAL, "the key %s is no name", QUOTE(m->key));
			return at(f, m);
		}
		if (!word)
			return no_memory(f);
		if (put_option(f, row, word, m) < 0)
			return -f->e->code;
	}
	return 0;
}

/* [[mount]]: type, src, dst and so on. */
static int put_fields(const struct form *f, const struct option_row *row, const struct value *v)
{
	size_t size = 1, used = 0;
	char *list;

	for (const struct value *m = v->first; m; m = m->next)
		size += 2 * (strlen(m->key) + (is_plain(m) ? strlen(m->text) : 0)) + 4;
	list = arena_alloc(f->a, size);
	if (!list)
		return no_memory(f);
	for (const struct value *m = v->first; m; m = m->next) {
		const char *field =
			join(f->a, m->key, is_plain(m) ? "=" : "", is_plain(m) ? m->text : "", "");

		if (!is_plain(m) && m->kind != VALUE_FLAG)
			return wrong_kind(f, m->key, m, "a string, a number, true or false");
		if (m->kind == VALUE_FLAG && !m->on)
			continue;
		if (!field)
			return no_memory(f);
		if (used)
			list[used++] = ',';
		used += csv_put(list + used, field);
	}
	return put_option(f, row, list, v);
}

static bool has_names(const struct option_row *row)
{
	return text_starts(row->arg, "NAME=") || text_starts(row->arg, "NAME[=");
}

static bool has_fields(const struct option_row *row)
{
	return text_starts(row->arg, "FIELD,");
}

static int put_item(const struct form *f, const struct option_row *row, const struct value *v)
{
	if (is_plain(v))
		return put_option(f, row, v->text, v);
	if (v->kind == VALUE_TABLE && has_fields(row))
		return put_fields(f, row, v);
	return wrong_kind(f, row->name, v, has_fields(row) ? "a string or a table" : "a string or a number");
}

static int put_key(const struct form *f, const struct option_row *row, const struct value *v)
{
	if (!row->arg && v->kind != VALUE_FLAG)
		return wrong_kind(f, row->name, v, "true or false");
	if (!row->arg)
		return put_option(f, row, v->on ? NULL : option_off, v);
	if (v->kind == VALUE_TABLE && has_names(row))
		return put_names(f, row, v);
	if (v->kind != VALUE_LIST || run_form(row)->repeat == FORM_ONCE)
		return put_item(f, row, v);
	for (const struct value *item = v->first; item; item = item->next)
		if (put_item(f, row, item) < 0)
			return -f->e->code;
	return 0;
}

/* --- the document
 * ------------------------------------------------------------------------------------------- */

static const struct option_row *find(const char *key)
{
	for (size_t i = 0; i < run_noptions; i++)
		if (!strcmp(run_option[i].name, key))
			return &run_option[i];
	return NULL;
}

/* ROOT and COMMAND: once in all. */
static int keep(struct form *f, const struct value **ret, const struct value *v)
{
	if (*ret) {
		err_set(f->e, EINVAL, "the key %s stands there twice", v->key);
		return at(f, v);
	}
	*ret = v;
	return 0;
}

static int read_key(struct form *f, const struct value *v)
{
	const struct option_row *row = find(v->key);

	if (!strcmp(v->key, "root"))
		return v->kind == VALUE_TEXT ? keep(f, &f->root, v) : wrong_kind(f, v->key, v, "a string");
	if (!strcmp(v->key, "command"))
		return v->kind == VALUE_LIST ? keep(f, &f->command, v)
					     : wrong_kind(f, v->key, v, "a list of strings");
	if (row && !run_form(row)->outside)
		return put_key(f, row, v);
	if (row)
		err_set(f->e, EINVAL, "the key %s: this option is for the command line alone", QUOTE(v->key));
	else
		err_set(f->e, EINVAL, "unknown key %s", QUOTE(v->key));
	return at(f, v);
}

static int read_table(struct form *f, const struct value *table)
{
	for (const struct value *v = table->first; v; v = v->next)
		if (read_key(f, v) < 0)
			return -f->e->code;
	return 0;
}

/* The member of that name; what else stands beside it must be of `croft plan --json`. */
static int find_run(const struct form *f, const struct value *document, const struct value **ret)
{
	*ret = NULL;
	for (const struct value *v = document->first; v; v = v->next)
		if (!strcmp(v->key, "run"))
			*ret = v;
	for (const struct value *v = document->first; *ret && v; v = v->next) {
		if (!strcmp(v->key, "run") || !strcmp(v->key, "allowed") || !strcmp(v->key, "refusal") ||
		    !strcmp(v->key, "plan"))
			continue;
		err_set(f->e, EINVAL, "the key %s stands beside run, not in it", QUOTE(v->key));
		return at(f, v);
	}
	return 0;
}

static int read_document(struct form *f, const struct value *document)
{
	const struct value *run;

	if (find_run(f, document, &run) < 0)
		return -f->e->code;
	if (!run || run->kind == VALUE_TABLE)
		return read_table(f, run ? run : document);
	if (run->kind != VALUE_LIST)
		return wrong_kind(f, "run", run, "a table or a list of tables");
	for (const struct value *v = run->first; v; v = v->next) {
		if (v->kind != VALUE_TABLE)
			return wrong_kind(f, "run", v, "a list of tables");
		if (read_table(f, v) < 0)
			return -f->e->code;
	}
	return 0;
}

static int put_operands(const struct form *f)
{
	const char *root = f->root ? run_form_root(f->root->text, f->folder, f->a) : NULL;

	if (f->root && !root)
		return no_memory(f);
	if (root && record(f, 'r', root) < 0)
		return -f->e->code;
	for (const struct value *v = f->command ? f->command->first : NULL; v; v = v->next) {
		if (!is_plain(v))
			return wrong_kind(f, "command", v, "a list of strings");
		if (record(f, 'c', v->text) < 0)
			return -f->e->code;
	}
	return 0;
}

int form_read(const struct value *document, const char *folder, struct arena *a, struct records *out,
	      struct err *e)
{
	struct form f = {
		.folder = folder, .a = a, .out = out, .e = e, .judge = arena_alloc(a, sizeof(*f.judge))};

	if (!f.judge)
		return no_memory(&f);
	f.judge->a = a;
	return read_document(&f, document) < 0 || put_operands(&f) < 0 ? -e->code : 0;
}
