#include "frontend/cgroup_text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

const char *const cgroup_word[] = {"cpu", "io", "memory", "pids"};
static_assert(sizeof(cgroup_word) / sizeof(cgroup_word[0]) == CGROUP_CONTROLLERS,
	      "a word for each controller");

enum {
	CPU_PERIOD_US = 100000, /* the kernel's default */
	CPU_PERIOD_LONG_US =
		1000000,         /* the longest: for shares whose quota would be below CPU_QUOTA_MIN_US */
	CPU_QUOTA_MIN_US = 1000, /* the kernel's lower bound of quota and period */
	BFQ_WEIGHT_MAX = 1000,
	IO_WEIGHT_DEFAULT = 100,
	IO_WEIGHT_MAX = 10000,
};

const char *cgroup_list(unsigned controllers, const char *prefix, char buf[CGROUP_LIST_MAX])
{
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!(controllers & CGROUP_BIT(i)))
			continue;
		used += (size_t)snprintf(buf + used, CGROUP_LIST_MAX - used, "%s%s%s", used ? " " : "",
					 prefix, cgroup_word[i]);
	}
	return buf;
}

unsigned cgroup_needs(const struct plan *p)
{
	return (p->memory_max || p->memory_swap_max != UINT64_MAX ? CGROUP_BIT(CGROUP_MEMORY) : 0) |
	       (p->cpu_milli ? CGROUP_BIT(CGROUP_CPU) : 0) | (p->pids_max ? CGROUP_BIT(CGROUP_PIDS) : 0) |
	       (p->io_weight ? CGROUP_BIT(CGROUP_IO) : 0);
}

/* --- reading --------------------------------------------------------------------------------- */

static unsigned bit_of(const char *word, size_t n)
{
	if (text_is(word, n, "blkio"))
		return CGROUP_BIT(CGROUP_IO);
	for (int i = 0; i < CGROUP_CONTROLLERS; i++)
		if (text_is(word, n, cgroup_word[i]))
			return CGROUP_BIT(i);
	return 0;
}

/* The bits of the words of s[0..n) that stand between any of the separators. */
static unsigned bits_of(const char *s, size_t n, const char *separators)
{
	unsigned bits = 0;

	for (const char *end = s + n; s < end;) {
		size_t k = strcspn(s, separators);

		if (k > (size_t)(end - s))
			k = (size_t)(end - s);
		bits |= bit_of(s, k);
		s += k + 1;
	}
	return bits;
}

unsigned cgroup_controllers(const char *text)
{
	return bits_of(text, strlen(text), " \n");
}

/* Copies s[0..n), with \NNN of mountinfo made bytes again: proc(5). */
static int copy_path(const char *s, size_t n, char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\' && n - i > 3 && s[i + 1] >= '0' && s[i + 1] <= '3') {
			c = (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 | (s[i + 3] - '0'));
			i += 3;
		}
		if (used + 1 >= size)
			return -ENAMETOOLONG;
		buf[used++] = c;
	}
	buf[used] = '\0';
	return 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

int cgroup_own(const char *text, char *buf, size_t size)
{
	for (const char *line = text; *line; line = next_line(line)) {
		size_t n;

		if (!text_starts(line, "0::/"))
			continue;
		line += strlen("0::");
		n = strcspn(line, "\n");
		if (n >= size)
			return -ENAMETOOLONG;
		memcpy(buf, line,
		       n); /* not escaped here; a newline in a name would be one: names of others */
		buf[n] = '\0';
		return 0;
	}
	return -ENOENT;
}

/* A line is "4:memory:/path", or "2:cpu,cpuacct:/path". */
unsigned cgroup_v1(const char *text)
{
	unsigned bits = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		const char *names = line + strcspn(line, ":\n");

		if (*names == ':')
			bits |= bits_of(names + 1, strcspn(names + 1, ":\n"), ",:\n");
	}
	return bits;
}

/* The field of that number, from 0; ends at a blank. */
static const char *field(const char *line, int number)
{
	while (number-- > 0) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return line;
		line++;
	}
	return line;
}

static bool is_cgroup2(const char *line)
{
	const char *end = line + strcspn(line, "\n"), *type = strstr(line, " - ");

	return type && type < end && text_starts(type, " - cgroup2 ");
}

