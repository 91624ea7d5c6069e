/*
 * The default system call filter, run by an interpreter of our own over every number: the table of rules,
 * what is compiled of it for each architecture, and what is linked into croft.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <seccomp.h>

#include "common/caps.h"
#include "sandbox/filter/compile.h"
#include "sandbox/filter/target.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NUMBERS = FILTER_NUMBERS_MAX, KERNEL_NUMBERS = 480 };

static struct err e;

/* --- the interpreter --------------------------------------------------------------------------------------
 */

struct run {
	uint32_t value; /* SECCOMP_RET_... */
	unsigned steps;
	bool looked; /* at an argument: the kernel cannot know the answer ahead */
};

static uint32_t load_word(const struct seccomp_data *d, uint32_t at, struct run *r)
{
	uint32_t word;

	assert_true(at % 4 == 0 && at <= sizeof(*d) - 4);
	if (at >= offsetof(struct seccomp_data, args))
		r->looked = true;
	memcpy(&word, (const char *)d + at, sizeof(word));
	return word;
}

static bool holds(const struct sock_filter *f, uint32_t a)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return a == f->k;
	case BPF_JGE:
		return a >= f->k;
	case BPF_JSET:
		return (a & f->k) != 0;
	default:
		fail_msg("instruction %#x, which is not expected", f->code);
		return false;
	}
}

/* Jumps go forward alone, so it ends; falling off the end fails. */
static struct run interpret(const struct sock_filter *code, uint32_t count, const struct seccomp_data *d)
{
	struct run r = {0};
	uint32_t a = 0;

	for (uint32_t pc = 0; pc < count; pc++) {
		const struct sock_filter *f = &code[pc];

		r.steps++;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
			a = load_word(d, f->k, &r);
		} else if (f->code == (BPF_RET | BPF_K)) {
			r.value = f->k;
			return r;
		} else {
			assert_int_equal(BPF_CLASS(f->code), BPF_JMP);
			assert_int_equal(BPF_SRC(f->code), BPF_K);
			pc += holds(f, a) ? f->jt : f->jf;
		}
	}
	fail_msg("the program falls off its end");
	return r;
}

static uint32_t value_of(uint16_t answer)
{
	return answer == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | answer;
}

/* --- the programs -----------------------------------------------------------------------------------------
 */

static struct filter_action action[NUMBERS];

static struct filter_program compiled(const char *machine, enum seccomp_variant v, struct filter_target *ret)
{
	static struct filter_program p;

	if (filter_target_find(machine, ret, &e) < 0 ||
	    filter_actions(filter_rule, filter_nrules, v, ret, action, &e) < 0 ||
	    filter_compile(action, ret->arch, &p, &e) < 0)
		fail_msg("%s", e.msg);
	return p;
}

static uint32_t libseccomp_arch(const char *machine)
{
	return !strcmp(machine, "x86_64")    ? SCMP_ARCH_X86_64
	       : !strcmp(machine, "aarch64") ? SCMP_ARCH_AARCH64
					     : SCMP_ARCH_RISCV64;
}

/* --- what the table says, found another way: by name, word by word
 * ------------------------------------------- */

/* Whether the word, [ARCH:]NAME[=NUMBER], is the call with this name or number. */
static bool word_is(const char *word, size_t n, const char *machine, const char *name, unsigned number)
{
	char text[64], *colon, *equal, *rest = text;

	assert_true(n < sizeof(text));
	memcpy(text, word, n);
	text[n] = '\0';
	colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		if (strcmp(text, machine) != 0)
			return false;
		rest = colon + 1;
	}
	equal = strchr(rest, '=');
	if (equal)
		return strtoul(equal + 1, NULL, 10) == number;
	return name && !strcmp(rest, name);
}

static const struct filter_rule *rule_of(const char *machine, const char *name, unsigned number)
{
	for (size_t i = 0; i < filter_nrules; i++) {
		const char *p = filter_rule[i].names;

		while (*(p += strspn(p, " "))) {
			size_t n = strcspn(p, " ");

			if (word_is(p, n, machine, name, number))
				return &filter_rule[i];
			p += n;
		}
	}
	return NULL;
}

static uint16_t answer_of(const struct filter_action *a, const __u64 args[6])
{
	uint32_t v;

	if (!a->check)
		return a->answer;
	v = (uint32_t)args[a->check->argument];
	for (unsigned i = 0; i < a->check->ntests; i++) {
		const struct filter_test *t = &a->check->test[i];

		if (t->how == FILTER_IS ? v == t->value : (v & t->value) != 0)
			return t->answer;
	}
	return a->check->otherwise;
}

