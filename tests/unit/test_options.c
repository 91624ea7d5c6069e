#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/text.h"
#include "frontend/options.h"

/* Setters write what they were told into a log: "name=value;" or "name;". */
struct seen {
	char log[256];
};

static void note(struct seen *s, const char *name, const char *value)
{
	size_t n = strlen(s->log);

	snprintf(s->log + n, sizeof(s->log) - n, value ? "%s=%s;" : "%s;", name, value);
}

static int set_verbose(void *ctx, const char *value, struct err *e)
{
	(void)e;
	note(ctx, "verbose", value);
	return 0;
}

static int set_quiet(void *ctx, const char *value, struct err *e)
{
	(void)e;
	note(ctx, "quiet", value);
	return 0;
}

static int set_volume(void *ctx, const char *value, struct err *e)
{
	(void)e;
	note(ctx, "volume", value);
	return 0;
}

static int set_number(void *ctx, const char *value, struct err *e)
{
	uint32_t n;

	if (text_u32(value, &n) < 0)
		return err_set(e, ERANGE, "%s is not a number", QUOTE(value));
	note(ctx, "number", value);
	return 0;
}

static const struct option_row rows[] = {
	{"verbose", 'v', NULL, "say more", set_verbose},
	{"quiet", 'q', NULL, "say less", set_quiet},
	{"volume", 'V', "SRC:DST", "show a directory of the host", set_volume},
	{"number", 0, "N", "a number", set_number},
	{"colour", 0, "red|dark-blue", "one of two words", set_volume},
	{"numbers-of-a-very-long-name", 0, "ARGUMENT", "does not fit its column", set_number},
};
enum { NROWS = sizeof(rows) / sizeof(rows[0]), ARGS = 8 };

struct run {
	int r;
	int next;
	struct seen seen;
	struct err e;
};

static struct run parse(const char *const *words)
{
	struct run run = {.next = -1};
	char *argv[ARGS + 2] = {(char[]){"verb"}};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	run.r = options_parse("verb", rows, NROWS, argc, argv, &run.seen, &run.next, &run.e);
	return run;
}

