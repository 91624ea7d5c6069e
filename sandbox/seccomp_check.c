#include "sandbox/seccomp_check.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>

/* The instructions of seccomp(2), less those with a rule of their own below. */
static bool plain(uint16_t code)
{
	static const uint16_t known[] = {
		BPF_LD | BPF_W | BPF_LEN,  BPF_LDX | BPF_W | BPF_LEN, BPF_LD | BPF_IMM,
		BPF_LDX | BPF_IMM,         BPF_MISC | BPF_TAX,        BPF_MISC | BPF_TXA,
		BPF_RET | BPF_K,           BPF_RET | BPF_A,           BPF_ALU | BPF_ADD, /* BPF_K is 0, too */
		BPF_ALU | BPF_ADD | BPF_X, BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_SUB | BPF_X,
		BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X, BPF_ALU | BPF_OR | BPF_K,
		BPF_ALU | BPF_OR | BPF_X,  BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_XOR | BPF_X,
		BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH | BPF_X, BPF_ALU | BPF_NEG,
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (code == known[i])
			return true;
	return false;
}

static bool jumps_if(uint16_t code)
{
	uint16_t op = BPF_OP(code);

	return BPF_CLASS(code) == BPF_JMP && (code & ~(BPF_JMP | BPF_SRC(0xff) | BPF_OP(0xff))) == 0 &&
	       (op == BPF_JEQ || op == BPF_JGE || op == BPF_JGT || op == BPF_JSET);
}

/* Why it is wrong, or NULL. left: how many instructions follow. */
static const char *wrong(const struct sock_filter *f, uint32_t left)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return f->k % 4 || f->k >= sizeof(struct seccomp_data)
			       ? "it loads from outside of struct seccomp_data"
			       : NULL;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return f->k >= BPF_MEMWORDS ? "there is no such word of memory" : NULL;
	case BPF_ALU | BPF_DIV | BPF_K:
		return f->k == 0 ? "it divides by 0" : NULL;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return f->k >= 32 ? "it shifts by more than 31" : NULL;
	case BPF_JMP | BPF_JA:
		return f->k >= left ? "it jumps beyond the end" : NULL;
	default:
		break;
	}
	if (jumps_if(f->code))
		return f->jt >= left || f->jf >= left ? "it jumps beyond the end" : NULL;
	return plain(f->code) ? NULL : "seccomp(2) does not know it";
}

int seccomp_check(const struct sock_filter *code, uint32_t count, struct err *e)
{
	if (count == 0 || count > BPF_MAXINSNS)
		return err_set(e, EINVAL, "it has %s instructions", count ? "more than 4096" : "no");
	for (uint32_t i = 0; i < count; i++) {
		const char *why = wrong(&code[i], count - i - 1);

		if (why)
			return err_set(e, EINVAL, "instruction %u (code 0x%02x): %s", i, code[i].code, why);
	}
	if (BPF_CLASS(code[count - 1].code) != BPF_RET)
		return err_set(e, EINVAL, "its last instruction is not a return");
	return 0;
}