int cgroup_mounted(const char *text, char *at, char *root, size_t size)
{
	int r = -ENOENT;

	for (const char *line = text; *line; line = next_line(line)) {
		const char *of = field(line, 3), *where = field(line, 4);

		if (!is_cgroup2(line))
			continue;
		r = copy_path(of, strcspn(of, " \n"), root, size);
		if (r == 0)
			r = copy_path(where, strcspn(where, " \n"), at, size);
		if (r < 0)
			return r;
	}
	return r;
}

int cgroup_dir(const char *at, const char *root, const char *path, char *buf, size_t size)
{
	const char *rest = path;
	int n;

	if (strcmp(root, "/") != 0) {
		if (!path_covers(root, path))
			return -EXDEV;
		rest = path + strlen(root);
	}
	n = snprintf(buf, size, "%s%s", at, strcmp(rest, "/") != 0 ? rest : "");
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

uint64_t cgroup_event(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; *line; line = next_line(line)) {
		char number[24];
		uint64_t value;

		if (!text_starts(line, key) || line[n] != ' ')
			continue;
		snprintf(number, sizeof(number), "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
		return text_u64(number, &value) < 0 ? 0 : value;
	}
	return 0;
}

bool cgroup_is_managers(const char *path)
{
	size_t n;

	for (const char *c = path_next(&path, &n); c; c = path_next(&path, &n))
		if (text_starts(c, "user@") && n > strlen(".service") &&
		    text_is(c + n - strlen(".service"), strlen(".service"), ".service"))
			return true;
	return false;
}

/* --- writing ---------------------------------------------------------------------------------- */

static struct cgroup_setting *add(struct cgroup_setting *s, int *n, enum cgroup_controller controller,
				  const char *file)
{
	s += (*n)++;
	*s = (struct cgroup_setting){.controller = controller, .file = file};
	return s;
}

static void set_number(struct cgroup_setting *s, uint64_t value)
{
	snprintf(s->value, sizeof(s->value), "%llu", (unsigned long long)value);
}

/* "QUOTA PERIOD", in microseconds. */
static void set_cpu(struct cgroup_setting *s, uint64_t milli)
{
	uint64_t period =
		milli * CPU_PERIOD_US / 1000 >= CPU_QUOTA_MIN_US ? CPU_PERIOD_US : CPU_PERIOD_LONG_US;

	snprintf(s->value, sizeof(s->value), "%llu %llu", (unsigned long long)(milli * period / 1000),
		 (unsigned long long)period);
}

/* io.weight has 1 to 10000, the scheduler BFQ 1 to 1000 with the same 100 in the middle: what is above is
 * spread over what is left. */
static void set_io(struct cgroup_setting *s, uint64_t weight)
{
	uint64_t bfq = weight;

	if (weight > IO_WEIGHT_DEFAULT)
		bfq = IO_WEIGHT_DEFAULT + (weight - IO_WEIGHT_DEFAULT) *
						  (BFQ_WEIGHT_MAX - IO_WEIGHT_DEFAULT) /
						  (IO_WEIGHT_MAX - IO_WEIGHT_DEFAULT);
	snprintf(s->value, sizeof(s->value), "default %llu", (unsigned long long)weight);
	s->other = "io.bfq.weight";
	snprintf(s->other_value, sizeof(s->other_value), "%llu", (unsigned long long)bfq);
}

int cgroup_settings(const struct plan *p, struct cgroup_setting ret[CGROUP_SETTINGS_MAX])
{
	int n = 0;

	if (p->memory_max)
		set_number(add(ret, &n, CGROUP_MEMORY, "memory.max"), p->memory_max);
	if (p->memory_swap_max != UINT64_MAX)
		set_number(add(ret, &n, CGROUP_MEMORY, "memory.swap.max"), p->memory_swap_max);
	if (p->cpu_milli)
		set_cpu(add(ret, &n, CGROUP_CPU, "cpu.max"), p->cpu_milli);
	if (p->pids_max)
		set_number(add(ret, &n, CGROUP_PIDS, "pids.max"), p->pids_max);
	if (p->io_weight)
		set_io(add(ret, &n, CGROUP_IO, "io.weight"), p->io_weight);
	return n;
}