/* --- tests ------------------------------------------------------------------------------------------------
 */

static const uint64_t sample[] = {0,
				  1,
				  2,
				  8,
				  10,
				  16,
				  17,
				  38,
				  40,
				  0x80,
				  0x5412,
				  0x541c,
				  0x5413,
				  0x20000,
				  0x02000000,
				  0x04000000,
				  0x08000000,
				  0x10000000,
				  0x20000000,
				  0x40000000,
				  0x0040000,
				  0x0400000,
				  0xffffffff,
				  UINT64_C(1) << 32,
				  (UINT64_C(1) << 32) | 0x5412,
				  (UINT64_C(1) << 63) | 0x541c,
				  (UINT64_C(1) << 32) | 0x10000000,
				  0x01200011,
				  0x003d0f00,
				  UINT64_MAX};

static void check_number(const struct filter_program *p, const struct filter_target *t,
			 enum seccomp_variant v, unsigned number)
{
	char *name = seccomp_syscall_resolve_num_arch(libseccomp_arch(t->name), (int)number);
	const struct filter_rule *rule = rule_of(t->name, name, number);

	for (size_t i = 0; i < COUNT(sample); i++) {
		const struct seccomp_data d = {
			.nr = (int)number, .arch = t->arch, .args = {sample[i], sample[i], 3, 4, 5, 6}};
		uint16_t want = rule ? answer_of(&rule->in[v], d.args) : ENOSYS;
		struct run r = interpret(p->code, p->count, &d);

		if (r.value != value_of(want) || (r.looked && (!rule || !rule->in[v].check)))
			fail_msg("%s %s (%u), variant %d, argument %#llx: %#x, not %d%s", t->name,
				 name ? name : "?", number, v, (unsigned long long)sample[i], r.value, want,
				 r.looked ? ", and looked at an argument" : "");
	}
	free(name);
}

static void every_number_answers_as_the_table_says(void **state)
{
	(void)state;
	for (const char *const *m = filter_target_name; *m; m++)
		for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
			struct filter_target t;
			struct filter_program p = compiled(*m, (enum seccomp_variant)v, &t);

			for (unsigned nr = 0; nr < NUMBERS; nr++)
				check_number(&p, &t, (enum seccomp_variant)v, nr);
		}
}

static void numbers_beyond_the_table_and_of_x32_answer_enosys(void **state)
{
	static const uint32_t beyond[] = {NUMBERS,    NUMBERS + 1, 0x3fffffff,
					  0x7fffffff, 0x80000000,  0xffffffff};

	(void)state;
	for (const char *const *m = filter_target_name; *m; m++)
		for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
			struct filter_target t;
			struct filter_program p = compiled(*m, (enum seccomp_variant)v, &t);
			struct seccomp_data d = {.arch = t.arch};

			for (unsigned nr = 0; nr < NUMBERS; nr++) {
				d.nr = (int)(0x40000000u | nr);
				assert_int_equal(interpret(p.code, p.count, &d).value, value_of(ENOSYS));
			}
			for (size_t i = 0; i < COUNT(beyond); i++) {
				d.nr = (int)beyond[i];
				assert_int_equal(interpret(p.code, p.count, &d).value, value_of(ENOSYS));
			}
		}
}

static void every_call_of_another_architecture_answers_enosys(void **state)
{
	static const uint32_t arch[] = {AUDIT_ARCH_I386,    AUDIT_ARCH_X86_64,  AUDIT_ARCH_AARCH64,
					AUDIT_ARCH_ARM,     AUDIT_ARCH_RISCV64, AUDIT_ARCH_RISCV32,
					AUDIT_ARCH_PPC64LE, AUDIT_ARCH_S390X,   0,
					UINT32_MAX};

	(void)state;
	for (const char *const *m = filter_target_name; *m; m++)
		for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
			struct filter_target t;
			struct filter_program p = compiled(*m, (enum seccomp_variant)v, &t);

			for (size_t i = 0; i < COUNT(arch); i++)
				for (unsigned nr = 0; arch[i] != t.arch && nr < NUMBERS; nr++) {
					struct seccomp_data d = {.nr = (int)nr, .arch = arch[i]};

					assert_int_equal(interpret(p.code, p.count, &d).value,
							 value_of(ENOSYS));
				}
		}
}

