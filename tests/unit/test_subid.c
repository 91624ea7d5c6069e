/* /etc/subuid and /etc/subgid: what counts, what is skipped, what is refused with its line. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/subid.h"

static int parse(const char *text, size_t size, struct id_range *r, size_t max, struct err *e)
{
	return subid_parse(text, size, "subuid", "alice", 1000, r, max, e);
}

static void assert_ranges(const char *why, const char *text, size_t n, const struct id_range *want)
{
	struct id_range r[8];
	struct err e = {.code = 0};
	int got = parse(text, strlen(text), r, 8, &e);

	if (got != (int)n)
		fail_msg("%s: %d ranges (%s)", why, got, got < 0 ? e.msg : "");
	for (size_t i = 0; i < n; i++)
		if (r[i].start != want[i].start || r[i].count != want[i].count)
			fail_msg("%s: range %zu is %u:%u", why, i, r[i].start, r[i].count);
}

static void lines_of_the_caller_are_found_by_name_and_by_number(void **state)
{
	static const struct {
		const char *why, *text;
		size_t n;
		struct id_range want[3];
	} table[] = {
		{"by name", "alice:100000:65536\n", 1, {{100000, 65536}}},
		{"by number", "1000:100000:65536\n", 1, {{100000, 65536}}},
		{"several, in file order",
		 "alice:300:5\nbob:1:1\n1000:100:7\nalice:200:1\n",
		 3,
		 {{300, 5}, {100, 7}, {200, 1}}},
		{"no newline at the end", "alice:100000:65536", 1, {{100000, 65536}}},
		{"comments and empty lines", "# alice:1:1\n\n#\nalice:100:5\n\n", 1, {{100, 5}}},
		{"the last ids there are", "alice:4294967294:1\n", 1, {{4294967294, 1}}},
		{"all ids there are", "alice:0:4294967295\n", 1, {{0, 4294967295}}},
		{"an empty file", "", 0, {{0, 0}}},
		{"nobody's line", "bob:100:5\n", 0, {{0, 0}}},
		{"a longer name that begins the same", "alice2:100:5\nalic:100:5\n", 0, {{0, 0}}},
		{"a number with a zero before it is a name", "01000:100:5\n", 0, {{0, 0}}},
		{"a number with a blank is a name", " 1000:100:5\nalice :1:1\n", 0, {{0, 0}}},
		{"a number beyond 32 bits that wraps to ours", "4294968296:100:5\n", 0, {{0, 0}}},
		{"malformed lines of others do no harm",
		 "bob:x:y\nbob\n:::\n::\n:\nbob:1:2:3\r\nalice:7:1\n",
		 1,
		 {{7, 1}}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_ranges(table[i].why, table[i].text, table[i].n, table[i].want);
}

static void a_malformed_line_of_the_caller_is_refused_with_its_number(void **state)
{
	static const char *const bad[] = {
		"alice",
		"alice:",
		"alice:100",
		"alice:100:",
		"alice::5",
		"alice:100:5:",
		"alice:100:5:7",
		"alice:100:5\r",
		"alice: 100:5",
		"alice:100 :5",
		"alice:100: 5",
		"alice:100:5 ",
		"alice:+100:5",
		"alice:100:-5",
		"alice:-1:5",
		"alice:0x64:5",
		"alice:0100:5",
		"alice:100:0x5",
		"alice:100:05",
		"alice:1e3:5",
		"alice:100:0",
		"alice:0:0",
		"alice:4294967295:1",
		"alice:4294967294:2",
		"alice:4294967296:1",
		"alice:4394967296:1",
		"alice:18446744073709551716:5",
		"alice:100:4294967296",
		"alice:100:4294967301",
		"alice:100:18446744073709551621",
		"alice:100:4294967295",
		"1000:100:0",
	};
	struct id_range r[8] = {{77, 77}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];
		struct err e = {.code = 0};
		int n = snprintf(text, sizeof(text), "bob:1:1\n\n%s\nalice:7:1\n", bad[i]);

		if (parse(text, (size_t)n, r, 8, &e) != -EINVAL)
			fail_msg("%s was taken", bad[i]);
		if (strncmp(e.msg, "subuid:3: ", 10) != 0)
			fail_msg("%s: %s", bad[i], e.msg);
	}
	assert_int_equal(r[0].start, 77);
}

static void a_nul_in_a_line_of_the_caller_is_refused(void **state)
{
	static const char in_number[] = "alice:100:5\0\n", in_name[] = "alice\0x:100:5\n";
	struct id_range r[1];
	struct err e;

	(void)state;
	assert_int_equal(parse(in_number, sizeof(in_number) - 1, r, 1, &e), -EINVAL);
	assert_int_equal(parse(in_name, sizeof(in_name) - 1, r, 1, &e), 0);
}

static void a_caller_without_a_name_has_only_lines_by_number(void **state)
{
	static const char text[] = "alice:100:5\n1000:200:5\n(null):300:5\n:400:5\n";
	struct id_range r[4];
	struct err e;

	(void)state;
	assert_int_equal(subid_parse(text, sizeof(text) - 1, "f", NULL, 1000, r, 4, &e), 1);
	assert_int_equal(r[0].start, 200);
}

static void more_ranges_than_there_is_room_for_are_refused(void **state)
{
	static const char text[] = "alice:1:1\nalice:3:1\nalice:5:1\n";
	struct id_range r[3];
	struct err e;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, r, 3, &e), 3);
	assert_int_equal(parse(text, sizeof(text) - 1, r, 2, &e), -E2BIG);
	assert_string_equal(e.msg, "subuid:3: more than 2 ranges for one user");
}

static char path[] = "/tmp/croft-test-subid-XXXXXX";

static int make_file(void **state)
{
	int fd;

	(void)state;
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	return fd < 0 || fchmod(fd, 0644) < 0 || close(fd) < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void fill(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_file_that_does_not_exist_has_no_ranges(void **state)
{
	struct id_range r[1];
	struct err e;

	(void)state;
	assert_int_equal(subid_read("/nonexistent/subuid", "alice", 1000, r, 1, &e), 0);
}

static void a_file_of_somebody_else_than_root_is_refused(void **state)
{
	struct id_range r[1];
	struct err e;

	(void)state;
	if (geteuid() == 0 && chown(path, 65534, 65534) < 0) {
		assert_int_equal(errno, EINVAL);
		skip(); /* root of a user namespace that has no other id */
	}
	fill("alice:100:5\n");
	assert_int_equal(subid_read(path, "alice", 1000, r, 1, &e), -EPERM);
	assert_non_null(strstr(e.msg, "not to root"));
	assert_int_equal(subid_other_source(path, &e), -EPERM);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	struct id_range r[1];
	struct err e;

	(void)state;
	if (geteuid() != 0)
		skip();
	fill("alice:100:5\n");
	assert_int_equal(subid_read(path, "alice", 1000, r, 1, &e), 1);
	for (mode_t m = 0664; m != 0; m = m == 0664 ? 0646 : 0) {
		assert_int_equal(chmod(path, m), 0);
		assert_int_equal(subid_read(path, "alice", 1000, r, 1, &e), -EPERM);
		assert_non_null(strstr(e.msg, "may be written by others"));
	}
}