static void every_spelling_is_understood(void **state)
{
	static const struct {
		const char *words[ARGS];
		const char *seen;
		int next;
		const char *why;
	} row[] = {
		{{NULL}, "", 1, "nothing at all"},
		{{"root", "-v"}, "", 1, "the first word that is no option ends them"},
		{{"--verbose", "root"}, "verbose;", 2, "a long name"},
		{{"-v", "root"}, "verbose;", 2, "a letter"},
		{{"-vqv"}, "verbose;quiet;verbose;", 2, "letters together"},
		{{"--volume", "a:b", "root"}, "volume=a:b;", 3, "a value behind a long name"},
		{{"--volume=a:b", "root"}, "volume=a:b;", 2, "a value behind ="},
		{{"--volume=a=b"}, "volume=a=b;", 2, "a value with ="},
		{{"--volume=", "root"}, "volume=;", 2, "an empty value behind ="},
		{{"--volume", "", "root"}, "volume=;", 3, "an empty value"},
		{{"-V", "a:b", "root"}, "volume=a:b;", 3, "a value behind a letter"},
		{{"-Va:b", "root"}, "volume=a:b;", 2, "a value glued to a letter"},
		{{"-V=a"}, "volume==a;", 2, "= is no separator behind a letter"},
		{{"-vVa:b"}, "verbose;volume=a:b;", 2, "a letter with a value comes last"},
		{{"-vV", "a:b"}, "verbose;volume=a:b;", 3, "and takes the next word"},
		{{"--", "-v"}, "", 2, "-- ends options"},
		{{"-v", "--", "--quiet"}, "verbose;", 3, "-- ends options later too"},
		{{"--volume", "--", "-v"}, "volume=--;verbose;", 4, "-- as a value is a value (ATTACKS A20)"},
		{{"--volume", "-v"}, "volume=-v;", 3, "a value may begin with a dash (G8)"},
		{{"--verbose=false", "root"}, "verbose=false;", 2, "a switch switched off"},
		{{"--verbose=true", "root"}, "verbose;", 2, "and on"},
		{{"--verbose", "false"}, "verbose;", 2, "the next word is no value of it"},
		{{"-qv=false", "-q=true"}, "quiet;verbose=false;quiet;", 3, "the last of its letters"},
		{{"-", "-v"}, "", 1, "a dash alone is an operand"},
		{{"--number=7"}, "number=7;", 2, "a setter that checks"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct run run = parse(row[i].words);

		if (run.r != 0 || run.next != row[i].next || strcmp(run.seen.log, row[i].seen) != 0)
			fail_msg("%s: %d (%s), next %d, %s", row[i].why, run.r, run.e.msg, run.next,
				 run.seen.log);
	}
}

static void mistakes_name_the_option_and_where_help_is(void **state)
{
	static const struct {
		const char *words[ARGS];
		const char *msg;
	} row[] = {
		{{"--nothing"}, "unknown option --nothing"},
		{{"--nothing=x"}, "unknown option --nothing"},
		{{"--verb"},
		 "unknown option --verb"}, /* no abbreviations: they would change with new options */
		{{"--verboses"}, "unknown option --verboses"},
		{{"--VERBOSE"}, "unknown option --VERBOSE"},
		{{"-x"}, "unknown option -x"},
		{{"-vx"}, "unknown option -x"},
		{{"--=x"}, "unknown option --"},
		{{"--a\nb"}, "unknown option --a\\nb"},
		{{"--verbose=yes"}, "option --verbose: yes is not true or false"},
		{{"--verbose=False"}, "option --verbose: False is not true or false"},
		{{"--verbose="}, "option --verbose: '' is not true or false"},
		{{"-qv=0"}, "option --verbose: 0 is not true or false"},
		{{"--volume"}, "option --volume needs a value: SRC:DST"},
		{{"-V"}, "option --volume needs a value: SRC:DST"},
		{{"-vV"}, "option --volume needs a value: SRC:DST"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct run run = parse(row[i].words);

		if (run.r != -EINVAL || strncmp(run.e.msg, row[i].msg, strlen(row[i].msg)) != 0)
			fail_msg("%s: %d, %s", row[i].words[0], run.r, run.e.msg);
		assert_string_equal(run.e.hint, "Try 'croft verb --help'");
		assert_int_equal(run.next, -1);
	}
}

static void a_bad_value_says_of_which_option(void **state)
{
	struct run run = parse((const char *const[]){"--number", "seven", NULL});

	(void)state;
	assert_int_equal(run.r, -ERANGE);
	assert_string_equal(run.e.msg, "option --number: seven is not a number");
}

static void a_value_that_must_be_a_word_of_the_table_is_one(void **state)
{
	struct run run = parse((const char *const[]){"--colour", "dark-blue", "--colour=red", NULL});

	(void)state;
	assert_int_equal(run.r, 0);
	assert_string_equal(run.seen.log, "volume=dark-blue;volume=red;");
	for (const char *const *bad = (const char *const[]){"dark", "red|dark-blue", "Red", "redd", NULL};
	     *bad; bad++) {
		char msg[100];

		run = parse((const char *const[]){"--colour", *bad, NULL});
		snprintf(msg, sizeof(msg), "option --colour: %s is not red or dark-blue", *bad);
		assert_int_equal(run.r, -EINVAL);
		assert_string_equal(run.e.msg, msg);
		assert_string_equal(run.seen.log, "");
	}
}

static void alternatives_of_a_value_are_told_apart(void **state)
{
	static const struct {
		const char *arg;
		const char *seen; /* each alternative: w word, n name, W and N when nothing follows */
		const char *why;
	} row[] = {
		{"FILE", "N=FILE;", "a name"},
		{"none|host", "W=none;W=host;", "words"},
		{"SRC:DST[:OPT,...]", "n=SRC;", "the first name counts"},
		{"unconfined|FILE.json", "W=unconfined;n=FILE;", "a word or a name"},
		{"host|PATH[:ro|rw,...]|x", "W=host;n=PATH;W=x;", "| in brackets separates nothing"},
		{"[HOST:]PORT", "n=;", "neither letter nor digit"},
		{"1|dark-blue", "W=1;W=dark-blue;", "digits and dashes"},
		{"OWN-ROOT", "N=OWN-ROOT;", "a name with a dash"},
		{"user[:OPT]", "w=user;", "a word that may go on"},
		{"a||b", "W=a;N=;W=b;", "nothing between"},
		{"[[a|b]", "n=;", "brackets that do not close"},
		{"", "", "nothing at all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *p = row[i].arg;
		struct option_value v;
		char seen[100] = "";
		size_t n = 0;

		while (options_value(&p, &v))
			n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%c=%.*s;",
					      v.word ? (v.whole ? 'W' : 'w') : (v.whole ? 'N' : 'n'),
					      (int)v.n, v.s);
		if (strcmp(seen, row[i].seen) != 0)
			fail_msg("%s: %s: %s", row[i].arg, row[i].why, seen);
	}
}

static void help_stops_everything_but_is_no_value(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"--help", NULL}).r, -ECANCELED);
	assert_int_equal(parse((const char *const[]){"-h", NULL}).r, -ECANCELED);
	assert_int_equal(parse((const char *const[]){"-vh", "--nothing", NULL}).r, -ECANCELED);
	assert_int_equal(parse((const char *const[]){"--help=x", NULL}).r, -EINVAL);
	assert_int_equal(parse((const char *const[]){"--volume", "--help", NULL}).r, 0);
	assert_int_equal(parse((const char *const[]){"root", "--help", NULL}).r, 0);
	assert_int_equal(parse((const char *const[]){"--", "--help", NULL}).r, 0);
}