static void every_call_that_libseccomp_knows_is_in_the_table(void **state)
{
	(void)state;
	for (const char *const *m = filter_target_name; *m; m++)
		for (unsigned nr = 0; nr < NUMBERS; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(libseccomp_arch(*m), (int)nr);

			if (name && !rule_of(*m, name, nr))
				fail_msg("%s: %s is in no rule", *m, name);
			free(name);
		}
}

/* By the numbers of x86_64, written down: neither libseccomp nor the table is asked. */
static void what_must_be_refused_is_and_what_programs_need_is_not(void **state)
{
	enum { A = 0, P = EPERM, S = ENOSYS };
	static const struct {
		const char *name;
		unsigned number;
		uint64_t arg0, arg1;
		uint16_t want[SECCOMP_VARIANT_COUNT];
	} row[] = {
		{"read", 0, 0, 0, {A, A, A}},
		{"mmap", 9, 0, 0, {A, A, A}},
		{"rt_sigreturn", 15, 0, 0, {A, A, A}},
		{"ioctl TCGETS", 16, 0, 0x5401, {A, A, A}},
		{"ioctl TIOCSTI", 16, 0, 0x5412, {P, P, P}},
		{"ioctl TIOCSTI, a high bit", 16, 0, 0x100005412, {P, P, P}},
		{"ioctl TIOCSTI, the highest bit", 16, 0, 0x8000000000005412, {P, P, P}},
		{"ioctl TIOCLINUX", 16, 0, 0x541c, {P, P, P}},
		{"ioctl TIOCLINUX, high bits", 16, 0, 0xffffffff0000541c, {P, P, P}},
		{"ioctl, descriptor TIOCSTI", 16, 0x5412, 0x5401, {A, A, A}},
		{"socket unix", 41, 1, 0, {A, A, A}},
		{"socket inet6", 41, 10, 0, {A, A, A}},
		{"socket vsock", 41, 40, 0, {P, P, P}},
		{"socket vsock, a high bit", 41, 0x100000028, 0, {P, P, P}},
		{"socket alg", 41, 38, 0, {P, P, P}},
		{"socket bluetooth", 41, 31, 0, {EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT}},
		{"socketpair unix", 53, 1, 0, {A, A, A}},
		{"socketpair tipc", 53, 30, 0, {EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT}},
		{"clone as fork", 56, 0x01200011, 0, {A, A, A}},
		{"clone as a thread", 56, 0x003d0f00, 0, {A, A, A}},
		{"clone new user", 56, 0x10000011, 0, {P, P, A}},
		{"clone new mount", 56, 0x00020011, 0, {P, A, A}},
		{"clone new cgroup", 56, 0x02000011, 0, {P, A, A}},
		{"clone new uts", 56, 0x04000011, 0, {P, A, A}},
		{"clone new ipc", 56, 0x08000011, 0, {P, A, A}},
		{"clone new pid", 56, 0x20000011, 0, {P, A, A}},
		{"clone new net", 56, 0x40000011, 0, {P, A, A}},
		{"clone new user and mount", 56, 0x10020011, 0, {P, P, A}},
		{"clone new user, a high bit", 56, 0x110000011, 0, {P, P, A}},
		{"vfork", 58, 0, 0, {A, A, A}},
		{"execve", 59, 0, 0, {A, A, A}},
		{"ptrace", 101, 0, 0, {A, A, A}},
		{"syslog", 103, 3, 0, {P, P, P}},
		{"personality 0", 135, 0, 0, {A, A, A}},
		{"personality asked", 135, 0xffffffff, 0, {A, A, A}},
		{"personality PER_LINUX32", 135, 8, 0, {A, A, A}},
		{"personality ADDR_NO_RANDOMIZE", 135, 0x0040000, 0, {A, A, A}},
		{"personality READ_IMPLIES_EXEC", 135, 0x0400000, 0, {P, P, P}},
		{"personality MMAP_PAGE_ZERO", 135, 0x0100000, 0, {P, P, P}},
		{"modify_ldt", 154, 0, 0, {S, S, S}},
		{"pivot_root", 155, 0, 0, {P, A, A}},
		{"chroot", 161, 0, 0, {A, A, A}},
		{"settimeofday", 164, 0, 0, {P, P, P}},
		{"mount", 165, 0, 0, {P, A, A}},
		{"umount2", 166, 0, 0, {P, A, A}},
		{"swapon", 167, 0, 0, {P, P, P}},
		{"reboot", 169, 0, 0, {P, P, P}},
		{"iopl", 172, 0, 0, {P, P, P}},
		{"init_module", 175, 0, 0, {P, P, P}},
		{"clock_settime", 227, 0, 0, {P, P, P}},
		{"kexec_load", 246, 0, 0, {P, P, P}},
		{"add_key", 248, 0, 0, {P, P, P}},
		{"request_key", 249, 0, 0, {P, P, P}},
		{"keyctl", 250, 0, 0, {P, P, P}},
		{"unshare nothing", 272, 0, 0, {A, A, A}},
		{"unshare files", 272, 0x400, 0, {A, A, A}},
		{"unshare user", 272, 0x10000000, 0, {P, P, A}},
		{"unshare mount", 272, 0x00020000, 0, {P, A, A}},
		{"unshare time", 272, 0x80, 0, {P, A, A}},
		{"perf_event_open", 298, 0, 0, {P, P, P}},
		{"name_to_handle_at", 303, 0, 0, {A, A, A}},
		{"open_by_handle_at", 304, 0, 0, {P, P, P}},
		{"setns", 308, 0, 0, {P, A, A}},
		{"finit_module", 313, 0, 0, {P, P, P}},
		{"seccomp", 317, 0, 0, {A, A, A}},
		{"bpf", 321, 0, 0, {P, P, P}},
		{"userfaultfd", 323, 0, 0, {P, P, P}},
		{"uretprobe", 335, 0, 0, {A, A, A}},
		{"x32's rt_sigaction without its bit", 512, 0, 0, {S, S, S}},
		{"io_uring_setup", 425, 0, 0, {P, P, P}},
		{"open_tree", 428, 0, 0, {P, A, A}},
		{"clone3", 435, 0, 0, {S, S, A}},
		{"openat2", 437, 0, 0, {A, A, A}},
		{"futex_waitv", 449, 0, 0, {A, A, A}},
		{"mseal", 462, 0, 0, {A, A, A}},
		{"open_tree_attr", 467, 0, 0, {P, A, A}},
		{"the next new call", 480, 0, 0, {S, S, S}},
	};

	(void)state;
	for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
		struct filter_target t;
		struct filter_program p = compiled("x86_64", (enum seccomp_variant)v, &t);

		for (size_t i = 0; i < COUNT(row); i++) {
			const struct seccomp_data d = {.nr = (int)row[i].number,
						       .arch = AUDIT_ARCH_X86_64,
						       .args = {row[i].arg0, row[i].arg1}};
			struct run r = interpret(p.code, p.count, &d);

			if (r.value != value_of(row[i].want[v]))
				fail_msg("%s, variant %d: %#x, not %d", row[i].name, v, r.value,
					 row[i].want[v]);
		}
	}
}

