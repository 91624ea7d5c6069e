#include "frontend/import/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "frontend/json/json.h"

#define OCI "application/vnd.oci.image."

static const char index_type[] = OCI "index.v1+json";
static const char manifest_type[] = OCI "manifest.v1+json";
static const char config_type[] = OCI "config.v1+json";
static const char reference[] = "org.opencontainers.image.ref.name";

static const struct {
	const char *machine, *name;
} architecture[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},         {"armv6l", "arm"},
		    {"i686", "386"},     {"i386", "386"},      {"loongarch64", "loong64"}};

const char *layout_architecture(const char *machine)
{
	for (size_t i = 0; i < sizeof(architecture) / sizeof(architecture[0]); i++)
		if (!strcmp(architecture[i].machine, machine))
			return architecture[i].name;
	return machine;
}

/* --- what all documents have --------------------------------------------------------------------------- */

/* A string that must be there. */
static int word(const struct json_node *object, const char *name, const char **ret, struct err *e)
{
	struct json_node n;
	int r = json_member(object, name, JSON_STRING, &n, e);

	if (r > 0) {
		*ret = json_text(&n);
		return 0;
	}
	if (r == 0)
		json_wrong(object, e, "it has no %s", name);
	return -EINVAL;
}

/* A string that may be missing: NULL. */
static int perhaps(const struct json_node *object, const char *name, const char **ret, struct err *e)
{
	struct json_node n;
	int r = json_member(object, name, JSON_STRING, &n, e);

	*ret = r > 0 ? json_text(&n) : NULL;
	return r < 0 ? r : 0;
}

static int descriptor(const struct json_node *n, struct layout_blob *ret, struct err *e)
{
	struct json_node size;
	struct err why;
	const char *text;
	int r;

	if (word(n, "digest", &text, e) < 0)
		return -e->code;
	r = json_member(n, "size", JSON_NUMBER, &size, e);
	if (r <= 0)
		return r < 0 ? r : json_wrong(n, e, "it has no size");
	if (digest_parse(text, &ret->digest, &why) < 0)
		return json_wrong(n, e, "%s", why.msg);
	ret->size = json_number(&size);
	return 0;
}

/* The version that index and manifest must have, and the type that they may. */
static int check_head(const struct json_node *document, const char *type, struct err *e)
{
	struct json_node version;
	const char *have;
	int r = json_member(document, "schemaVersion", JSON_NUMBER, &version, e);

	if (r < 0 || perhaps(document, "mediaType", &have, e) < 0)
		return -e->code;
	if (r == 0 || json_number(&version) != 2)
		return json_wrong(document, e, "its schemaVersion is not 2");
	return have && strcmp(have, type) != 0
		       ? json_wrong(document, e, "its type is %s, and not %s", QUOTE(have), type)
		       : 0;
}

static int array(const struct json_node *object, const char *name, size_t max, struct json_node *ret,
		 struct err *e)
{
	int r = json_member(object, name, JSON_ARRAY, ret, e);

	if (r <= 0)
		return r < 0 ? r : json_wrong(object, e, "it has no %s", name);
	return json_length(ret) > max ? json_wrong(ret, e, "it has more than %zu items", max) : 0;
}

int layout_version(const char *text, size_t size, struct err *e)
{
	struct json_node document;
	const char *version;
	int r = json_parse(text, size, &document, e);

	if (r < 0)
		return r;
	r = word(&document, "imageLayoutVersion", &version, e);
	if (r == 0 && strcmp(version, "1.0.0") != 0)
		r = err_set(e, EINVAL, "the version of the layout is %s, and not 1.0.0", QUOTE(version));
	json_free(&document);
	return r;
}

/* --- an index ------------------------------------------------------------------------------------------- */

struct entry {
	struct json_node node;
	const char *name; /* NULL: none */
	const char *os, *architecture;
};

