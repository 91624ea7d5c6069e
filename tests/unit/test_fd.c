#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int null_fd(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd > 2);
	return fd;
}

/* Runs f in a child, so that it may ruin its descriptors; its return value is its exit status. */
static int in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void an_owner_closes_on_leaving_and_keeps_errno(void **state)
{
	int number;

	(void)state;
	errno = EXDEV;
	{
		fd_auto int fd = null_fd();

		number = fd;
		errno = EXDEV;
	}
	assert_int_equal(errno, EXDEV);
	assert_false(is_open(number));
}

static void what_was_taken_stays_open(void **state)
{
	int number;

	(void)state;
	{
		fd_auto int fd = null_fd();

		number = TAKE_FD(fd);
		assert_int_equal(fd, -1);
	}
	assert_true(is_open(number));
	fd_close(number);
	assert_false(is_open(number));
}

static void no_descriptor_is_nothing_to_close(void **state)
{
	(void)state;
	errno = EXDEV;
	fd_close(-1);
	fd_close(-EBADF);
	assert_int_equal(errno, EXDEV);
}

static void a_pipe_is_read_to_its_end_over_short_reads(void **state)
{
	char buf[8];
	int p[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (const char *s = "abcdefg"; *s; s++) {
			if (write(p[1], s, 1) != 1)
				_exit(1);
			usleep(2000);
		}
		_exit(0);
	}
	fd_close(p[1]);
	assert_int_equal(fd_read_all(p[0], buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "abcdefg", 7);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fd_close(p[0]);
}

static void exactly_full_is_fine_and_one_byte_more_is_not(void **state)
{
	static const struct {
		size_t bytes;
		ssize_t result;
		const char *why;
	} row[] = {
		{0, 0, "an empty file"},
		{3, 3, "less than the buffer"},
		{4, 4, "as much as the buffer"},
		{5, -EFBIG, "one byte more"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char buf[4];
		int p[2];

		assert_int_equal(pipe2(p, O_CLOEXEC), 0);
		assert_int_equal(fd_write_all(p[1], "12345", row[i].bytes), 0);
		fd_close(p[1]);
		if (fd_read_all(p[0], buf, sizeof(buf)) != row[i].result)
			fail_msg("%s", row[i].why);
		fd_close(p[0]);
	}
}

static void reading_says_what_the_kernel_says(void **state)
{
	fd_auto int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[4];

	(void)state;
	assert_int_equal(fd_read_all(dir, buf, sizeof(buf)), -EISDIR);
	assert_int_equal(fd_read_all(-1, buf, sizeof(buf)), -EBADF);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Signals without SA_RESTART hit a reader and a writer all the time, over a pipe that is often full. */
static void interrupted_reads_and_writes_lose_nothing(void **state)
{
	enum { SIZE = 1 << 20 };
	const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
	struct sigaction act = {.sa_handler = on_alarm}, old;
	char *sent = malloc(SIZE), *got = calloc(1, SIZE);
	int p[2], status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 7 + (i >> 9));
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
	pid = fork();
	assert_true(pid >= 0);
	setitimer(ITIMER_REAL, &often, NULL); /* of the parent and, anew, of the child */
	if (pid == 0) {
		fd_close(p[0]);
		_exit(fd_write_all(p[1], sent, SIZE) == 0 ? 0 : 1);
	}
	fd_close(p[1]);
	assert_int_equal(fd_read_all(p[0], got, SIZE), SIZE);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(got, sent, SIZE);
	fd_close(p[0]);
	free(sent);
	free(got);
}

static void a_full_disk_is_an_error(void **state)
{
	fd_auto int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
	assert_int_equal(fd_write_all(full, "x", 0), 0);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
}

static void openat2_is_always_cloexec(void **state)
{
	fd_auto int fd = fd_openat2(AT_FDCWD, "/dev/null", O_RDONLY, 0, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void openat2_hands_on_its_limits(void **state)
{
	fd_auto int usr = fd_openat2(AT_FDCWD, "/usr", O_PATH | O_DIRECTORY, 0, 0);

	(void)state;
	assert_true(usr >= 0);
	assert_int_equal(fd_openat2(usr, "..", O_PATH, 0, RESOLVE_BENEATH), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd_openat2(AT_FDCWD, "/proc/self/fd/0", O_PATH, 0, RESOLVE_NO_MAGICLINKS), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(fd_openat2(usr, "no such name", O_PATH, 0, 0), -1);
	assert_int_equal(errno, ENOENT);
}

static void the_path_of_a_descriptor_is_the_resolved_one(void **state)
{
	char folder[] = "/tmp/croft-test-fd.XXXXXX", name[128], buf[256];
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/link", folder);
	assert_int_equal(symlink("/usr", name), 0);
	fd_auto int fd = open(name, O_PATH | O_CLOEXEC);

	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(fd_path(fd, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, "/usr");
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	fd_auto int fd = open("/usr", O_PATH | O_CLOEXEC);
	struct err e = {0};
	char buf[5];

	(void)state;
	assert_int_equal(fd_path(fd, buf, 5, &e), 0);
	assert_string_equal(buf, "/usr");
	assert_int_equal(fd_path(fd, buf, 4, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.msg, "longer than 3 bytes"));
}

static void deleted_files_and_things_without_a_path_are_refused(void **state)
{
	char name[] = "/tmp/croft-test-fd.XXXXXX", buf[256];
	struct err e = {0};
	int p[2];

	(void)state;
	fd_auto int fd = mkostemp(name, O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(fd_path(fd, buf, sizeof(buf), &e), -ENOENT);
	assert_non_null(strstr(e.msg, "deleted"));
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(fd_path(p[0], buf, sizeof(buf), &e), -ENOENT);
	fd_close(p[0]);
	fd_close(p[1]);
	assert_int_equal(fd_path(-1, buf, sizeof(buf), &e), -ENOENT);
}

static void a_living_file_may_be_called_deleted(void **state)
{
	char folder[] = "/tmp/croft-test-fd.XXXXXX", name[128], buf[256];
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/x (deleted)", folder);
	fd_auto int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_path(fd, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, name);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Opens 20 to 39, closes 22 to 37 but for some, and compares what is open then. */
static int close_some(void)
{
	static const int keep[] = {-1, 3, 22, 25, 26, 37, 38};

	for (int fd = 20; fd < 40; fd++)
		if (dup2(0, fd) != fd)
			return 2;
	if (fd_close_range_but(22, 37, keep, sizeof(keep) / sizeof(keep[0])) != 0)
		return 3;
	for (int fd = 20; fd < 40; fd++) {
		bool kept = fd < 22 || fd > 37 || fd == 22 || fd == 25 || fd == 26 || fd == 37;

		if (is_open(fd) != kept)
			return fd;
	}
	return 0;
}

static int close_all_to_the_end(void)
{
	if (dup2(0, 20) != 20 || dup2(0, 21) != 21 || dup2(0, 500) != 500)
		return 2;
	if (fd_close_range_but(20, ~0U, (const int[]){21}, 1) != 0)
		return 3;
	return is_open(20) || !is_open(21) || is_open(500);
}

static void ranges_are_closed_but_for_what_is_kept(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_some), 0);
	assert_int_equal(in_child(close_all_to_the_end), 0);
}

static bool is_null(int fd)
{
	struct stat here, null;

	return fstat(fd, &here) == 0 && stat("/dev/null", &null) == 0 && here.st_rdev == null.st_rdev;
}

static int fill_all(void)
{
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	if (fd_fill_std() != 0)
		return 2;
	for (int fd = 0; fd <= 2; fd++)
		if (!is_null(fd) || fcntl(fd, F_GETFD) != 0)
			return 3 + fd;
	return is_open(3) ? 6 : 0;
}

static int fill_the_gap(void)
{
	int p[2];

	if (pipe(p) < 0 || dup2(p[0], 0) < 0 || dup2(p[1], 2) < 0)
		return 2;
	close(1);
	if (fd_fill_std() != 0)
		return 3;
	return is_null(0) || !is_null(1) || is_null(2);
}

static void missing_standard_descriptors_become_null_and_others_stay(void **state)
{
	(void)state;
	assert_int_equal(in_child(fill_all), 0);
	assert_int_equal(in_child(fill_the_gap), 0);
}

/* What fd_check_std() says when fd is path opened with flags: 0 fine, 1 refused with that name, 2 something
 * else. */
static int check_with(int fd, const char *path, int flags, int code, const char *name)
{
	struct err e = {0};
	int new = open(path, flags | O_CLOEXEC), r;

	for (int std = 0; std <= 2; std++) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null < 0 || dup2(null, std) < 0)
			return 3;
	}
	if (new < 0 || dup2(new, fd) < 0)
		return 4;
	r = fd_check_std(&e);
	if (r == 0)
		return 0;
	return r == -code && strstr(e.msg, name) ? 1 : 2;
}

static int input_is_a_directory(void)
{
	return check_with(0, "/", O_RDONLY | O_DIRECTORY, EISDIR, "standard input");
}

static int output_is_o_path(void)
{
	return check_with(1, "/dev/null", O_PATH, EBADF, "standard output");
}

static int errors_are_an_o_path_directory(void)
{
	return check_with(2, "/", O_PATH, EBADF, "standard error");
}

static int input_is_a_file(void)
{
	return check_with(0, "/proc/self/status", O_RDONLY, 0, "");
}

static void standard_descriptors_that_lead_out_are_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(input_is_a_file), 0);
	assert_int_equal(in_child(input_is_a_directory), 1);
	assert_int_equal(in_child(output_is_o_path), 1);
	assert_int_equal(in_child(errors_are_an_o_path_directory), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_owner_closes_on_leaving_and_keeps_errno),
		cmocka_unit_test(what_was_taken_stays_open),
		cmocka_unit_test(no_descriptor_is_nothing_to_close),
		cmocka_unit_test(a_pipe_is_read_to_its_end_over_short_reads),
		cmocka_unit_test(exactly_full_is_fine_and_one_byte_more_is_not),
		cmocka_unit_test(reading_says_what_the_kernel_says),
		cmocka_unit_test(interrupted_reads_and_writes_lose_nothing),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(openat2_is_always_cloexec),
		cmocka_unit_test(openat2_hands_on_its_limits),
		cmocka_unit_test(the_path_of_a_descriptor_is_the_resolved_one),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(deleted_files_and_things_without_a_path_are_refused),
		cmocka_unit_test(a_living_file_may_be_called_deleted),
		cmocka_unit_test(ranges_are_closed_but_for_what_is_kept),
		cmocka_unit_test(missing_standard_descriptors_become_null_and_others_stay),
		cmocka_unit_test(standard_descriptors_that_lead_out_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