static void croft_has_the_programs_for_this_machine(void **state)
{
#if defined(__x86_64__)
	static const char machine[] = "x86_64";
#elif defined(__aarch64__)
	static const char machine[] = "aarch64";
#else
	static const char machine[] = "riscv64";
#endif

	(void)state;
	for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
		struct filter_target t;
		struct filter_program p = compiled(machine, (enum seccomp_variant)v, &t);

		assert_int_equal(seccomp_filter[v].count, p.count);
		assert_memory_equal(seccomp_filter[v].code, p.code, p.count * sizeof(p.code[0]));
	}
}

static void the_programs_are_short(void **state)
{
	(void)state;
	for (const char *const *m = filter_target_name; *m; m++)
		for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
			struct filter_target t;
			struct filter_program p = compiled(*m, (enum seccomp_variant)v, &t);
			unsigned deepest = 0, steps = 0;

			for (unsigned nr = 0; nr < KERNEL_NUMBERS; nr++) {
				const struct seccomp_data d = {.nr = (int)nr, .arch = t.arch};
				struct run r = interpret(p.code, p.count, &d);

				steps += r.steps;
				deepest = r.steps > deepest ? r.steps : deepest;
			}
			print_message(
				"%s, variant %d: %u instructions, %u of them at most, %u.%u on average\n", *m,
				v, p.count, deepest, steps / KERNEL_NUMBERS,
				steps * 10 / KERNEL_NUMBERS % 10);
			assert_in_range(p.count, 1, 90);
			assert_in_range(deepest, 1, 24);
		}
}

