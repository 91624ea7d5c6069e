/*
 * The input is an encoded plan. It is refused with a sentence, or: it passes the plan's own check, its bytes
 * are the only ones it has, and a copy is equal.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox/plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate_plan.h"

enum { BYTES_MAX = 1 << 16 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_plan(data, size, max, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(BYTES_MAX * 64);
	static uint8_t again[BYTES_MAX];
	struct plan p, copy;
	struct err e = {0};
	int r;

	if (size > BYTES_MAX)
		return 0;
	r = plan_decode(data, size, &a, &p, &e);
	if (r != 0) {
		fuzz_refused(r, &e);
		return 0;
	}
	MUST(plan_check(&p, &e) == 0);
	MUST(plan_encode(&p, again, sizeof(again)) == (long)size);
	MUST(!memcmp(again, data, size));
	MUST(size == 0 || plan_encode(&p, again, size - 1) < 0);
	MUST(plan_copy(&p, &a, &copy, &e) == 0);
	MUST(plan_equal(&p, &copy));
	return 0;
}
