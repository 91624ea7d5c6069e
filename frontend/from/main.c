/*
 * croft-from FD FOLDER: reads a file of options (croft-file(5); TOML or JSON) from descriptor FD, and prints
 * the words of a command line, with its relative paths below FOLDER: records of frontend/run_words.h. A
 * program of its own, so that croft itself links no library. Exit status: 0, else 1.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "frontend/from/document.h"
#include "frontend/from/form.h"

static const char program[] = "croft-from";

enum { ARENA_BYTES = 256 << 20, RECORDS_MAX = (4 << 20) - 1 };

static int convert(const char *fd_word, const char *folder, struct err *e)
{
	static char text[FROM_BYTES_MAX], words[RECORDS_MAX];
	struct records out = {.s = words, .size = sizeof(words)};
	struct value document;
	struct arena a;
	uint32_t fd;
	ssize_t n;
	int r;

	if (text_u32(fd_word, &fd) < 0 || fd > INT32_MAX)
		return err_set(e, EINVAL, "%s is not a descriptor number", QUOTE(fd_word));
	r = mem_arena(ARENA_BYTES, &a);
	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	n = fd_read_all((int)fd, text, sizeof(text));
	if (n == -EFBIG)
		return err_set(e, EFBIG, "it is longer than %d bytes", FROM_BYTES_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read it: %s", strerror((int)-n));
	if (document_read(text, (size_t)n, &a, &document, e) < 0 ||
	    form_read(&document, folder, &a, &out, e) < 0)
		return -e->code;
	r = fd_write_all(STDOUT_FILENO, out.s, out.used);
	return r < 0 ? err_set(e, -r, "write the words: %s", strerror(-r)) : 0;
}

int main(int argc, char *argv[])
{
	struct err e = {.code = 0};

	if (argc != 3)
		err_set(&e, EINVAL, "usage: croft-from FD FOLDER");
	else if (convert(argv[1], argv[2], &e) == 0)
		return 0;
	err_print(&e, program);
	return 1;
}
