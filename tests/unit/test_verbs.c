#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "frontend/verb.h"

static int nothing(int argc, char *argv[], struct err *e)
{
	(void)argc;
	(void)argv;
	(void)e;
	return 0;
}

static const struct verb one = {.name = "one", .help = "the first", .run = nothing, .operands = "FILE"};
static const struct verb kind = {.name = "kind", .help = "an operand", .operands = "a|b"};
static const struct verb *const list[] = {&one, &kind, NULL};

static void a_verb_is_found_by_its_whole_name(void **state)
{
	(void)state;
	assert_ptr_equal(verb_find(list, "one"), &one);
	assert_ptr_equal(verb_find(list, "kind"), &kind);
	for (const char *const *name = (const char *const[]){"", "on", "ones", "One", NULL}; *name; name++)
		assert_null(verb_find(list, *name));
}

static void a_list_has_a_line_for_each_and_its_operands_where_these_are_its_meaning(void **state)
{
	char buf[200];

	(void)state;
	verb_list("before\n", list, "after\n", buf, sizeof(buf));
	assert_string_equal(buf, "before\n"
				 "  one       the first\n"
				 "  kind a|b  an operand\n"
				 "after\n");
}

static void a_list_that_does_not_fit_is_cut_and_terminated(void **state)
{
	char whole[200], buf[200];

	(void)state;
	verb_list("before\n", list, "after\n", whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		memset(buf, 'x', sizeof(buf));
		verb_list("before\n", list, "after\n", buf, size);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(buf[size], 'x');
	}
}

/* What completion and the help rely on. */
static void check(const struct verb *v)
{
	assert_true(v->name[0] && v->help[0]);
	assert_null(strpbrk(v->name, " :'\"[]\\"));
	assert_false(v->word && v->operands);
	for (size_t i = 0; v->word && v->word[i]; i++) {
		assert_ptr_equal(verb_find(v->word, v->word[i]->name), v->word[i]);
		check(v->word[i]);
	}
}

static void every_verb_has_a_name_of_its_own_and_a_line_of_help(void **state)
{
	(void)state;
	check(&verb_croft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verb_is_found_by_its_whole_name),
		cmocka_unit_test(a_list_has_a_line_for_each_and_its_operands_where_these_are_its_meaning),
		cmocka_unit_test(a_list_that_does_not_fit_is_cut_and_terminated),
		cmocka_unit_test(every_verb_has_a_name_of_its_own_and_a_line_of_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
