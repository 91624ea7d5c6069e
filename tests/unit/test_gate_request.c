/* What croft-gate is asked for, and how it counts what the caller has already, on a /proc that is made of
 * files. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/mem.h"
#include "helper/gate/count.h"
#include "helper/gate/request.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SEALED = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

static struct err e;

/* ---- arguments ---- */

static void two_different_descriptors_from_3_on_are_arguments(void **state)
{
	char name[] = "croft-gate", three[] = "3", four[] = "4", highest[] = "2147483647";
	char *good[] = {name, three, four, NULL};
	char *high[] = {name, highest, four, NULL};
	int sock = -1, plan = -1;

	(void)state;
	assert_int_equal(request_parse(3, good, &sock, &plan, &e), 0);
	assert_int_equal(sock, 3);
	assert_int_equal(plan, 4);
	assert_int_equal(request_parse(3, high, &sock, &plan, &e), 0);
	assert_int_equal(sock, INT32_MAX);
}

static void other_arguments_are_refused_each_with_a_sentence(void **state)
{
	static struct {
		int argc;
		char sock[12], plan[12];
		const char *says;
		const char *hint;
	} row[] = {
		{1, "", "", "two arguments are needed", "croft run --gate"},
		{2, "3", "", "two arguments are needed", "croft run --gate"},
		{4, "3", "4", "two arguments are needed", "croft run --gate"},
		{3, "2", "4", "2 is not the number of a descriptor from 3 on", ""},
		{3, "3", "2", "2 is not the number of a descriptor from 3 on", ""},
		{3, "2147483648", "4", "2147483648 is not the number", ""},
		{3, "4294967299", "4", "4294967299 is not the number", ""},
		{3, "00000000003", "4", "00000000003 is not the number", ""},
		{3, "x", "4", "x is not the number", ""},
		{3, "3", "", "'' is not the number", ""},
		{3, "7", "7", "the socket and the plan are one descriptor", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char name[] = "croft-gate", more[] = "5";
		char *argv[] = {name, row[i].sock, row[i].plan, more, NULL};
		int sock = -1, plan = -1;

		e = (struct err){0};
		if (request_parse(row[i].argc, argv, &sock, &plan, &e) != -EINVAL ||
		    !strstr(e.msg, row[i].says) || !strstr(e.hint, row[i].hint) || e.status != HELPER_USAGE ||
		    sock != -1 || plan != -1)
			fail_msg("\"%s\" was expected: %s (%s), status %d", row[i].says, e.msg, e.hint,
				 e.status);
	}
}

static void only_a_seqpacket_socket_of_this_host_is_one(void **state)
{
	static const struct {
		int domain, type;
		int want;
	} row[] = {
		{AF_UNIX, SOCK_SEQPACKET, 0},      {AF_UNIX, SOCK_STREAM, -ENOTSOCK},
		{AF_UNIX, SOCK_DGRAM, -ENOTSOCK},  {AF_INET, SOCK_STREAM, -ENOTSOCK},
		{AF_NETLINK, SOCK_RAW, -ENOTSOCK},
	};
	fd_auto int file = open("/", O_PATH | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		fd_auto int fd = socket(row[i].domain, row[i].type | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		assert_int_equal(request_socket(fd, &e), row[i].want);
	}
	assert_int_equal(request_socket(file, &e), -ENOTSOCK);
	assert_string_equal(e.msg, "the caller's descriptor is no socket of the kind that croft makes");
}

/* ---- the plan ---- */

static int memory_file(const void *data, size_t size, off_t length, int seals)
{
	int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), 0);
	assert_int_equal(ftruncate(fd, length), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void a_plan_is_read_from_a_sealed_memfd_alone(void **state)
{
	static const struct {
		off_t length;
		int seals;
		int want;
		const char *says;
	} row[] = {
		{5, SEALED, -EBADMSG, "plan: not a plan of this version of croft"},
		{5, SEALED & ~F_SEAL_WRITE, -EBADF, "the plan's descriptor is no sealed memfd"},
		{5, SEALED & ~F_SEAL_SHRINK, -EBADF, "the plan's descriptor is no sealed memfd"},
		{5, SEALED & ~F_SEAL_GROW, -EBADF, "the plan's descriptor is no sealed memfd"},
		{PLAN_BYTES_MAX, SEALED, -EBADMSG, "plan: not a plan of this version of croft"},
		{PLAN_BYTES_MAX + 1, SEALED, -EFBIG, "the plan is larger than "},
	};
	struct arena a = {0};
	struct plan p;
	fd_auto int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(mem_arena(REQUEST_ARENA, &a), 0);
	for (size_t i = 0; i < COUNT(row); i++) {
		fd_auto int fd = memory_file("short", 5, row[i].length, row[i].seals);

		e = (struct err){0};
		a.used = 0;
		if (request_read(fd, &a, &p, &e) != row[i].want || !strstr(e.msg, row[i].says))
			fail_msg("row %zu: %d: %s", i, e.code, e.msg);
	}
	assert_int_equal(request_read(file, &a, &p, &e), -EBADF);
	assert_int_equal(request_read(-1, &a, &p, &e), -EBADF);
	munmap(a.base, a.size);
}

static void what_croft_encodes_is_what_the_gate_reads(void **state)
{
	static char bytes[PLAN_BYTES_MAX];
	static const char *const none[] = {NULL};
	const struct plan p = {.root = "",
			       .hostname = "here",
			       .user = "",
			       .cwd = "/",
			       .namespaces = PLAN_NS_NET,
			       .argv = {.item = none},
			       .env = {.item = none}};
	long n = plan_encode(&p, bytes, sizeof(bytes));
	struct arena a = {0}, small = {0};
	struct plan got;
	fd_auto int fd = -1;

	(void)state;
	assert_true(n > 0);
	fd = memory_file(bytes, (size_t)n, n, SEALED);
	assert_int_equal(mem_arena(REQUEST_ARENA, &a), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), n); /* where the caller left it does not matter */
	if (request_read(fd, &a, &got, &e) != 0)
		fail_msg("%s", e.msg);
	assert_string_equal(got.hostname, "here");
	assert_int_equal(request_read(fd, &small, &got, &e), -EIO);
	assert_string_equal(e.msg, "the plan could not be read");
	munmap(a.base, a.size);
}

/* ---- counting ---- */

static char proc[] = "/tmp/croft-test-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

/* ME in a text stands for the caller. */
static void put_process(const char *name, const char *text)
{
	const char *me = text ? strstr(text, "ME") : NULL;
	char path[128], id[16];
	fd_auto int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	assert_int_equal(mkdir(path, 0755), 0);
	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/%s/status", proc, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	if (me) {
		snprintf(id, sizeof(id), "%u", (unsigned)getuid());
		assert_int_equal(fd_write_all(fd, text, (size_t)(me - text)), 0);
		assert_int_equal(fd_write_all(fd, id, strlen(id)), 0);
		text = me + 2;
	}
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int count_processes(uint64_t most, const char *name, const char *text)
{
	fd_auto int fd = -1;
	int r;

	assert_non_null(mkdtemp(proc));
	put_process(name, text);
	fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	e = (struct err){0};
	r = count_admit(fd, most, &e);
	assert_int_equal(nftw(proc, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	memcpy(strrchr(proc, '-') + 1, "XXXXXX", 6);
	return r;
}

#define STATUS(state, uid, nspid, threads)                                                                   \
	"Name:\tx\nState:\t" state "\nPid:\t7\nUid:\t" uid "\t0\t0\t0\nNSpid:\t" nspid                       \
	"\nThreads:\t" threads "\nSigQ:\t0/1\n"

static void first_processes_of_the_caller_that_live_are_counted(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		int want; /* of "none is allowed" */
		const char *why;
	} row[] = {
		{"7", STATUS("S (sleeping)", "ME", "7\t1", "1"), -EDQUOT, "the first of a namespace"},
		{"12", STATUS("S (sleeping)", "ME", "12\t1", "1"), -EDQUOT, "the same"},
		{"9", STATUS("S (sleeping)", "ME", "9\t4\t1", "1"), -EDQUOT, "two deep"},
		{"7", STATUS("S (sleeping)", "ME", "7\t2", "1"), 0, "not the first"},
		{"7", STATUS("S (sleeping)", "ME", "7\t11", "1"), 0, "not the first, and ends in 1"},
		{"1", STATUS("S (sleeping)", "ME", "1", "1"), 0, "of this namespace"},
		{"7", STATUS("S (sleeping)", "ME", "\t1", "1"), 0, "no number of this namespace"},
		{"7", STATUS("S (sleeping)", "4294967294", "7\t1", "1"), 0, "another user's"},
		{"7", STATUS("Z (zombie)", "ME", "7\t1", "1"), 0, "dead"},
		{"7", STATUS("Z (zombie)", "ME", "7\t1", "2"), -EDQUOT, "other threads live"},
		{"7", STATUS("Z (zombie)", "ME", "7\t1", "12"), -EDQUOT, "many do"},
		{"7", STATUS("X (dead)", "ME", "7\t1", "2"), 0, "dead"},
		{"7", NULL, 0, "gone meanwhile"},
		{"self", STATUS("S (sleeping)", "ME", "7\t1", "1"), 0, "no number"},
		{"0", STATUS("S (sleeping)", "ME", "7\t1", "1"), 0, "below 1"},
		{"7", "State:\tS\n", -EBADMSG, "no uid"},
		{"7", "State:\tS\nUid:\tME\t0\n", -EBADMSG, "no numbers"},
		{"7", "State:\tS\nUid:\tx\t0\nNSpid:\t7\t1\n", -EBADMSG, "no number of a user"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		if (count_processes(0, row[i].name, row[i].text) != row[i].want)
			fail_msg("%s %s: %d was expected: %s", row[i].name, row[i].why, row[i].want, e.msg);
	}
}

static void the_limit_may_be_reached_and_not_passed(void **state)
{
	static const char text[] = STATUS("S (sleeping)", "ME", "7\t1", "1");

	(void)state;
	assert_int_equal(count_processes(1, "7", text), 0);
	assert_int_equal(count_processes(0, "7", text), -EDQUOT);
	assert_string_equal(e.msg, "you have 1 sandboxes, with this one; the policy allows 0");
	assert_int_equal(count_admit(-1, 5, &e), -EBADF);
	assert_non_null(strstr(e.msg, "count your sandboxes, of which the policy has a limit: "));
	assert_non_null(strstr(e.hint, "an administrator mounts /proc without hidepid"));
}

static void a_status_that_is_too_long_is_an_error(void **state)
{
	static const char begins[] = STATUS("S (sleeping)", "ME", "7\t1", "1");
	static char text[(1 << 20) + 1];
	/* the number of the caller is not as long as ME */
	const size_t n = sizeof(text) - 2 + 2 - (size_t)snprintf(NULL, 0, "%u", (unsigned)getuid());

	(void)state;
	memset(text, 'x', n);
	memcpy(text, begins, sizeof(begins) - 1);
	assert_int_equal(count_processes(1, "7", text), 0); /* 1 MiB less one */
	text[n] = 'x';
	assert_int_equal(count_processes(1, "7", text), -EFBIG);
}

/* Of the host itself; how many there are is not known here. */
static void before_anything_is_made_there_must_be_room_for_one_more(void **state)
{
	(void)state;
	e = (struct err){0};
	assert_int_equal(count_before(0, &e), -EDQUOT);
	assert_non_null(strstr(e.msg, " sandboxes, and the policy allows 0"));
	assert_int_equal(count_before(UINT64_MAX, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_different_descriptors_from_3_on_are_arguments),
		cmocka_unit_test(other_arguments_are_refused_each_with_a_sentence),
		cmocka_unit_test(only_a_seqpacket_socket_of_this_host_is_one),
		cmocka_unit_test(a_plan_is_read_from_a_sealed_memfd_alone),
		cmocka_unit_test(what_croft_encodes_is_what_the_gate_reads),
		cmocka_unit_test(first_processes_of_the_caller_that_live_are_counted),
		cmocka_unit_test(the_limit_may_be_reached_and_not_passed),
		cmocka_unit_test(a_status_that_is_too_long_is_an_error),
		cmocka_unit_test(before_anything_is_made_there_must_be_room_for_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
