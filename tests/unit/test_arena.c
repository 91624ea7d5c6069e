#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/arena.h"

static max_align_t block[16];

static struct arena fresh(size_t size)
{
	memset(block, 0xa5, sizeof(block));
	return (struct arena){.base = (char *)block, .size = size};
}

static void what_is_given_is_zeroed_and_aligned(void **state)
{
	struct arena a = fresh(sizeof(block));

	(void)state;
	assert_non_null(arena_alloc(&a, 1));
	char *p = arena_alloc(&a, 3);

	assert_non_null(p);
	assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal((unsigned char)p[3], 0xa5);
}

static void it_gives_all_it_has_and_nothing_more(void **state)
{
	const size_t size = 4 * sizeof(max_align_t);
	struct arena a = fresh(size);

	(void)state;
	assert_non_null(arena_alloc(&a, size));
	assert_int_equal(a.used, size);
	assert_null(arena_alloc(&a, 1));
	assert_int_equal((unsigned char)((char *)block)[size], 0xa5);
}

static void a_full_arena_stays_as_it_was(void **state)
{
	struct arena a = fresh(2 * sizeof(max_align_t));

	(void)state;
	assert_non_null(arena_alloc(&a, 1));
	size_t used = a.used;

	assert_null(arena_alloc(&a, 2 * sizeof(max_align_t)));
	assert_int_equal(a.used, used);
}

static void the_gap_of_alignment_is_counted(void **state)
{
	struct arena a = fresh(alignof(max_align_t) + 1);

	(void)state;
	assert_non_null(arena_alloc(&a, 1));
	assert_non_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, 1)); /* padding alone would pass the end */
	assert_true(a.used <= a.size);
}

static void sizes_that_wrap_are_refused(void **state)
{
	struct arena a = fresh(sizeof(block));

	(void)state;
	assert_non_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - sizeof(max_align_t)));
	assert_null(arena_array(&a, SIZE_MAX / 2 + 1, 2));
	assert_null(arena_array(&a, 2, SIZE_MAX / 2 + 1));
	assert_null(arena_copy(&a, "x", SIZE_MAX));
	assert_non_null(arena_array(&a, 3, 4));
}

static void a_copy_is_terminated_and_apart(void **state)
{
	struct arena a = fresh(sizeof(block));
	char text[] = "abcdef";
	char *copy = arena_copy(&a, text, 3);

	(void)state;
	assert_string_equal(copy, "abc");
	text[0] = 'x';
	assert_string_equal(copy, "abc");
	assert_string_equal(arena_copy(&a, "", 0), "");
}

static void a_copy_that_fits_without_its_terminator_does_not_fit(void **state)
{
	struct arena a = fresh(4);

	(void)state;
	assert_null(arena_copy(&a, "abcd", 4));
	assert_non_null(arena_copy(&a, "abc", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_is_zeroed_and_aligned),
		cmocka_unit_test(it_gives_all_it_has_and_nothing_more),
		cmocka_unit_test(a_full_arena_stays_as_it_was),
		cmocka_unit_test(the_gap_of_alignment_is_counted),
		cmocka_unit_test(sizes_that_wrap_are_refused),
		cmocka_unit_test(a_copy_is_terminated_and_apart),
		cmocka_unit_test(a_copy_that_fits_without_its_terminator_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
