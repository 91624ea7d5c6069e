/* The texts and tables that croft-root reads: ld.so.cache, $ORIGIN and its kin, #! lines, nsswitch.conf. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/rootbuild/dst.h"
#include "frontend/rootbuild/extras.h"
#include "frontend/rootbuild/ldcache.h"
#include "frontend/rootbuild/script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- ld.so.cache ---- */

static const char names[] = "libx.so.1\0/lib/libx.so.1\0/lib32/libx.so.1\0liby.so\0relative/liby.so";

static void put32(unsigned char *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* A new table of three entries at p; returns its length. */
static size_t new_table(unsigned char *p)
{
	static const uint32_t entry[][2] = {{0, 10}, {0, 25}, {42, 50}};
	const uint32_t strings = 48 + 24 * COUNT(entry);

	memset(p, 0, strings);
	memcpy(p, "glibc-ld.so.cache1.1", 20);
	put32(p + 20, COUNT(entry));
	put32(p + 24, sizeof(names));
	for (size_t i = 0; i < COUNT(entry); i++) {
		put32(p + 48 + 24 * i + 4, strings + entry[i][0]);
		put32(p + 48 + 24 * i + 8, strings + entry[i][1]);
	}
	memcpy(p + strings, names, sizeof(names));
	return strings + sizeof(names);
}

/* An old table of one entry. */
static size_t old_table(unsigned char *p)
{
	memset(p, 0, 28);
	memcpy(p, "ld.so-1.7.0", 11);
	put32(p + 12, 1);
	put32(p + 16 + 8, 10);
	return 28;
}

static void assert_new_entries(const void *file, size_t size)
{
	struct ldcache c;
	uint32_t pos = 0;

	assert_int_equal(ldcache_open(file, size, &c), 0);
	assert_string_equal(ldcache_next(&c, "libx.so.1", &pos), "/lib/libx.so.1");
	assert_string_equal(ldcache_next(&c, "libx.so.1", &pos), "/lib32/libx.so.1");
	assert_null(ldcache_next(&c, "libx.so.1", &pos));
	pos = 0;
	assert_null(ldcache_next(&c, "libx.so", &pos));
	pos = 0;
	assert_null(ldcache_next(&c, "liby.so", &pos)); /* its path is relative */
}

static void all_paths_of_a_name_are_found_in_the_new_form(void **state)
{
	unsigned char file[512];

	(void)state;
	assert_new_entries(file, new_table(file));
}

static void the_new_table_behind_an_old_one_counts(void **state)
{
	unsigned char file[512] = {0};

	(void)state;
	old_table(file);
	assert_new_entries(file, 32 + new_table(file + 32));
	memset(file, 0, sizeof(file));
	old_table(file);
	assert_new_entries(file, 28 + new_table(file + 28));
}

static void the_old_form_alone_is_read(void **state)
{
	unsigned char file[512];
	size_t n = old_table(file);
	struct ldcache c;
	uint32_t pos = 0;

	(void)state;
	memcpy(file + n, names, sizeof(names));
	assert_int_equal(ldcache_open(file, n + sizeof(names), &c), 0);
	assert_string_equal(ldcache_next(&c, "libx.so.1", &pos), "/lib/libx.so.1");
	assert_null(ldcache_next(&c, "libx.so.1", &pos));
}

/* Looks everything up; what is found must end inside the file. */
static void use(const unsigned char *file, size_t n)
{
	struct ldcache c;
	const char *path;
	uint32_t pos = 0;

	if (ldcache_open(file, n, &c) < 0)
		return;
	while ((path = ldcache_next(&c, "libx.so.1", &pos)))
		assert_true((const unsigned char *)path + strlen(path) < file + n);
}

static void a_damaged_cache_is_never_read_beyond_its_end(void **state)
{
	unsigned char whole[512] = {0};
	size_t at = old_table(whole), n = at + new_table(whole + at);

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		unsigned char *file = malloc(cut ? cut : 1); /* of just this length, for the sanitizer */

		assert_non_null(file);
		memcpy(file, whole, cut);
		use(file, cut);
		free(file);
	}
	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			whole[i] ^= (unsigned char)(1U << bit);
			use(whole, n);
			whole[i] ^= (unsigned char)(1U << bit);
		}
}

static void what_is_no_cache_is_refused(void **state)
{
	unsigned char file[64] = "glibc-ld.so.cache1.1";
	struct ldcache c;

	(void)state;
	put32(file + 20, UINT32_MAX);
	assert_int_equal(ldcache_open(file, sizeof(file), &c), -EINVAL);
	assert_int_equal(ldcache_open("", 0, &c), -EINVAL);
	assert_int_equal(ldcache_open("ld.so-1.7.0", 12, &c), -EINVAL);
}

/* ---- tokens ---- */

