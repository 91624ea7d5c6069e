#include "frontend/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"

/* To twice the room. What is not used of the most that there can be would cost each start its pages. */
static int grow(struct environment *env, struct err *e)
{
	uint32_t max = env->max ? 2 * env->max : 64;
	const char **item = arena_array(env->a, (size_t)max + 1, sizeof(*item));

	if (!item)
		return err_set(e, ENOMEM, "the environment is too large");
	if (env->count)
		memcpy(item, env->item, env->count * sizeof(*item));
	env->item = item;
	env->max = max;
	return 0;
}

int environment_init(struct arena *a, const char *const *caller, struct environment *ret, struct err *e)
{
	struct environment env = {.a = a, .caller = caller};

	if (grow(&env, e) < 0)
		return -e->code;
	*ret = env;
	return 0;
}

static bool same_name(const char *item, const char *name, size_t n)
{
	return !strncmp(item, name, n) && item[n] == '=';
}

/* word is NAME=VALUE with a name of n bytes, and stays. */
static int put(struct environment *env, const char *word, size_t n, struct err *e)
{
	uint32_t i = 0;

	while (i < env->count && !same_name(env->item[i], word, n))
		i++;
	if (i == ENVIRONMENT_MAX)
		return err_set(e, E2BIG, "more than %d environment variables", ENVIRONMENT_MAX);
	if (i == env->max && grow(env, e) < 0)
		return -e->code;
	env->item[i] = word;
	if (i == env->count)
		env->count++;
	return 0;
}

int environment_inherit(struct environment *env, struct err *e)
{
	for (const char *const *p = env->caller; *p; p++) {
		const char *eq = strchr(*p, '=');
		bool take = text_starts(*p, "TERM=") || text_starts(*p, "LANG=") || text_starts(*p, "LC_");

		if (take && eq && put(env, *p, (size_t)(eq - *p), e) < 0)
			return -e->code;
	}
	return 0;
}

int environment_set(struct environment *env, const char *name, const char *value, struct err *e)
{
	size_t n = strlen(name), v = strlen(value);
	char *word = arena_alloc(env->a, n + v + 2);

	if (!word)
		return err_set(e, ENOMEM, "the environment is too large");
	memcpy(word, name, n);
	word[n] = '=';
	memcpy(word + n + 1, value, v);
	return put(env, word, n, e);
}

int environment_word(struct environment *env, const char *word, struct err *e)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);

	if (n == 0)
		return err_set(e, EINVAL, "%s is not NAME or NAME=VALUE", QUOTE(word));
	if (eq)
		return put(env, word, n, e);
	for (const char *const *p = env->caller; *p; p++)
		if (same_name(*p, word, n))
			return put(env, *p, n, e);
	return 0;
}

int environment_text(struct environment *env, const char *text, size_t size, const char *file, struct err *e)
{
	unsigned line = 0;

	for (size_t at = 0; at < size;) {
		const char *nl = memchr(text + at, '\n', size - at);
		size_t n = nl ? (size_t)(nl - text) - at : size - at;
		char *word = arena_copy(env->a, text + at, n);

		line++;
		at += n + 1;
		if (!word)
			return err_set(e, ENOMEM, "the environment is too large");
		if (strlen(word) != n)
			return err_set(e, EINVAL, "%s:%u: a NUL byte", QUOTE(file), line);
		if (n && word[n - 1] == '\r')
			return err_set(e, EINVAL, "%s:%u: the line ends in a carriage return", QUOTE(file),
				       line);
		if (!word[0] || word[0] == '#')
			continue;
		if (environment_word(env, word, e) < 0)
			return err_wrap(e, "%s:%u", QUOTE(file), line);
	}
	return 0;
}

struct plan_strings environment_list(const struct environment *env)
{
	return (struct plan_strings){.item = env->item, .count = env->count};
}
