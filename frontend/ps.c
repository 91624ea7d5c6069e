/* `croft ps`. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "common/text.h"
#include "frontend/out.h"
#include "frontend/root_verbs.h"
#include "frontend/state.h"
#include "frontend/verb.h"

static const char usage[] = "Usage: croft ps [--json]\n"
			    "\n"
			    "Prints your sandboxes that have a name and run: name, process of their croft, "
			    "start, root, command.\n";

struct listing {
	bool json;
	unsigned count;
};

static int set_json(void *ctx, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	((struct listing *)ctx)->json = true;
	return 0;
}

static const struct option_row row[] = {{"json", 0, NULL, "for programs", set_json}};
static const struct option_table options = OPTION_TABLE(row);

static void began(const struct state_facts *f, bool json, char *buf, size_t size)
{
	const time_t t = (time_t)f->began;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(buf, size, json ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "%" PRId64, f->began);
}

static void print_json(const struct listing *l, const struct state_facts *f)
{
	char start[64];

	began(f, true, start, sizeof(start));
	out("%s\n  {\"name\": ", l->count ? "," : "");
	out_json_string(f->name);
	out(", \"pid\": %d, \"started\": \"%s\", \"detached\": %s, \"root\": ", (int)f->pid, start,
	    f->detached ? "true" : "false");
	out_json_string(f->root);
	out(", \"command\": [");
	for (uint32_t i = 0; i < f->argv.count; i++) {
		out("%s", i ? ", " : "");
		out_json_string(f->argv.item[i]);
	}
	out("]}");
}

static int print_one(void *ctx, const struct state_facts *f)
{
	struct listing *l = ctx;
	char start[64];

	if (l->json) {
		print_json(l, f);
	} else {
		began(f, false, start, sizeof(start));
		if (!l->count)
			out("%-20s %-8s %-20s %-20s %s\n", "NAME", "PID", "STARTED", "ROOT", "COMMAND");
		out("%-20s %-8d %-20s %-20s", QUOTE(f->name), (int)f->pid, start, QUOTE(f->root));
		for (uint32_t i = 0; i < f->argv.count; i++)
			out(" %s", QUOTE(f->argv.item[i]));
		out(f->argv.count ? "\n" : " (login shell)\n");
	}
	l->count++;
	return 0;
}

static int ps_main(int argc, char *argv[], struct err *e)
{
	struct listing l = {.json = false};
	int next, r = root_parse("ps", usage, options.row, options.nrows, argc, argv, 0, 0, &l, &next, e);

	if (r <= 0)
		return r;
	if (l.json)
		out("[");
	if (state_each(print_one, &l, e) < 0)
		return -e->code;
	if (l.json)
		out("%s]\n", l.count ? "\n" : "");
	return out_flush(e);
}

const struct verb verb_ps = {
	.name = "ps",
	.help = "your sandboxes that have a name",
	.run = ps_main,
	.options = &options,
};