static void the_variant_follows_from_capabilities_and_user_namespaces(void **state)
{
	const uint64_t admin = CAP_BIT(CAP_SYS_ADMIN), others = ~admin;

	(void)state;
	assert_int_equal(seccomp_variant(0, false), SECCOMP_BASE);
	assert_int_equal(seccomp_variant(others, false), SECCOMP_BASE);
	assert_int_equal(seccomp_variant(admin, false), SECCOMP_ADMIN);
	assert_int_equal(seccomp_variant(others | admin, false), SECCOMP_ADMIN);
	assert_int_equal(seccomp_variant(0, true), SECCOMP_USERNS);
	assert_int_equal(seccomp_variant(admin, true), SECCOMP_USERNS);
}

static void a_wrong_table_is_not_compiled(void **state)
{
	static const struct {
		const char *names, *why;
	} row[] = {
		{"read no_such_call", "filter rule no_such_call: no system call has that name"},
		{"read write read", "filter rule read: the call is in two rules"},
		{"read=1", "filter rule read=1: that call has another number"},
		{"brand_new=x", "filter rule brand_new=x: its number is none"},
		{"brand_new=1024", "filter rule brand_new=1024: its number is too high"},
		{"brand_new=470 newer=470", "filter rule newer=470: the call is in two rules"},
		{"x86_64:riscv_flush_icache=259",
		 "filter rule x86_64:riscv_flush_icache=259: this architecture has no such call"},
	};
	struct filter_target t;

	(void)state;
	assert_int_equal(filter_target_find("x86_64", &t, &e), 0);
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct filter_rule rule = {"", {{NULL, 0}, {NULL, 0}, {NULL, 0}}, row[i].names};

		assert_int_equal(filter_actions(&rule, 1, SECCOMP_BASE, &t, action, &e), -EINVAL);
		assert_string_equal(e.msg, row[i].why);
	}
	assert_int_equal(filter_target_find("m68k", &t, &e), -ENOENT);
	assert_string_equal(e.msg,
			    "there are no rules for the architecture m68k (for: x86_64, aarch64, riscv64)");
}

static uint32_t random_number(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

static void any_table_is_compiled_to_what_it_says(void **state)
{
	static struct filter_program p;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		unsigned changes = 1 + round % 60, answers = 1 + round % 5;

		for (unsigned nr = 0; nr < NUMBERS; nr++)
			action[nr] = (struct filter_action){NULL, (uint16_t)(round % 2 ? ENOSYS : 0)};
		for (unsigned i = 0; i < changes; i++) {
			unsigned nr = random_number() % NUMBERS,
				 n = 1 + (random_number() % 3 ? 0 : random_number() % 40);

			for (unsigned k = 0; k < n && nr + k < NUMBERS; k++)
				action[nr + k].answer = (uint16_t)(random_number() % 2 + i % answers);
		}
		if (filter_compile(action, AUDIT_ARCH_X86_64, &p, &e) < 0) {
			assert_int_equal(e.code, E2BIG);
			continue;
		}
		for (unsigned nr = 0; nr < NUMBERS; nr++) {
			const struct seccomp_data d = {.nr = (int)nr, .arch = AUDIT_ARCH_X86_64};

			assert_int_equal(interpret(p.code, p.count, &d).value, value_of(action[nr].answer));
		}
	}
	for (unsigned nr = 0; nr < NUMBERS; nr++)
		action[nr] = (struct filter_action){NULL, (uint16_t)(nr % 5)};
	assert_int_equal(filter_compile(action, AUDIT_ARCH_X86_64, &p, &e), -E2BIG);
	assert_string_equal(e.msg, "the filter is longer than 255 instructions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_answers_as_the_table_says),
		cmocka_unit_test(numbers_beyond_the_table_and_of_x32_answer_enosys),
		cmocka_unit_test(every_call_of_another_architecture_answers_enosys),
		cmocka_unit_test(every_call_that_libseccomp_knows_is_in_the_table),
		cmocka_unit_test(what_must_be_refused_is_and_what_programs_need_is_not),
		cmocka_unit_test(croft_has_the_programs_for_this_machine),
		cmocka_unit_test(the_programs_are_short),
		cmocka_unit_test(the_variant_follows_from_capabilities_and_user_namespaces),
		cmocka_unit_test(a_wrong_table_is_not_compiled),
		cmocka_unit_test(any_table_is_compiled_to_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
