#include "frontend/listing.h"

#include "frontend/out.h"
#include "frontend/root_verbs.h"

static int set_json(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct listing *)ctx)->json = option_on(value);
	return 0;
}

static const struct option_row row[] = {{"json", 0, NULL, "for programs", set_json}};
const struct option_table listing_options = OPTION_TABLE(row);

int listing_begin(struct listing *l, const char *verb, const char *usage, int argc, char *argv[],
		  struct err *e)
{
	int next, r;

	*l = (struct listing){.json = false};
	r = root_parse(verb, usage, row, sizeof(row) / sizeof(row[0]), argc, argv, 0, 0, l, &next, e);
	if (r > 0 && l->json)
		out("[");
	return r;
}

void listing_item(struct listing *l)
{
	if (l->json)
		out("%s\n  ", l->count ? "," : "");
	l->count++;
}

int listing_end(const struct listing *l, struct err *e)
{
	if (l->json)
		out("%s]\n", l->count ? "\n" : "");
	return out_flush(e);
}
