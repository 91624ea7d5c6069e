/*
 * The input is an encoded plan, or one as text. It is refused with a sentence, or: it passes the plan's own
 * check, its bytes are the only ones it has, and a copy is equal.
 */
#include <string.h>

#include "sandbox/plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate_plan.h"
#include "tests/fuzz/plan_text.h"

enum { BYTES_MAX = 1 << 16, ARENA = 8 << 20 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_plan(data, size, max, seed);
}

/* The bytes of a plan, and no other ones, are the plan's. */
static void must_come_back(const struct plan *p, struct arena *a, const uint8_t *data, size_t size)
{
	static uint8_t bytes[2 * BYTES_MAX];
	struct err e = {0};
	struct plan copy;
	long n = plan_encode(p, bytes, sizeof(bytes));

	MUST(plan_check(p, &e) == 0);
	MUST(n > 0);
	MUST(plan_text_is(data, size) || (n == (long)size && !memcmp(bytes, data, size)));
	MUST(plan_encode(p, bytes, (size_t)n - 1) < 0);
	MUST(plan_copy(p, a, &copy, &e) == 0);
	MUST(plan_equal(p, &copy));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(ARENA);
	struct err e = {0};
	struct plan p;
	int r;

	if (size > BYTES_MAX)
		return 0;
	r = plan_text_input(data, size, &a, &p, &e);
	if (r == 0)
		must_come_back(&p, &a, data, size);
	else
		fuzz_refused(r, &e);
	return 0;
}