static void directories_and_fifos_are_refused_without_waiting(void **state)
{
	struct id_range r[1];
	struct err e;

	(void)state;
	assert_int_equal(subid_read("/usr", "alice", 1000, r, 1, &e), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(subid_read(path, "alice", 1000, r, 1, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "not a regular file"));
}

/* Lines of every length around the size of the buffer: the owner of an over-long one hears of it. */
static void the_streamed_file_says_what_the_text_says_at_every_buffer_edge(void **state)
{
	enum { BIG = 3 * 8192 };
	static char text[BIG + 64];
	struct id_range r[4];
	struct err e;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t pad = 8192 - 40; pad < 8192 + 40; pad++) {
		memset(text, 'b', pad);
		text[0] = '#';
		strcpy(text + pad, "\nalice:100000:65536\nalice:5:3");
		fill(text);
		if (subid_read(path, "alice", 1000, r, 4, &e) != 2 || r[0].start != 100000 ||
		    r[1].start != 5 || r[1].count != 3)
			fail_msg("padding of %zu", pad);
	}
	memset(text, 'b', BIG);
	strcpy(text + BIG, "\nalice:7:1\n");
	fill(text);
	assert_int_equal(subid_read(path, "alice", 1000, r, 4, &e), 1);
	memset(text, '1', BIG);
	memcpy(text, "alice:100:", 10);
	strcpy(text + BIG, "\nalice:7:1\n");
	fill(text);
	assert_int_equal(subid_read(path, "alice", 1000, r, 4, &e), -EINVAL);
	assert_non_null(strstr(e.msg, ":1: the line is too long"));
}

