/* `croft ps`. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "common/text.h"
#include "frontend/listing.h"
#include "frontend/out.h"
#include "frontend/state.h"
#include "frontend/verb.h"

static const char usage[] = "Usage: croft ps [--json]\n"
			    "\n"
			    "Prints your sandboxes that have a name and run: name, process of their croft, "
			    "start, root, command.\n";

static void began(const struct state_facts *f, bool json, char *buf, size_t size)
{
	const time_t t = (time_t)f->began;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(buf, size, json ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "%" PRId64, f->began);
}

static void print_json(const struct state_facts *f)
{
	char start[64];

	began(f, true, start, sizeof(start));
	out("{\"name\": ");
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

	listing_item(l);
	if (l->json) {
		print_json(f);
	} else {
		began(f, false, start, sizeof(start));
		if (l->count == 1)
			out("%-20s %-8s %-20s %-20s %s\n", "NAME", "PID", "STARTED", "ROOT", "COMMAND");
		out("%-20s %-8d %-20s %-20s", QUOTE(f->name), (int)f->pid, start, QUOTE(f->root));
		for (uint32_t i = 0; i < f->argv.count; i++)
			out(" %s", QUOTE(f->argv.item[i]));
		out(f->argv.count ? "\n" : " (login shell)\n");
	}
	return 0;
}

static int ps_main(int argc, char *argv[], struct err *e)
{
	struct listing l;
	int r = listing_begin(&l, "ps", usage, argc, argv, e);

	if (r <= 0)
		return r;
	return state_each(print_one, &l, e) < 0 ? -e->code : listing_end(&l, e);
}

const struct verb verb_ps = {
	.name = "ps",
	.help = "your sandboxes that have a name",
	.run = ps_main,
	.options = &listing_options,
};
