/* The environment of the command. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/environment.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const caller[] = {
	"TERM=xterm",  "LANG=de_DE.UTF-8", "LC_ALL=C",     "LC_=odd", "LANGUAGE=de",
	"TERMINFO=/t", "SECRET=s",         "EMPTY=",       "A=1",     "AB=2",
	"no name",     "=nothing",         "LD_PRELOAD=x", NULL};
static _Alignas(max_align_t) char memory[1 << 20];
static struct arena arena;
static struct environment env;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	memset(&e, 0, sizeof(e));
	return environment_init(&arena, caller, &env, &e);
}

/* The words, separated by '|'. */
static const char *all(void)
{
	static char text[4096];
	struct plan_strings s = environment_list(&env);
	size_t n = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < s.count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? "|" : "", s.item[i]);
	assert_null(s.item[s.count]);
	return text;
}

static void it_begins_empty(void **state)
{
	(void)state;
	assert_string_equal(all(), "");
}

static void only_terminal_and_language_are_inherited(void **state)
{
	(void)state;
	assert_int_equal(environment_inherit(&env, &e), 0);
	assert_string_equal(all(), "TERM=xterm|LANG=de_DE.UTF-8|LC_ALL=C|LC_=odd");
}

static void every_word_does_what_it_says(void **state)
{
	static const struct {
		const char *words[4];
		const char *result;
		const char *why;
	} row[] = {
		{{"X=y"}, "X=y", "a value"},
		{{"X="}, "X=", "an empty value"},
		{{"X=a=b"}, "X=a=b", "a value with ="},
		{{"A"}, "A=1", "the caller's, not that of AB"},
		{{"AB"}, "AB=2", "the caller's, not that of A"},
		{{"EMPTY"}, "EMPTY=", "the caller's is empty"},
		{{"NONE"}, "", "the caller has none"},
		{{"no name"}, "", "what the caller has without = is no variable"},
		{{"X=1", "Y=2", "X=3"}, "X=3|Y=2", "the later one replaces the earlier, in its place"},
		{{"XY=1", "X=2"}, "XY=1|X=2", "a name that begins like another"},
		{{"X=2", "XY=1"}, "X=2|XY=1", "the other way round"},
		{{"A=9", "A"}, "A=1", "the caller's replaces"},
		{{"A", "A=9"}, "A=9", "and is replaced"},
		{{"X=1", "NONE"}, "X=1", "what the caller has not changes nothing"},
		{{" X =1"}, " X =1", "no blank is taken away"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		set_up(NULL);
		for (size_t k = 0; k < COUNT(row[i].words) && row[i].words[k]; k++)
			assert_int_equal(environment_word(&env, row[i].words[k], &e), 0);
		if (strcmp(all(), row[i].result) != 0)
			fail_msg("%s: %s", row[i].why, all());
	}
}

static void a_word_without_a_name_is_refused(void **state)
{
	static const char *const word[] = {"", "=", "=x"};

	(void)state;
	for (size_t i = 0; i < COUNT(word); i++)
		assert_int_equal(environment_word(&env, word[i], &e), -EINVAL);
	assert_string_equal(e.msg, "=x is not NAME or NAME=VALUE");
	assert_string_equal(all(), "");
}

static void what_is_set_replaces_what_was_inherited(void **state)
{
	char value[] = "vt100";

	(void)state;
	assert_int_equal(environment_inherit(&env, &e), 0);
	assert_int_equal(environment_set(&env, "TERM", value, &e), 0);
	assert_int_equal(environment_set(&env, "HOME", "", &e), 0);
	value[0] = 'X'; /* a copy was taken */
	assert_string_equal(all(), "TERM=vt100|LANG=de_DE.UTF-8|LC_ALL=C|LC_=odd|HOME=");
}

static void a_file_is_read_line_by_line(void **state)
{
	static const struct {
		const char *text;
		size_t size; /* 0: all */
		const char *result;
		const char *why;
	} row[] = {
		{"", 0, "", "nothing"},
		{"X=1\nY=2\n", 0, "X=1|Y=2", "two lines"},
		{"X=1", 0, "X=1", "no line feed at the end"},
		{"\n\nX=1\n\n", 0, "X=1", "blank lines"},
		{"# c\n#X=2\nX=1 # no comment\n", 0, "X=1 # no comment", "a comment is a whole line"},
		{"X=\"a b\"\nY='c'\n", 0, "X=\"a b\"|Y='c'", "quotes are characters, as docker has it"},
		{"X=$A ${B} \\n\n", 0, "X=$A ${B} \\n", "nothing is expanded"},
		{"A\nNONE\n", 0, "A=1", "the caller's"},
		{"X=1\nX=2\n", 0, "X=2", "the later one"},
		{"X=1\nY=2", 6, "X=1|Y=", "the size ends it, not a NUL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		size_t size = row[i].size ? row[i].size : strlen(row[i].text);

		set_up(NULL);
		if (environment_text(&env, row[i].text, size, "f", &e) < 0 ||
		    strcmp(all(), row[i].result) != 0)
			fail_msg("%s: %s %s", row[i].why, all(), e.msg);
	}
}

static void a_mistake_in_a_file_names_its_line(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *msg;
	} row[] = {
		{"X=1\n=2\n", 7, "f\\n:2: =2 is not NAME or NAME=VALUE"},
		{"\n#\nX=1\r\n", 8, "f\\n:3: the line ends in a carriage return"},
		{"\r\n", 2, "f\\n:1: the line ends in a carriage return"},
		{"X=a\0b\n", 6, "f\\n:1: a NUL byte"},
		{"Y=1\n\0", 5, "f\\n:2: a NUL byte"},
		{"#\0\n", 3, "f\\n:1: a NUL byte"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		set_up(NULL);
		assert_int_equal(environment_text(&env, row[i].text, row[i].size, "f\n", &e), -EINVAL);
		assert_string_equal(e.msg, row[i].msg);
	}
}

static void there_is_a_limit(void **state)
{
	char word[32];

	(void)state;
	for (int i = 0; i < ENVIRONMENT_MAX; i++) {
		snprintf(word, sizeof(word), "%d", i);
		assert_int_equal(environment_set(&env, word, "", &e), 0);
	}
	assert_int_equal(environment_set(&env, "0", "again", &e), 0);
	assert_int_equal(environment_set(&env, "more", "", &e), -E2BIG);
	assert_string_equal(e.msg, "more than 8192 environment variables");
	assert_int_equal(environment_list(&env).count, ENVIRONMENT_MAX);
	assert_null(environment_list(&env).item[ENVIRONMENT_MAX]);
}

static void memory_that_does_not_suffice_is_an_error(void **state)
{
	struct environment untouched = {.count = 77};
	char word[64][8];

	(void)state;
	arena.size = 100;
	arena.used = 0;
	assert_int_equal(environment_init(&arena, caller, &untouched, &e), -ENOMEM);
	assert_int_equal(untouched.count, 77);
	arena.size = arena.used = sizeof(memory);
	assert_int_equal(environment_set(&env, "X", "y", &e), -ENOMEM);
	assert_int_equal(environment_text(&env, "X=y\n", 4, "f", &e), -ENOMEM);
	assert_string_equal(e.msg, "the environment is too large");
	assert_string_equal(all(), "");
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	assert_int_equal(environment_init(&arena, caller, &env, &e), 0);
	for (size_t i = 0; i < 64; i++) {
		snprintf(word[i], sizeof(word[i]), "%zu=", i);
		assert_int_equal(environment_word(&env, word[i], &e), 0);
	}
	arena.size = arena.used;
	assert_int_equal(environment_word(&env, "0=again", &e), 0);
	assert_int_equal(environment_word(&env, "64=", &e), -ENOMEM);
	assert_int_equal(environment_list(&env).count, 64);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(it_begins_empty),
		TEST(only_terminal_and_language_are_inherited),
		TEST(every_word_does_what_it_says),
		TEST(a_word_without_a_name_is_refused),
		TEST(what_is_set_replaces_what_was_inherited),
		TEST(a_file_is_read_line_by_line),
		TEST(a_mistake_in_a_file_names_its_line),
		TEST(there_is_a_limit),
		TEST(memory_that_does_not_suffice_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