struct seen {
	char text[128];
	int stop_at;
	int n;
};

static int note(void *ctx, const char *owner, size_t len, const struct id_range *r)
{
	struct seen *seen = ctx;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s %u %u;", (int)len, owner, r->start,
		 r->count);
	return ++seen->n == seen->stop_at ? -EEXIST : 0;
}

static void everybodys_wellformed_lines_are_shown(void **state)
{
	struct seen all = {.stop_at = 0}, first = {.stop_at = 1};
	struct err e;

	(void)state;
	if (geteuid() != 0)
		skip();
	fill("# x:1:2\nalice:100:5\nbob\nbob:1:x\n\n1000:200:7\neve:4294967295:9\n:3:4");
	assert_int_equal(subid_each(path, note, &all, &e), 0);
	assert_string_equal(all.text, "alice 100 5;1000 200 7; 3 4;");
	assert_int_equal(subid_each(path, note, &first, &e), -EEXIST);
	assert_string_equal(first.text, "alice 100 5;");
	assert_int_equal(subid_each("/nonexistent/subuid", note, &all, &e), 0);
}

static void nsswitch_names_another_source_or_does_not(void **state)
{
	static const struct {
		const char *text;
		int want;
	} table[] = {
		{"", 0},
		{"passwd: files sss\n", 0},
		{"subid: files\n", 0},
		{"subid:\tfiles", 0},
		{"subid:\n", 0},
		{"# subid: sss\n", 0},
		{"subid: files # sss\n", 0},
		{"subidx: sss\nxsubid: sss\n", 0},
		{"subid: sss\n", 1},
		{"subid: sss files\n", 1},
		{"subid: files sss\n", 1},
		{"passwd: files\n  SUBID: ldap", 1},
		{"subid:files\nsubid:\tsss\r\n", 1},
		{"subid: filesx\n", 1},
	};
	struct err e;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fill(table[i].text);
		if (subid_other_source(path, &e) != table[i].want)
			fail_msg("%s", table[i].text);
	}
	assert_int_equal(subid_other_source("/nonexistent/nsswitch.conf", &e), 0);
}

#define WITH_FILE(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_caller_are_found_by_name_and_by_number),
		cmocka_unit_test(a_malformed_line_of_the_caller_is_refused_with_its_number),
		cmocka_unit_test(a_nul_in_a_line_of_the_caller_is_refused),
		cmocka_unit_test(a_caller_without_a_name_has_only_lines_by_number),
		cmocka_unit_test(more_ranges_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_file_that_does_not_exist_has_no_ranges),
		WITH_FILE(a_file_of_somebody_else_than_root_is_refused),
		WITH_FILE(a_file_that_others_may_write_is_refused),
		WITH_FILE(directories_and_fifos_are_refused_without_waiting),
		WITH_FILE(the_streamed_file_says_what_the_text_says_at_every_buffer_edge),
		WITH_FILE(everybodys_wellformed_lines_are_shown),
		WITH_FILE(nsswitch_names_another_source_or_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
