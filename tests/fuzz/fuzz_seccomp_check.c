/*
 * The input is a filter program, 8 bytes an instruction. What the check takes, the kernel takes when it is
 * handed to it as a classic filter of a socket, where that knows the instruction; what it refuses has a
 * sentence that names the instruction.
 */
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/seccomp_check.h"
#include "tests/fuzz/fuzz.h"

enum { INSTRUCTIONS_MAX = 512 };

/* Runs along every way from each instruction on: none leaves the program. */
static void must_end(const struct sock_filter *code, uint32_t n)
{
	MUST(BPF_CLASS(code[n - 1].code) == BPF_RET);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t left = n - 1 - i;

		if (BPF_CLASS(code[i].code) == BPF_JMP && BPF_OP(code[i].code) == BPF_JA)
			MUST(code[i].k < left);
		else if (BPF_CLASS(code[i].code) == BPF_JMP)
			MUST(code[i].jt < left && code[i].jf < left);
		else if (BPF_CLASS(code[i].code) == BPF_LD && BPF_MODE(code[i].code) == BPF_ABS)
			MUST(code[i].k % 4 == 0 && code[i].k < sizeof(
								       struct { char data[64]; }));
		else if (code[i].code == (BPF_ALU | BPF_DIV | BPF_K))
			MUST(code[i].k != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t n = (uint32_t)(size / sizeof(struct sock_filter));
	struct sock_filter *code;
	struct err e = {0};
	int r;

	if (n > INSTRUCTIONS_MAX)
		return 0;
	code = fuzz_block(data, n * sizeof(*code));
	r = seccomp_check(code, n, &e);
	if (r == 0)
		must_end(code, n);
	else
		fuzz_refused(r, &e);
	free(code);
	return 0;
}
