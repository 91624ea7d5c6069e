/* The resolv.conf of a sandbox with a network of its own, made from the host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/resolv.h"

#define FORWARD "169.254.1.1"

static _Alignas(max_align_t) char memory[1 << 18];
static struct arena arena;

static bool is_local(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1") || !strcmp(address, "192.0.2.9");
}

static const char *make_n(const char *text, size_t size)
{
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	return resolv_make(text, size, FORWARD, is_local, &arena);
}

static const struct {
	const char *why, *host, *inside;
} row[] = {
	{"a resolver that can be reached stays", "nameserver 198.51.100.2\n", "nameserver 198.51.100.2\n"},
	{"one on the host's loopback interface becomes the forwarder", "nameserver 127.0.0.53\n",
	 "nameserver " FORWARD "\n"},
	{"one on another address of the host, too", "nameserver 192.0.2.9\n", "nameserver " FORWARD "\n"},
	{"the forwarder stands where the first was, and comes once",
	 "nameserver 127.0.0.1\nnameserver 198.51.100.2\nnameserver 127.0.0.53\n",
	 "nameserver " FORWARD "\nnameserver 198.51.100.2\n"},
	{"it leads to the first of IPv4 only: for another it cannot stand",
	 "nameserver 198.51.100.2\nnameserver 127.0.0.53\n", "nameserver 198.51.100.2\n"},
	{"IPv6 does not count for that", "nameserver 2001:db8::53\nnameserver 127.0.0.53\n",
	 "nameserver 2001:db8::53\nnameserver " FORWARD "\n"},
	{"a local one of IPv6 goes", "nameserver ::1\nnameserver 198.51.100.2\n",
	 "nameserver 198.51.100.2\n"},
	{"when none is left, the forwarder comes in any case", "nameserver ::1\n",
	 "nameserver " FORWARD "\n"},
	{"an address on an interface of the host's means nothing inside", "nameserver fe80::1%eth0\n",
	 "nameserver " FORWARD "\n"},
	{"nothing", "", "nameserver " FORWARD "\n"},
	{"no resolver", "# no resolver\n", "nameserver " FORWARD "\n"},
	{"a server without an address", "nameserver\nnameserver \nnameserver 198.51.100.2\n",
	 "nameserver 198.51.100.2\n"},
	{"too long for an address",
	 "nameserver 1111111111111111111111111111111111111111111111111111111111111111\n",
	 "nameserver " FORWARD "\n"},
	{"what is looked for and how stays",
	 "search example.net  example.org\noptions ndots:2 edns0\ndomain example.net\nsortlist "
	 "198.51.100.0\n",
	 "search example.net  example.org\noptions ndots:2 edns0\ndomain example.net\nsortlist 198.51.100.0\n"
	 "nameserver " FORWARD "\n"},
	{"comments and unknown words go",
	 "; no\n# no\nlookup file bind\nsearches x\nnameservers 198.51.100.2\n", "nameserver " FORWARD "\n"},
	{"tabs, and a last line without its end", "nameserver\t198.51.100.2\nsearch\texample.net",
	 "nameserver 198.51.100.2\nsearch\texample.net\n"},
	{"blanks before and words behind", "  nameserver  198.51.100.2  198.51.100.3\r\n",
	 "nameserver 198.51.100.2\n"},
};

static void each_kind_of_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *got = make_n(row[i].host, strlen(row[i].host));

		if (!got || strcmp(got, row[i].inside) != 0)
			fail_msg("%s: got\n%s", row[i].why, got ? got : "NULL");
	}
}

static void a_byte_that_is_no_text_does_not_get_in(void **state)
{
	static const char text[] = "search a\0b\nnameserver 198.51.100.2\0x\noptions rotate\n";

	(void)state;
	assert_string_equal(make_n(text, sizeof(text) - 1), "options rotate\nnameserver " FORWARD "\n");
}

/* The longest result for what was given: with the address sanitizer a byte too much ends the test. */
static void no_text_needs_more_room_than_was_got(void **state)
{
	static const char *const piece[] = {"nameserver ::1\n", "nameserver 127.\n", "search\n",
					    "search",           "nameserver b",      "\n"};
	enum { N = sizeof(piece) / sizeof(piece[0]) };

	(void)state;
	for (size_t i = 0; i < N * N * N * N; i++) {
		char text[128] = "";
		const char *got;
		size_t used;

		for (size_t k = 0, rest = i; k < 4; k++, rest /= N)
			strcat(text, piece[rest % N]);
		got = make_n(text, strlen(text));
		used = strlen(got) + 1;
		assert_true(used <= arena.used);
	}
}

static void a_full_arena_is_said(void **state)
{
	struct arena none = {.base = memory, .size = 8};

	(void)state;
	assert_null(resolv_make("", 0, FORWARD, is_local, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_line),
		cmocka_unit_test(a_byte_that_is_no_text_does_not_get_in),
		cmocka_unit_test(no_text_needs_more_room_than_was_got),
		cmocka_unit_test(a_full_arena_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