/* What there is, for a hint. */
struct list {
	char text[300];
	size_t used;
	uint32_t count;
};

static void list_add(struct list *l, const char *item)
{
	int n = snprintf(l->text + l->used, sizeof(l->text) - l->used, "%s%s", l->count ? ", " : "", item);

	if (n > 0 && (size_t)n < sizeof(l->text) - l->used)
		l->used += (size_t)n;
	else
		l->text[l->used] = '\0';
	l->count++;
}

static int read_entry(const struct json_node *manifests, size_t i, struct entry *ret, struct err *e)
{
	struct json_node n;
	int r;

	*ret = (struct entry){.name = NULL};
	if (json_item(manifests, i, JSON_OBJECT, &ret->node, e) < 0)
		return -e->code;
	r = json_member(&ret->node, "annotations", JSON_OBJECT, &n, e);
	if (r < 0 || (r > 0 && perhaps(&n, reference, &ret->name, e) < 0))
		return -e->code;
	r = json_member(&ret->node, "platform", JSON_OBJECT, &n, e);
	if (r > 0)
		r = word(&n, "os", &ret->os, e) < 0 || word(&n, "architecture", &ret->architecture, e) < 0
			    ? -e->code
			    : 0;
	return r;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* How well an entry fits: 2 is of this machine, 1 says nothing, 0 is another's. */
static int fits(const struct entry *x, const struct layout_want *want)
{
	if (!x->os)
		return 1;
	return !strcmp(x->os, "linux") && !strcmp(x->architecture, want->architecture) ? 2 : 0;
}

struct choice {
	const struct layout_want *want;
	struct entry best, first;
	int fit;
	uint32_t named, unknown; /* of that name; best ones that say no machine */
	bool several;            /* names */
	struct list names, machines;
};

static void look_at(struct choice *c, const struct entry *x)
{
	const int fit = fits(x, c->want);
	char machine[64];

	list_add(&c->names, x->name ? QUOTE(x->name) : "(one without a name)");
	if (c->names.count == 1)
		c->first = *x;
	c->several |= !same_name(c->first.name, x->name);
	if (c->want->tag && !same_name(c->want->tag, x->name))
		return;
	c->named++;
	if (x->os) {
		snprintf(machine, sizeof(machine), "%.30s/%.30s", x->os, x->architecture);
		list_add(&c->machines, QUOTE(machine));
	}
	c->unknown += fit == 1;
	if (fit > c->fit) {
		c->fit = fit;
		c->best = *x;
	}
}

static int judge(const struct choice *c, struct err *e)
{
	const char *tag = c->want->tag;

	if (c->names.count == 0)
		return err_set(e, ENOENT, "there is no image in it");
	if (tag && c->named == 0)
		err_set(e, ENOENT, "there is no image called %s in it", QUOTE(tag));
	else if (!tag && c->several)
		err_set(e, EINVAL, "there is more than one image in it");
	else if (c->fit == 1 && c->unknown > 1)
		err_set(e, EINVAL, "there is more than one image of that name in it");
	else if (c->fit == 0) {
		err_set(e, ENOENT, "there is no image for linux/%s in it", c->want->architecture);
		return err_hint(e, "there are some for: %s", c->machines.text);
	} else
		return 0;
	return err_hint(e, "write oci:DIR:NAME; there are: %s", c->names.text);
}

static int take(const struct entry *x, struct layout_entry *ret, struct err *e)
{
	const char *type;

	if (word(&x->node, "mediaType", &type, e) < 0)
		return -e->code;
	if (strcmp(type, index_type) != 0 && strcmp(type, manifest_type) != 0)
		return json_wrong(&x->node, e, "its type is %s, which is no image", QUOTE(type));
	ret->kind = strcmp(type, index_type) ? LAYOUT_MANIFEST : LAYOUT_INDEX;
	return descriptor(&x->node, &ret->blob, e);
}

static int choose(const struct json_node *document, struct choice *c, struct layout_entry *ret, struct err *e)
{
	struct layout_entry found;
	struct json_node manifests;

	if (check_head(document, index_type, e) < 0 ||
	    array(document, "manifests", LAYOUT_ENTRIES_MAX, &manifests, e) < 0)
		return -e->code;
	for (size_t i = 0; i < json_length(&manifests); i++) {
		struct entry x;

		if (read_entry(&manifests, i, &x, e) < 0)
			return -e->code;
		look_at(c, &x);
	}
	if (judge(c, e) < 0 || take(&c->best, &found, e) < 0)
		return -e->code;
	*ret = found;
	return 0;
}

int layout_choose(const char *text, size_t size, const struct layout_want *want, struct layout_entry *ret,
		  struct err *e)
{
	struct choice c = {.want = want};
	struct json_node document;
	int r = json_parse(text, size, &document, e);

	if (r < 0)
		return r;
	r = choose(&document, &c, ret, e);
	json_free(&document);
	return r;
}

/* --- a manifest ----------------------------------------------------------------------------------------- */

/* How a layer is packed is seen in it: the type only has to be one of those. */
static int check_layer(const struct json_node *n, struct err *e)
{
	static const char *const known[] = {OCI "layer.v1.tar", OCI "layer.v1.tar+gzip",
					    OCI "layer.v1.tar+zstd"};
	const char *type;

	if (word(n, "mediaType", &type, e) < 0)
		return -e->code;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(type, known[i]))
			return 0;
	if (text_starts(type, OCI "layer.nondistributable.") || strstr(type, ".foreign."))
		return json_wrong(n, e, "the layer is not in the layout but to be had elsewhere (%s)",
				  QUOTE(type));
	return json_wrong(n, e, "the type of the layer is not known: %s", QUOTE(type));
}

