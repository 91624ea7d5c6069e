/*
 * Usage: make-filters ARCHITECTURE
 * Prints seccomp_filters.c: the default filter compiled for that architecture. Runs when croft is built, so
 * that no start pays for it, and asks libseccomp for the numbers of the system calls.
 */
#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "sandbox/filter/compile.h"
#include "sandbox/filter/target.h"

static const char program[] = "make-filters";

static void print_program(const struct filter_program *p, const char *name)
{
	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	for (uint32_t i = 0; i < p->count; i++)
		printf("\t{0x%02x, %u, %u, 0x%08x},\n", p->code[i].code, p->code[i].jt, p->code[i].jf,
		       p->code[i].k);
	printf("};\n");
}

static int print_all(const struct filter_target *t, struct err *e)
{
	static const char *const name[SECCOMP_VARIANT_COUNT] = {"base", "admin", "userns"};
	static struct filter_action action[FILTER_NUMBERS_MAX];

	printf("/* Made by sandbox/filter from sandbox/filter/rules.c for %s. */\n"
	       "#include \"sandbox/seccomp_variant.h\"\n",
	       t->name);
	for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++) {
		struct filter_program p;

		if (filter_actions(filter_rule, filter_nrules, (enum seccomp_variant)v, t, action, e) < 0 ||
		    filter_compile(action, t->arch, &p, e) < 0)
			return err_wrap(e, "the filter %s", name[v]);
		print_program(&p, name[v]);
	}
	printf("\nconst struct seccomp_filter seccomp_filter[SECCOMP_VARIANT_COUNT] = {\n");
	for (int v = 0; v < SECCOMP_VARIANT_COUNT; v++)
		printf("\t{\"%s\", %s, sizeof(%s) / sizeof(%s[0])},\n", name[v], name[v], name[v], name[v]);
	printf("};\n");
	return fflush(stdout) == 0 ? 0 : err_sys(e, "print the filters");
}

int main(int argc, char *argv[])
{
	struct err e = {.code = 0};
	struct filter_target t;

	if (argc != 2)
		err_set(&e, EINVAL, "usage: make-filters ARCHITECTURE");
	else if (filter_target_find(argv[1], &t, &e) == 0)
		print_all(&t, &e);
	if (!e.code)
		return 0;
	err_print(&e, program);
	return 1;
}
