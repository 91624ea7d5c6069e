/* Programs for seccomp(2), looked through before the kernel does: it is the oracle. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/seccomp_check.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALLOW    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct err e;

/* What the kernel says: 0 or an errno. In a child, whose filter it would be. */
static int kernel_says(const struct sock_filter *code, size_t count)
{
	const struct sock_fprog prog = {(unsigned short)count, (struct sock_filter *)(uintptr_t)code};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
			_exit(0);
		_exit(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* A filter that refuses _exit(2) ends it by a signal: it was loaded. */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void a_wrong_instruction_is_named(void **state)
{
	static const struct {
		struct sock_filter code[3];
		size_t count;
		const char *message; /* NULL: it is right */
	} row[] = {
		{{ALLOW}, 1, NULL},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), ALLOW}, 2, NULL},
		{{BPF_STMT(BPF_LD | BPF_MEM, 15), ALLOW}, 2, "uninitialized"},
		{{BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_MEM, 15), ALLOW}, 3, NULL},
		{{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), ALLOW, ALLOW}, 3, NULL},
		{{BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 1, 0), ALLOW, ALLOW}, 3, NULL},
		{{BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW, ALLOW}, 3, NULL},
		{{BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 31), ALLOW}, 2, NULL},
		{{BPF_STMT(BPF_RET | BPF_A, 0)}, 1, NULL},
		{{ALLOW}, 0, "it has no instructions"},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW},
		 2,
		 "instruction 0 (code 0x20): it loads from outside of struct seccomp_data"},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW},
		 2,
		 "instruction 0 (code 0x20): it loads from outside of struct seccomp_data"},
		{{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW},
		 2,
		 "instruction 0 (code 0x28): seccomp(2) does not know it"},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW},
		 2,
		 "instruction 0 (code 0x40): seccomp(2) does not know it"},
		{{BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW},
		 2,
		 "instruction 0 (code 0x94): seccomp(2) does not know it"},
		{{BPF_STMT(0xffff, 0), ALLOW}, 2, "instruction 0 (code 0xffff): seccomp(2) does not know it"},
		{{ALLOW, BPF_STMT(BPF_ST, 16), ALLOW},
		 3,
		 "instruction 1 (code 0x02): there is no such word of memory"},
		{{BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW},
		 2,
		 "instruction 0 (code 0x34): it divides by 0"},
		{{BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW},
		 2,
		 "instruction 0 (code 0x64): it shifts by more than 31"},
		{{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), ALLOW},
		 2,
		 "instruction 0 (code 0x15): it jumps beyond the end"},
		{{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0), ALLOW},
		 2,
		 "instruction 0 (code 0x15): it jumps beyond the end"},
		{{BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW},
		 2,
		 "instruction 0 (code 0x05): it jumps beyond the end"},
		{{BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), ALLOW},
		 2,
		 "instruction 0 (code 0x05): it jumps beyond the end"},
		{{ALLOW, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)}, 2, "its last instruction is not a return"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		int r = seccomp_check(row[i].code, (uint32_t)row[i].count, &e), kernel;

		if (row[i].message && !strcmp(row[i].message, "uninitialized"))
			continue; /* memory read before it is written: the kernel's to find */
		kernel = kernel_says(row[i].code, row[i].count);
		if ((r < 0) != (row[i].message != NULL) || (r < 0) != (kernel == EINVAL))
			fail_msg("row %zu: %d, the kernel: %d", i, r, kernel);
		if (r < 0)
			assert_string_equal(e.msg, row[i].message);
	}
}

/* One instruction of any code, before a return: just what the kernel takes is taken. */
static void every_code_is_taken_as_the_kernel_takes_it(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 0x120; code++) {
		const struct sock_filter f[] = {{(uint16_t)code, 0, 0, 4}, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW};
		int kernel = kernel_says(f, COUNT(f));

		if (code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM))
			continue; /* as above */
		if ((seccomp_check(f, COUNT(f), &e) < 0) != (kernel != 0))
			fail_msg("code %#x: %s; the kernel: %d", code, e.msg, kernel);
	}
}

static void more_than_4096_instructions_are_refused(void **state)
{
	static struct sock_filter f[BPF_MAXINSNS + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(f); i++)
		f[i] = (struct sock_filter)ALLOW;
	assert_int_equal(seccomp_check(f, BPF_MAXINSNS, &e), 0);
	assert_int_equal(seccomp_check(f, BPF_MAXINSNS + 1, &e), -EINVAL);
	assert_string_equal(e.msg, "it has more than 4096 instructions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_instruction_is_named),
		cmocka_unit_test(every_code_is_taken_as_the_kernel_takes_it),
		cmocka_unit_test(more_than_4096_instructions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