static int read_config(const struct json_node *document, struct layout_blob *ret, struct err *e)
{
	struct json_node config;
	const char *type;
	int r = json_member(document, "config", JSON_OBJECT, &config, e);

	if (r <= 0)
		return r < 0 ? r : json_wrong(document, e, "it has no config");
	if (word(&config, "mediaType", &type, e) < 0)
		return -e->code;
	if (strcmp(type, config_type) != 0)
		return json_wrong(&config, e, "its type is %s, so this is no image to run", QUOTE(type));
	return descriptor(&config, ret, e);
}

static int read_manifest(const struct json_node *document, struct layout_image *ret, struct err *e)
{
	struct json_node layers;

	if (check_head(document, manifest_type, e) < 0 || read_config(document, &ret->config, e) < 0 ||
	    array(document, "layers", LAYOUT_LAYERS_MAX, &layers, e) < 0)
		return -e->code;
	ret->nlayers = (uint32_t)json_length(&layers);
	if (ret->nlayers == 0)
		return json_wrong(&layers, e, "the image has no layer");
	for (uint32_t i = 0; i < ret->nlayers; i++) {
		struct json_node n;

		if (json_item(&layers, i, JSON_OBJECT, &n, e) < 0 || check_layer(&n, e) < 0 ||
		    descriptor(&n, &ret->layer[i].blob, e) < 0)
			return -e->code;
	}
	return 0;
}

int layout_manifest(const char *text, size_t size, struct layout_image *ret, struct err *e)
{
	struct json_node document;
	int r = json_parse(text, size, &document, e);

	if (r < 0)
		return r;
	r = read_manifest(&document, ret, e);
	json_free(&document);
	return r;
}

/* --- a configuration ------------------------------------------------------------------------------------ */

