/*
 * Usage: filter [ROUNDS]
 * What loading a filter costs: the seccomp(2) call alone, in a fresh child each, the ways interleaved.
 * Compares the programs of sandbox/filter with what libseccomp makes of the same rules. Prints a line a way:
 * instructions, least and median microseconds.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "sandbox/filter/compile.h"
#include "sandbox/filter/target.h"

enum { WAYS = 4, ROUNDS_MAX = 20000, LIBSECCOMP_MAX = 4096 };

struct way {
	const char *name;
	struct sock_filter code[LIBSECCOMP_MAX];
	uint32_t count;
	double *us;
};

static struct way way[WAYS] = {
	{.name = "croft"},
	{.name = "libseccomp"},
	{.name = "libseccomp, binary tree"},
	{.name = "one instruction", .code = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}, .count = 1},
};
static struct filter_action action[FILTER_NUMBERS_MAX];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t libseccomp_action(uint16_t answer)
{
	return answer == FILTER_ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(answer);
}

/*
 * What a check allows, as far as rules that are alternatives can say it, and as other engines do: values and
 * bits that are allowed; ioctl, of which all but two are, without a look at its argument.
 */
static int add_check(scmp_filter_ctx f, int nr, const struct filter_check *c)
{
	int r = 0, values = 0;

	for (unsigned i = 0; r == 0 && i < c->ntests; i++) {
		const struct filter_test *t = &c->test[i];
		const struct scmp_arg_cmp none = {c->argument, SCMP_CMP_MASKED_EQ, t->value, 0};
		const struct scmp_arg_cmp is = {c->argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, t->value};

		if (t->how == FILTER_IS && t->answer != FILTER_ALLOW)
			continue;
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, t->how == FILTER_IS ? &is : &none);
		values++;
	}
	return r == 0 && values == 0 ? seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0) : r;
}

static void make_by_libseccomp(struct way *w, unsigned optimize)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	FILE *file = tmpfile();

	if (!f || !file || seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) < 0 ||
	    seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, optimize) < 0)
		die("libseccomp");
	for (int nr = 0; nr < FILTER_NUMBERS_MAX; nr++) {
		const struct filter_action *a = &action[nr];

		if (a->check ? add_check(f, nr, a->check) < 0
			     : a->answer != ENOSYS &&
				       seccomp_rule_add(f, libseccomp_action(a->answer), nr, 0) < 0)
			die("a rule of libseccomp");
	}
	if (seccomp_export_bpf(f, fileno(file)) < 0 || lseek(fileno(file), 0, SEEK_SET) < 0)
		die("export of libseccomp");
	w->count = (uint32_t)(read(fileno(file), w->code, sizeof(w->code)) / (ssize_t)sizeof(w->code[0]));
	fclose(file);
	seccomp_release(f);
}

static double microseconds(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) * 1e6 + (double)(b->tv_nsec - a->tv_nsec) / 1e3;
}

/* In a child: its time comes back through shared memory, since the filter may refuse anything after it. */
static double load_once(const struct way *w, double *shared)
{
	pid_t pid;

	*shared = -1;
	pid = fork();
	if (pid == 0) {
		const struct sock_fprog prog = {(unsigned short)w->count,
						(struct sock_filter *)(uintptr_t)w->code};
		struct timespec a, b;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
			die("seccomp");
		clock_gettime(CLOCK_MONOTONIC, &b);
		*shared = microseconds(&a, &b);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || *shared < 0)
		die("load a filter");
	return *shared;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char *argv[])
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000;
	double *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct filter_program p;
	struct filter_target t;
	struct utsname u;
	struct err e = {.code = 0};

	if (rounds < 1 || rounds > ROUNDS_MAX || shared == MAP_FAILED || uname(&u) < 0)
		die("set up");
	if (filter_target_find(u.machine, &t, &e) < 0 ||
	    filter_actions(filter_rule, filter_nrules, SECCOMP_BASE, &t, action, &e) < 0 ||
	    filter_compile(action, t.arch, &p, &e) < 0) {
		err_print(&e, "filter");
		return 1;
	}
	memcpy(way[0].code, p.code, p.count * sizeof(p.code[0]));
	way[0].count = p.count;
	make_by_libseccomp(&way[1], 1);
	make_by_libseccomp(&way[2], 2);
	for (int i = 0; i < WAYS; i++)
		way[i].us = calloc((size_t)rounds, sizeof(double));
	for (int n = 0; n < rounds; n++)
		for (int i = 0; i < WAYS; i++)
			way[i].us[n] = load_once(&way[i], shared);
	for (int i = 0; i < WAYS; i++) {
		qsort(way[i].us, (size_t)rounds, sizeof(double), by_value);
		printf("%-24s %4u instructions, least %6.1f us, median %6.1f us\n", way[i].name, way[i].count,
		       way[i].us[0], way[i].us[rounds / 2]);
	}
	return 0;
}
