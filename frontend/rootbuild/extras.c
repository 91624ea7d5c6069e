#include "frontend/rootbuild/extras.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NSSWITCH_BYTES_MAX = 65536,
	SERVICES_MAX = 32,
	SERVICE_NAME_MAX = 64,
	LOCALE_DEPTH_MAX = 4,
	CONF_DEPTH_MAX = 2,
};

static const char *const terminals[] = {
	"ansi",          "dumb",  "linux", "screen", "screen-256color", "tmux",
	"tmux-256color", "vt100", "vt220", "xterm",  "xterm-256color",
};
static const char *const terminfo[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"};
static const char *const locales[] = {"/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8"};
/* Libraries by which a program is known to use a terminal. */
static const char *const terminal_libraries[] = {"libtinfo", "libncurses", "libreadline"};
static const char *const databases[] = {"passwd", "group", "hosts"};
/* Libraries of their own before glibc 2.34. */
static const char *const always[] = {"libnss_files.so.2", "libnss_dns.so.2", "libgcc_s.so.1"};

static bool is_service_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= '0' && s[i] <= '9') || s[i] == '_' || s[i] == '-'))
			return false;
	return n > 0 && n <= SERVICE_NAME_MAX;
}

/* The services of one line behind its colon; [NOTFOUND=return] and the like are none. */
static size_t line_services(const char *s, size_t n, struct arena *a, const char *ret[], size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < n && s[i] != '#' && count < max;) {
		size_t len = 0;

		if (s[i] == '[')
			while (i < n && s[i] != ']')
				i++;
		while (i + len < n && !strchr(" \t\r[]#", s[i + len]))
			len++;
		if (is_service_name(s + i, len) && (ret[count] = arena_copy(a, s + i, len)))
			count++;
		i += len ? len : 1;
	}
	return count;
}

size_t extras_services(const char *text, const char *database, struct arena *a, const char *ret[], size_t max)
{
	size_t count = 0;

	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		size_t blank = strspn(line, " \t");
		const char *colon = memchr(line, ':', n);

		if (colon && (size_t)(colon - line) >= blank &&
		    text_is(line + blank, (size_t)(colon - line) - blank, database))
			count += line_services(colon + 1, n - (size_t)(colon + 1 - line), a, ret + count,
					       max - count);
		line += n + (line[n] ? 1 : 0);
	}
	return count;
}

static int read_nsswitch(struct arena *a, const char **ret, struct err *e)
{
	static const char file[] = "/etc/nsswitch.conf";
	fd_auto int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = arena_alloc(a, NSSWITCH_BYTES_MAX + 1);
	ssize_t n;

	if (!text)
		return err_set(e, ENOMEM, "no memory left to read %s", file);
	*ret = text;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", file);
	n = fd_read_all(fd, text, NSSWITCH_BYTES_MAX);
	return n < 0 ? err_set(e, (int)-n, "read %s: %s", file, strerror((int)-n)) : 0;
}

static int add_service(struct needs *n, const char *service, struct err *e)
{
	char library[SERVICE_NAME_MAX + 16];

	snprintf(library, sizeof(library), "libnss_%s.so.2", service);
	return needs_library(n, library, e);
}

static int add_loaded_libraries(struct needs *n, struct err *e)
{
	const char *service[SERVICES_MAX], *text = "";
	int r = read_nsswitch(n->arena, &text, e);

	for (size_t d = 0; d < ARRAY_SIZE(databases) && r == 0; d++) {
		size_t count = extras_services(text, databases[d], n->arena, service, SERVICES_MAX);

		for (size_t i = 0; i < count && r == 0; i++)
			r = add_service(n, service[i], e);
	}
	for (size_t i = 0; i < ARRAY_SIZE(always) && r == 0; i++)
		r = needs_library(n, always[i], e);
	return r;
}

/* terminfo(5): DIR/x/xterm, or DIR/78/xterm where file names do not tell upper from lower case. */
static int add_terminal(struct needs *n, const char *name, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(terminfo) && r == 0; i++) {
		char path[128]; /* a directory of terminfo[] and a name of at most SERVICE_NAME_MAX */

		snprintf(path, sizeof(path), "%s/%c/%s", terminfo[i], name[0], name);
		r = manifest_add_optional(n->manifest, path, e);
		snprintf(path, sizeof(path), "%s/%02x/%s", terminfo[i], (unsigned char)name[0], name);
		if (r == 0)
			r = manifest_add_optional(n->manifest, path, e);
	}
	return r;
}

static int add_terminals(struct needs *n, const char *term, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(terminals) && r == 0; i++)
		r = add_terminal(n, terminals[i], e);
	if (r == 0 && term && is_service_name(term, strlen(term)))
		r = add_terminal(n, term, e);
	for (size_t i = 0; i < ARRAY_SIZE(locales) && r == 0; i++)
		if (manifest_add_optional(n->manifest, locales[i], e) == 0 &&
		    manifest_find(n->manifest, locales[i]))
			r = manifest_add_tree(n->manifest, locales[i], LOCALE_DEPTH_MAX, e);
	return r;
}

static int add_linker_files(struct needs *n, struct err *e)
{
	int r = manifest_add_optional(n->manifest, "/etc/ld.so.cache", e);

	if (r == 0)
		r = manifest_add_optional(n->manifest, "/etc/ld.so.conf", e);
	if (r == 0)
		r = manifest_add_optional(n->manifest, "/etc/ld.so.conf.d", e);
	if (r == 0 && manifest_find(n->manifest, "/etc/ld.so.conf.d"))
		r = manifest_add_tree(n->manifest, "/etc/ld.so.conf.d", CONF_DEPTH_MAX, e);
	return r;
}

int extras_add(struct needs *n, const char *term, struct err *e)
{
	bool terminal = false, dynamic = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(terminal_libraries); i++)
		terminal = terminal || needs_uses(n, terminal_libraries[i]);
	for (size_t i = 0; i < n->nfiles; i++)
		dynamic = dynamic || n->file[i].elf.interp;
	if (dynamic)
		r = add_loaded_libraries(n, e);
	if (r == 0 && dynamic)
		r = add_linker_files(n, e);
	return r == 0 && terminal ? add_terminals(n, term, e) : r;
}
