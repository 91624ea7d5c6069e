#include "sandbox/session_request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const char magic[] = "croft-exec 1";

struct writer {
	char *buf;
	size_t size, used;
	bool full;
};

static void put(struct writer *w, const char *s)
{
	size_t n = strlen(s) + 1;

	if (w->full || n > w->size - w->used) {
		w->full = true;
		return;
	}
	memcpy(w->buf + w->used, s, n);
	w->used += n;
}

static void put_number(struct writer *w, uint32_t v)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", v);
	put(w, text);
}

long request_encode(const struct request *r, void *buf, size_t size)
{
	struct writer w = {.buf = buf, .size = size};

	put(&w, magic);
	put_number(&w, r->tty);
	put(&w, r->cwd);
	put_number(&w, r->argv.count);
	for (uint32_t i = 0; i < r->argv.count; i++)
		put(&w, r->argv.item[i]);
	for (uint32_t i = 0; i < r->env.count; i++)
		put(&w, r->env.item[i]);
	return w.full ? -E2BIG : (long)w.used;
}

struct reader {
	const char *s, *end;
};

/* The next string, or NULL at the end. */
static const char *next(struct reader *r)
{
	const char *s = r->s;

	if (s == r->end)
		return NULL;
	r->s += strlen(s) + 1; /* the last byte of all is a NUL */
	return s;
}

/* count strings, or with UINT32_MAX all that are left. */
static int take_strings(struct reader *r, uint32_t count, struct arena *a, struct plan_strings *ret)
{
	struct reader look = *r;
	const char **item;
	uint32_t n = 0;

	while (n < count && next(&look))
		n++;
	if ((count != UINT32_MAX && n < count) || n > PLAN_STRINGS_MAX)
		return -EINVAL;
	item = arena_array(a, (size_t)n + 1, sizeof(*item));
	if (!item)
		return -E2BIG;
	for (uint32_t i = 0; i < n; i++)
		item[i] = next(r);
	*ret = (struct plan_strings){.item = item, .count = n};
	return 0;
}

static bool is_variable(const char *s)
{
	return *s != '=' && strchr(s, '=');
}

static bool is_clean(const char *path)
{
	char clean[PLAN_PATH_MAX];

	return !*path || (path_clean(path, clean, sizeof(clean)) == 0 && !strcmp(path, clean));
}

int request_decode(const char *buf, size_t n, struct arena *a, struct request *ret, struct err *e)
{
	struct reader r = {buf, buf + n};
	struct request q = {0};
	const char *head, *tty, *count;
	uint32_t words;
	int code;

	if (n == 0 || n > REQUEST_MAX || buf[n - 1] != '\0')
		return err_set(e, EINVAL, "the request is empty, cut short or too long");
	head = next(&r);
	tty = next(&r);
	q.cwd = next(&r);
	count = next(&r);
	if (strcmp(head, magic) != 0 || !count || text_u32(tty, &q.tty) < 0 || text_u32(count, &words) < 0)
		return err_set(e, EINVAL, "the request is not one of this version of croft");
	if (q.tty & ~(uint32_t)PLAN_TTY_ALL || words == 0 || words > PLAN_STRINGS_MAX || !is_clean(q.cwd))
		return err_set(e, EINVAL,
			       "the request has no command, or something that croft does not ask for");
	code = take_strings(&r, words, a, &q.argv);
	if (code == 0)
		code = take_strings(&r, UINT32_MAX, a, &q.env);
	if (code < 0)
		return err_set(e, -code, "the request has not the words that it promises, or too many");
	for (uint32_t i = 0; i < q.env.count; i++)
		if (!is_variable(q.env.item[i]))
			return err_set(e, EINVAL, "the request has a variable without a name");
	*ret = q;
	return 0;
}

static bool has_variable(const struct plan_strings *env, const char *like)
{
	size_t n = strcspn(like, "=") + 1;

	for (uint32_t i = 0; i < env->count; i++)
		if (!strncmp(env->item[i], like, n))
			return true;
	return false;
}

int request_plan(const struct plan *p, const struct request *r, struct arena *a, struct plan *ret,
		 struct err *e)
{
	const char **env = arena_array(a, (size_t)p->env.count + r->env.count + 1, sizeof(*env));
	uint32_t n = 0;

	if (!env)
		return err_set(e, E2BIG, "the environment is too large");
	for (uint32_t i = 0; i < p->env.count; i++)
		if (!has_variable(&r->env, p->env.item[i]))
			env[n++] = p->env.item[i];
	for (uint32_t i = 0; i < r->env.count; i++)
		env[n++] = r->env.item[i];
	*ret = *p;
	ret->argv = r->argv;
	ret->env = (struct plan_strings){.item = env, .count = n};
	ret->keep_fds.count = 0;
	ret->tty = r->tty;
	ret->report = 0;
	if (*r->cwd) {
		ret->cwd = r->cwd;
		ret->cwd_asked = 1;
	}
	return 0;
}