static void tokens_are_replaced_and_nothing_else(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"$ORIGIN/../lib", "/o/../lib"},
		{"${ORIGIN}x", "/ox"},
		{"/a/$LIB/b", "/a/lib64/b"},
		{"$PLATFORM", "x86"},
		{"$ORIGINAL/$LIBRARY", "$ORIGINAL/$LIBRARY"},
		{"$ORIGIN_", "$ORIGIN_"},
		{"${ORIGIN", "${ORIGIN"},
		{"$", "$"},
		{"$$LIB", "$lib64"},
		{"plain", "plain"},
		{"", ""},
	};
	const struct dst d = {"/o", "lib64", "x86"};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(dst_expand(table[i].text, strlen(table[i].text), &d, buf, sizeof(buf), NULL),
				 0);
		assert_string_equal(buf, table[i].want);
	}
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	const struct dst d = {"/origin", "lib", ""};
	char buf[9];
	bool lib;

	(void)state;
	assert_int_equal(dst_expand("$ORIGIN/", 8, &d, buf, sizeof(buf), &lib), 0);
	assert_string_equal(buf, "/origin/");
	assert_false(lib);
	assert_int_equal(dst_expand("$ORIGIN/x", 9, &d, buf, sizeof(buf), &lib), -ENAMETOOLONG);
	assert_int_equal(dst_expand("$LIB", 4, &d, buf, sizeof(buf), &lib), 0);
	assert_true(lib);
}

/* ---- scripts ---- */

static void the_interpreter_of_a_script_is_found(void **state)
{
	static const struct {
		const char *text;
		int want;
		const char *interp, *program;
	} table[] = {
		{"#!/bin/sh\necho", 0, "/bin/sh", ""},
		{"#! \t/bin/sh -e \n", 0, "/bin/sh", ""},
		{"#!/bin/sh", 0, "/bin/sh", ""},
		{"#!/usr/bin/env python3\n", 0, "/usr/bin/env", "python3"},
		{"#!/usr/bin/env -S python3 -u\n", 0, "/usr/bin/env", "python3"},
		{"#!/usr/bin/env -Spython3 -u\n", 0, "/usr/bin/env", "python3"},
		{"#!/usr/bin/env --split-string=A=b perl\n", 0, "/usr/bin/env", "perl"},
		{"#!/usr/bin/env -i\n", 0, "/usr/bin/env", ""},
		{"#!/opt/envy x\n", 0, "/opt/envy", ""},
		{"#!\n/bin/sh", -EINVAL, NULL, NULL},
		{"#!   ", -EINVAL, NULL, NULL},
		{"#!bin/sh\n", -EINVAL, NULL, NULL},
		{"# /bin/sh\n", -ENOEXEC, NULL, NULL},
		{"", -ENOEXEC, NULL, NULL},
		{"#", -ENOEXEC, NULL, NULL},
	};
	struct script s;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int r = script_parse(table[i].text, strlen(table[i].text), &s);

		if (r != table[i].want)
			fail_msg("%s: %d", table[i].text, r);
		if (r == 0) {
			assert_string_equal(s.interp, table[i].interp);
			assert_string_equal(s.program, table[i].program);
		}
	}
}

static void an_interpreter_that_the_kernel_would_cut_is_refused(void **state)
{
	char line[400];
	struct script s;

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "#!/", 3);
	assert_int_equal(script_parse(line, sizeof(line), &s), -EINVAL);
	line[100] = ' ';
	assert_int_equal(script_parse(line, sizeof(line), &s), 0);
	assert_int_equal(strlen(s.interp), 98);
}

/* ---- nsswitch.conf ---- */

static void services_are_found_by_database(void **state)
{
	static const char text[] = "# passwd: no\n"
				   "passwd:\t files systemd # ldap\n"
				   "group:files [NOTFOUND=return] sss\n"
				   " hosts: a../../b dns[!UNAVAIL=return]mdns4_minimal\n"
				   "hosts";
	static char block[4096];
	struct arena a = {.base = block, .size = sizeof(block)};
	const char *s[8];

	(void)state;
	assert_int_equal(extras_services(text, "passwd", &a, s, COUNT(s)), 2);
	assert_string_equal(s[0], "files");
	assert_string_equal(s[1], "systemd");
	assert_int_equal(extras_services(text, "group", &a, s, COUNT(s)), 2);
	assert_string_equal(s[1], "sss");
	assert_int_equal(extras_services(text, "hosts", &a, s, COUNT(s)), 2);
	assert_string_equal(s[0], "dns");
	assert_string_equal(s[1], "mdns4_minimal");
	assert_int_equal(extras_services(text, "shadow", &a, s, COUNT(s)), 0);
	assert_int_equal(extras_services(text, "passwd", &a, s, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_paths_of_a_name_are_found_in_the_new_form),
		cmocka_unit_test(the_new_table_behind_an_old_one_counts),
		cmocka_unit_test(the_old_form_alone_is_read),
		cmocka_unit_test(a_damaged_cache_is_never_read_beyond_its_end),
		cmocka_unit_test(what_is_no_cache_is_refused),
		cmocka_unit_test(tokens_are_replaced_and_nothing_else),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(the_interpreter_of_a_script_is_found),
		cmocka_unit_test(an_interpreter_that_the_kernel_would_cut_is_refused),
		cmocka_unit_test(services_are_found_by_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