static void a_call_without_any_word_is_no_crash(void **state)
{
	char *argv[] = {NULL};
	struct err e = {0};
	int next = -1;

	(void)state;
	assert_int_equal(options_parse("verb", rows, NROWS, 0, argv, NULL, &next, &e), 0);
}

static void help_has_a_line_for_each_option(void **state)
{
	char buf[2048];

	(void)state;
	options_help("usage: croft verb [OPTIONS]\n", rows, NROWS, buf, sizeof(buf));
	assert_memory_equal(buf, "usage: croft verb [OPTIONS]\n\nOptions:\n", 38);
	assert_non_null(strstr(buf, "\n  -v --verbose  "));
	assert_non_null(strstr(buf, " --volume SRC:DST "));
	assert_non_null(strstr(buf, " --number N "));
	for (size_t i = 0; i < NROWS; i++)
		assert_non_null(strstr(buf, rows[i].help));
}

static void help_that_does_not_fit_is_cut_and_terminated(void **state)
{
	char whole[2048], buf[2048];

	(void)state;
	options_help("usage\n", rows, NROWS, whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		memset(buf, 'x', sizeof(buf));
		options_help("usage\n", rows, NROWS, buf, size);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(buf[size], 'x');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_understood),
		cmocka_unit_test(mistakes_name_the_option_and_where_help_is),
		cmocka_unit_test(a_bad_value_says_of_which_option),
		cmocka_unit_test(a_value_that_must_be_a_word_of_the_table_is_one),
		cmocka_unit_test(alternatives_of_a_value_are_told_apart),
		cmocka_unit_test(help_stops_everything_but_is_no_value),
		cmocka_unit_test(a_call_without_any_word_is_no_crash),
		cmocka_unit_test(help_has_a_line_for_each_option),
		cmocka_unit_test(help_that_does_not_fit_is_cut_and_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
