#include "frontend/rootbuild/ldconf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"

static int read_conf(const char *file, unsigned depth, struct arena *a, struct ldconf *ret, struct err *e);

/* The next word of a line; blanks, and for directories ':' and ',' too, stand between words: ldconfig's
 * parse_conf(). */
static char *next_word(char **p, const char *between)
{
	char *start = *p + strspn(*p, between);
	size_t n = strcspn(start, between);

	if (!n)
		return NULL;
	*p = start + n + (start[n] ? 1 : 0);
	start[n] = '\0';
	return start;
}

static int include(const char *file, const char *pattern, unsigned depth, struct arena *a, struct ldconf *ret,
		   struct err *e)
{
	const char *slash = strrchr(file, '/');
	char full[4096]; /* PATH_MAX */
	int dir = pattern[0] == '/' || !slash ? 0 : (int)(slash - file + 1);
	int n = snprintf(full, sizeof(full), "%.*s%s", dir, file, pattern), r = 0;
	glob_t g;

	if (n < 0 || (size_t)n >= sizeof(full))
		return err_set(e, ENAMETOOLONG, "%s includes a path that is too long", QUOTE(file));
	if (glob(full, 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc && r == 0; i++)
		r = read_conf(g.gl_pathv[i], depth + 1, a, ret, e);
	globfree(&g);
	return r;
}

static int add_dir(const char *dir, struct arena *a, struct ldconf *ret, struct err *e)
{
	char *copy;

	if (dir[0] != '/')
		return 0;
	if (ret->count == LDCONF_DIRS_MAX)
		return err_set(e, E2BIG, "ld.so.conf names more than %d directories", LDCONF_DIRS_MAX);
	copy = arena_copy(a, dir, strlen(dir));
	if (!copy)
		return err_set(e, ENOMEM, "no memory left for the directories of ld.so.conf");
	ret->dir[ret->count++] = copy;
	return 0;
}

static int take_line(const char *file, char *line, unsigned depth, struct arena *a, struct ldconf *ret,
		     struct err *e)
{
	bool includes;
	char *w;
	int r = 0;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t\r\f\v");
	includes = text_starts(line, "include") && isspace((unsigned char)line[strlen("include")]);
	if (includes)
		line += strlen("include");
	else if (text_starts(line, "hwcap "))
		return 0;
	while (r == 0 && (w = next_word(&line, includes ? " \t\r\f\v" : " \t\r\f\v:,")))
		r = includes ? include(file, w, depth, a, ret, e) : add_dir(w, a, ret, e);
	return r;
}

static int read_conf(const char *file, unsigned depth, struct arena *a, struct ldconf *ret, struct err *e)
{
	fd_auto int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text, *line;
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", QUOTE(file));
	if (depth > LDCONF_DEPTH_MAX)
		return err_set(e, ELOOP, "%s: files include each other too deeply", QUOTE(file));
	text = arena_alloc(a, LDCONF_BYTES_MAX + 1);
	if (!text)
		return err_set(e, ENOMEM, "no memory left to read %s", QUOTE(file));
	n = fd_read_all(fd, text, LDCONF_BYTES_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", QUOTE(file), strerror((int)-n));
	text[n] = '\0';
	while (r == 0 && (line = strsep(&text, "\n")))
		r = take_line(file, line, depth, a, ret, e);
	return r;
}

int ldconf_read(const char *file, struct arena *a, struct ldconf *ret, struct err *e)
{
	return read_conf(file, 0, a, ret, e);
}