static int read_diffs(const struct json_node *document, struct layout_image *image, struct err *e)
{
	struct json_node rootfs, ids, n;
	struct err why;
	int r = json_member(document, "rootfs", JSON_OBJECT, &rootfs, e);

	if (r <= 0)
		return r < 0 ? r : json_wrong(document, e, "it has no rootfs");
	if (array(&rootfs, "diff_ids", LAYOUT_LAYERS_MAX, &ids, e) < 0)
		return -e->code;
	if (json_length(&ids) != image->nlayers)
		return json_wrong(&ids, e, "it has %zu items for %u layers", json_length(&ids),
				  image->nlayers);
	for (uint32_t i = 0; i < image->nlayers; i++) {
		if (json_item(&ids, i, JSON_STRING, &n, e) < 0)
			return -e->code;
		if (digest_parse(json_text(&n), &image->layer[i].diff, &why) < 0)
			return json_wrong(&n, e, "%s", why.msg);
	}
	return 0;
}

/* A word as a shell reads it; what does not fit is cut off as a whole. */
static void add_word(char *text, const char *before, const char *w)
{
	size_t used = strlen(text);
	char quoted[LAYOUT_RUNS_MAX];
	size_t n = 0;

	if (*w && w[strspn(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+")] ==
			  '\0') {
		n = (size_t)snprintf(quoted, sizeof(quoted), "%s", w);
	} else {
		quoted[n++] = '\'';
		for (; *w && n < sizeof(quoted) - 6; w++)
			n += (size_t)snprintf(quoted + n, sizeof(quoted) - n, *w == '\'' ? "'\\''" : "%c",
					      *w);
		quoted[n++] = '\'';
		quoted[n] = '\0';
	}
	if (n + strlen(before) + 2 <= LAYOUT_RUNS_MAX - used)
		snprintf(text + used, LAYOUT_RUNS_MAX - used, "%s%s%s", used ? " " : "", before, quoted);
}

static int add_words(const struct json_node *object, const char *name, const char *before, char *text,
		     struct err *e)
{
	struct json_node list, n;
	int r = json_member(object, name, JSON_ARRAY, &list, e);

	for (size_t i = 0; r > 0 && i < json_length(&list); i++) {
		r = json_item(&list, i, JSON_STRING, &n, e);
		if (r < 0)
			break;
		add_word(text, before, json_text(&n));
		r = 1;
	}
	return r < 0 ? r : 0;
}

static int add_option(const struct json_node *object, const char *name, const char *option, char *text,
		      struct err *e)
{
	const char *value;

	if (perhaps(object, name, &value, e) < 0)
		return -e->code;
	if (value && *value)
		add_word(text, option, value);
	return 0;
}

static int read_runs(const struct json_node *document, const char *name, char *text, struct err *e)
{
	struct json_node config;
	int r = json_member(document, "config", JSON_OBJECT, &config, e);

	text[0] = '\0';
	if (r <= 0)
		return r;
	if (add_option(&config, "User", "--user ", text, e) < 0 ||
	    add_option(&config, "WorkingDir", "--workdir ", text, e) < 0 ||
	    add_words(&config, "Env", "--env ", text, e) < 0)
		return -e->code;
	add_word(text, "", name);
	add_word(text, "", "--");
	return add_words(&config, "Entrypoint", "", text, e) < 0 || add_words(&config, "Cmd", "", text, e) < 0
		       ? -e->code
		       : 0;
}

static int check_os(const struct json_node *document, struct err *e)
{
	const char *os;

	if (perhaps(document, "os", &os, e) < 0)
		return -e->code;
	return os && strcmp(os, "linux") != 0
		       ? json_wrong(document, e, "the image is for %s, and not for linux", QUOTE(os))
		       : 0;
}

int layout_config(const char *text, size_t size, const char *name, struct layout_image *image, struct err *e)
{
	struct json_node document;
	int r = json_parse(text, size, &document, e);

	if (r < 0)
		return r;
	r = check_os(&document, e) < 0 || read_diffs(&document, image, e) < 0 ||
			    read_runs(&document, name, image->runs, e) < 0
		    ? -e->code
		    : 0;
	json_free(&document);
	return r;
}
