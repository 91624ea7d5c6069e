#include "frontend/from_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/run_form.h"
#include "frontend/spawn.h"

static const char reader[] = LIBEXECDIR "/croft-from";

enum { FD_AS = 3, RECORDS_MAX = 4 << 20 };

static int open_file(const char *file, struct err *e)
{
	/* Not 0 itself: croft-from has another standard input. */
	fd_auto int fd = !strcmp(file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FD_AS)
					    : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open it");
	if (S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "it is a directory");
	return TAKE_FD(fd);
}

static const char *folder_of(const char *file, struct arena *a)
{
	const char *base = path_base(file);
	size_t n = (size_t)(base - file);

	while (n > 1 && file[n - 1] == '/')
		n--;
	return n ? arena_copy(a, file, n) : ".";
}

/* Returns the size of the records, or -errno. */
static long read_records(int fd, const char *folder, char *records, struct arena *a, struct err *e)
{
	char as[4], errors[ERR_MSG_MAX + ERR_HINT_MAX], *where = arena_copy(a, folder, strlen(folder));
	char *argv[] = {(char[]){"croft-from"}, as, where, NULL};
	size_t length = 0;
	const struct spawn s = {.path = reader,
				.argv = argv,
				.fd = fd,
				.fd_as = FD_AS,
				.out = records,
				.out_size = RECORDS_MAX,
				.out_length = &length,
				.errors = errors,
				.errors_size = sizeof(errors)};
	int r;

	snprintf(as, sizeof(as), "%d", FD_AS);
	r = where ? spawn_ours(&s, "reads such files", e) : err_set(e, ENOMEM, "no memory for its folder");
	return r < 0 ? r : (long)length;
}

static int read_file(const char *file, struct arena *a, struct run_words *ret, struct err *e)
{
	char *records = arena_alloc(a, RECORDS_MAX);
	const char *folder = folder_of(file, a);
	fd_auto int fd = open_file(file, e);
	long n;

	if (fd < 0)
		return fd;
	if (!records || !folder)
		return err_set(e, ENOMEM, "no memory for what it says");
	n = read_records(fd, folder, records, a, e);
	return n < 0 ? (int)n : run_words_records(records, (size_t)n, a, ret, e);
}

int from_file(const char *file, struct arena *a, struct run_words *ret, struct err *e)
{
	return read_file(file, a, ret, e) < 0 ? err_wrap(e, "option --from: %s", QUOTE(file)) : 0;
}
