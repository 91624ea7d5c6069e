#include "frontend/seccomp/profile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/seccomp/build.h"
#include "frontend/json/json.h"

struct reader {
	const struct profile_host *host;
	struct build *build;
	uint32_t default_action;
};

/* --- actions ----------------------------------------------------------------------------------------------
 */

static int errno_named(const struct json_node *n, uint32_t *ret, struct err *e)
{
	for (int code = 1; code < 200; code++) {
		const char *name = strerrorname_np(code);

		if (!name || strcmp(name, json_text(n)) != 0)
			continue;
		*ret = (uint32_t)code;
		return 0;
	}
	return json_wrong(n, e, "%s is not the name of an error", QUOTE(json_text(n)));
}

/* errnoRet, and the name beside it, which comes first; EPERM where there is neither. 1 when there is one. */
static int read_errno(const struct json_node *o, const char *number, const char *name, uint32_t *ret,
		      struct err *e)
{
	struct json_node by_number, by_name;
	int n = json_member(o, number, JSON_NUMBER, &by_number, e);
	int m = n < 0 ? n : json_member(o, name, JSON_STRING, &by_name, e);

	*ret = EPERM;
	if (m < 0)
		return m;
	if (n && json_number(&by_number) > 4095)
		return json_wrong(&by_number, e, "it is more than 4095, which no error is");
	if (n)
		*ret = (uint32_t)json_number(&by_number);
	if (m && json_text(&by_name)[0] && errno_named(&by_name, ret, e) < 0)
		return -e->code;
	return n || m;
}

static int read_action(const struct json_node *o, const char *member, const char *number, const char *name,
		       uint32_t *ret, struct err *e)
{
	static const struct {
		const char *word;
		uint32_t action;
		bool takes_errno;
	} known[] = {
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
		{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
		{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
		{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
	};
	struct json_node n;
	uint32_t code;
	int r = json_member(o, member, JSON_STRING, &n, e), given;

	if (r <= 0)
		return r < 0 ? r : json_wrong(o, e, "the member %s is missing", member);
	given = read_errno(o, number, name, &code, e);
	if (given < 0)
		return given;
	if (!strcmp(json_text(&n), "SCMP_ACT_NOTIFY"))
		return json_wrong(&n, e,
				  "SCMP_ACT_NOTIFY needs a program that answers, which croft does not start");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(json_text(&n), known[i].word) != 0)
			continue;
		if (given && !known[i].takes_errno)
			return json_wrong(o, e, "%s stands beside %s, which returns no error", number,
					  known[i].word);
		*ret = known[i].action | (known[i].takes_errno ? code : 0);
		return 0;
	}
	return json_wrong(&n, e, "%s is not an action", QUOTE(json_text(&n)));
}

/* --- arguments --------------------------------------------------------------------------------------------
 */

static int read_op(const struct json_node *n, enum scmp_compare *ret, struct err *e)
{
	static const struct {
		const char *word;
		enum scmp_compare op;
	} known[] = {
		{"SCMP_CMP_NE", SCMP_CMP_NE},
		{"SCMP_CMP_LT", SCMP_CMP_LT},
		{"SCMP_CMP_LE", SCMP_CMP_LE},
		{"SCMP_CMP_EQ", SCMP_CMP_EQ},
		{"SCMP_CMP_GE", SCMP_CMP_GE},
		{"SCMP_CMP_GT", SCMP_CMP_GT},
		{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(json_text(n), known[i].word)) {
			*ret = known[i].op;
			return 0;
		}
	return json_wrong(n, e, "%s is not a comparison", QUOTE(json_text(n)));
}

static int read_number(const struct json_node *o, const char *name, uint64_t *ret, struct err *e)
{
	struct json_node n;
	int r = json_member(o, name, JSON_NUMBER, &n, e);

	if (r > 0)
		*ret = json_number(&n);
	return r;
}

static int read_arg(const struct json_node *o, struct scmp_arg_cmp *ret, struct err *e)
{
	static const char *const members[] = {"index", "value", "valueTwo", "op", NULL};
	struct json_node op;
	uint64_t index = 0;
	int r;

	*ret = (struct scmp_arg_cmp){0};
	if (json_only(o, members, e) < 0)
		return -e->code;
	r = json_member(o, "op", JSON_STRING, &op, e);
	if (r <= 0)
		return r < 0 ? r : json_wrong(o, e, "the member op is missing");
	if (read_op(&op, &ret->op, e) < 0 || read_number(o, "value", &ret->datum_a, e) < 0 ||
	    read_number(o, "valueTwo", &ret->datum_b, e) < 0)
		return -e->code;
	r = read_number(o, "index", &index, e);
	if (r <= 0)
		return r < 0 ? r : json_wrong(o, e, "the member index is missing");
	if (index > 5)
		return json_wrong(o, e, "the index is more than 5: a system call has six arguments");
	ret->arg = (unsigned)index;
	return 0;
}

static int read_args(const struct json_node *o, struct build_rule *rule, struct err *e)
{
	struct json_node args, arg;
	int r = json_member(o, "args", JSON_ARRAY, &args, e);

	if (r <= 0)
		return r;
	if (json_length(&args) > BUILD_ARGS_MAX)
		return json_wrong(&args, e, "more than %d comparisons", BUILD_ARGS_MAX);
	for (size_t i = 0; i < json_length(&args); i++)
		if (json_item(&args, i, JSON_OBJECT, &arg, e) < 0 ||
		    read_arg(&arg, &rule->arg[rule->nargs++], e) < 0)
			return -e->code;
	return 0;
}

/* --- includes and excludes
 * ---------------------------------------------------------------------------------- */

/* How docker calls the architectures: as the language it is written in does. */
static const char *native_word(void)
{
	static const struct {
		uint32_t arch;
		const char *word;
	} known[] = {
		{SCMP_ARCH_X86_64, "amd64"}, {SCMP_ARCH_AARCH64, "arm64"},   {SCMP_ARCH_X86, "x86"},
		{SCMP_ARCH_ARM, "arm"},      {SCMP_ARCH_RISCV64, "riscv64"}, {SCMP_ARCH_PPC64LE, "ppc64le"},
		{SCMP_ARCH_S390X, "s390x"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].arch == seccomp_arch_native())
			return known[i].word;
	return "";
}

static int read_kernel(const struct json_node *n, const struct profile_host *h, bool *ret, struct err *e)
{
	const char *text = json_text(n), *dot = strchr(text, '.');
	uint32_t major, minor;

	if (!dot || text_u32n(text, (size_t)(dot - text), &major) < 0 || text_u32(dot + 1, &minor) < 0)
		return json_wrong(n, e, "%s is not a version as 4.8", QUOTE(text));
	*ret = h->major > major || (h->major == major && h->minor >= minor);
	return 0;
}

/* Of the words of an array, how many there are and how many hold here. */
struct tally {
	size_t words, hold;
};

static int read_words(const struct reader *r, const struct json_node *o, const char *name, struct tally *ret,
		      struct err *e)
{
	struct json_node words, word;
	int found = json_member(o, name, JSON_ARRAY, &words, e);

	*ret = (struct tally){0};
	if (found <= 0)
		return found;
	ret->words = json_length(&words);
	for (size_t i = 0; i < ret->words; i++) {
		if (json_item(&words, i, JSON_STRING, &word, e) < 0)
			return -e->code;
		if (!strcmp(name, "caps")) {
			int cap = caps_parse(json_text(&word));

			/* One that is too new for this croft is not held. */
			ret->hold += cap >= 0 && r->host->caps & CAP_BIT(cap);
		} else {
			ret->hold += !strcmp(json_text(&word), native_word());
		}
	}
	return 0;
}

struct condition {
	struct tally arches, caps;
	bool kernel_asked, kernel_holds;
};

static int read_condition(const struct reader *r, const struct json_node *o, const char *name,
			  struct condition *ret, struct err *e)
{
	static const char *const members[] = {"arches", "caps", "minKernel", NULL};
	struct json_node c, kernel;
	int found = json_member(o, name, JSON_OBJECT, &c, e);

	*ret = (struct condition){.kernel_asked = false};
	if (found <= 0)
		return found;
	if (json_only(&c, members, e) < 0 || read_words(r, &c, "arches", &ret->arches, e) < 0 ||
	    read_words(r, &c, "caps", &ret->caps, e) < 0)
		return -e->code;
	found = json_member(&c, "minKernel", JSON_STRING, &kernel, e);
	ret->kernel_asked = found > 0 && json_text(&kernel)[0];
	if (found < 0 || (ret->kernel_asked && read_kernel(&kernel, r->host, &ret->kernel_holds, e) < 0))
		return -e->code;
	return 0;
}

/* Included: one of the architectures, all of the capabilities, the kernel. Excluded: any of them. */
static int is_meant(const struct reader *r, const struct json_node *o, bool *ret, struct err *e)
{
	struct condition in, ex;

	if (read_condition(r, o, "includes", &in, e) < 0 || read_condition(r, o, "excludes", &ex, e) < 0)
		return -e->code;
	*ret = (in.arches.words == 0 || in.arches.hold) && in.caps.hold == in.caps.words &&
	       (!in.kernel_asked || in.kernel_holds) && !ex.arches.hold && !ex.caps.hold &&
	       !(ex.kernel_asked && ex.kernel_holds);
	return 0;
}

/* --- entries ----------------------------------------------------------------------------------------------
 */

static int read_names(const struct reader *r, const struct json_node *o, const struct build_rule *rule,
		      bool meant, struct err *e)
{
	struct json_node names, name;
	int many = json_member(o, "names", JSON_ARRAY, &names, e);
	int one = many < 0 ? many : json_member(o, "name", JSON_STRING, &name, e);

	if (one < 0)
		return one;
	one = one && json_text(&name)[0];
	if (one && many && json_length(&names))
		return json_wrong(o, e, "both name and names are given");
	if (!one && !many)
		return json_wrong(o, e, "the member names is missing");
	if (one)
		return meant ? build_add(r->build, rule, json_text(&name), &name, e) : 0;
	for (size_t i = 0; i < json_length(&names); i++)
		if (json_item(&names, i, JSON_STRING, &name, e) < 0 ||
		    (meant && build_add(r->build, rule, json_text(&name), &name, e) < 0))
			return -e->code;
	return 0;
}

static int read_entry(const struct reader *r, const struct json_node *o, struct err *e)
{
	static const char *const members[] = {"names", "name",    "action",   "errnoRet", "errno",
					      "args",  "comment", "includes", "excludes", NULL};
	struct build_rule rule = {.nargs = 0};
	struct json_node comment;
	bool meant = false;

	if (json_only(o, members, e) < 0 || json_member(o, "comment", JSON_STRING, &comment, e) < 0 ||
	    read_action(o, "action", "errnoRet", "errno", &rule.action, e) < 0 ||
	    read_args(o, &rule, e) < 0 || is_meant(r, o, &meant, e) < 0)
		return -e->code;
	return read_names(r, o, &rule, meant, e);
}

/* --- the document
 * ------------------------------------------------------------------------------------------- */

static int read_arches(const struct json_node *o, const char *name, struct build *b, struct err *e)
{
	struct json_node arches, arch;
	int r = json_member(o, name, JSON_ARRAY, &arches, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < json_length(&arches); i++)
		if (json_item(&arches, i, JSON_STRING, &arch, e) < 0 ||
		    build_arch(b, json_text(&arch), &arch, e) < 0)
			return -e->code;
	return json_length(&arches) > 0;
}

/* docker's: of the entries, the one for this machine counts. */
static int read_arch_map(const struct json_node *o, struct build *b, struct err *e)
{
	static const char *const members[] = {"architecture", "subArchitectures", NULL};
	struct json_node map, entry, arch;
	int r = json_member(o, "archMap", JSON_ARRAY, &map, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < json_length(&map); i++) {
		if (json_item(&map, i, JSON_OBJECT, &entry, e) < 0 || json_only(&entry, members, e) < 0)
			return -e->code;
		r = json_member(&entry, "architecture", JSON_STRING, &arch, e);
		if (r <= 0)
			return r < 0 ? r : json_wrong(&entry, e, "the member architecture is missing");
		if (build_is_native(json_text(&arch)) && read_arches(&entry, "subArchitectures", b, e) < 0)
			return -e->code;
	}
	return json_length(&map) > 0;
}

/* How the filter is loaded: all threads at once is how croft does it, there is one. */
static int read_flags(const struct json_node *o, struct err *e)
{
	struct json_node flags, flag, listener;
	int r = json_member(o, "flags", JSON_ARRAY, &flags, e);

	for (size_t i = 0; r > 0 && i < json_length(&flags); i++) {
		if (json_item(&flags, i, JSON_STRING, &flag, e) < 0)
			return -e->code;
		if (strcmp(json_text(&flag), "SECCOMP_FILTER_FLAG_TSYNC") != 0)
			return json_wrong(&flag, e,
					  "the flag %s is not supported (SECCOMP_FILTER_FLAG_TSYNC is)",
					  QUOTE(json_text(&flag)));
	}
	if (r >= 0)
		r = json_member(o, "listenerPath", JSON_STRING, &listener, e);
	if (r > 0 && json_text(&listener)[0])
		return json_wrong(&listener, e, "croft sends no notifications to a listener");
	return r < 0 ? r : 0;
}

static int read_document(struct reader *r, const struct json_node *doc, struct err *e)
{
	static const char *const members[] = {
		"defaultAction", "defaultErrnoRet",  "defaultErrno", "architectures", "archMap", "flags",
		"listenerPath",  "listenerMetadata", "syscalls",     "comment",       NULL};
	struct json_node calls, entry;
	int plain, map, n;

	plain = read_arches(doc, "architectures", r->build, e);
	map = plain < 0 ? plain : read_arch_map(doc, r->build, e);
	if (map < 0 || json_only(doc, members, e) < 0 || read_flags(doc, e) < 0)
		return -e->code;
	if (plain && map)
		return json_wrong(doc, e, "both architectures and archMap are given");
	n = json_member(doc, "syscalls", JSON_ARRAY, &calls, e);
	for (size_t i = 0; n > 0 && i < json_length(&calls); i++)
		if (json_item(&calls, i, JSON_OBJECT, &entry, e) < 0 || read_entry(r, &entry, e) < 0)
			return -e->code;
	return n < 0 ? n : 0;
}

int profile_compile(const char *text, size_t size, const struct profile_host *h,
		    struct sock_filter ret[PROFILE_CODE_MAX], uint32_t *ret_count, struct err *e)
{
	struct reader r = {.host = h};
	struct json_node doc;
	int code = json_parse(text, size, &doc, e);

	if (code < 0)
		return code;
	code = read_action(&doc, "defaultAction", "defaultErrnoRet", "defaultErrno", &r.default_action, e);
	if (code == 0)
		code = build_new(r.default_action, &r.build, e);
	if (code == 0)
		code = read_document(&r, &doc, e);
	if (code == 0)
		code = build_program(r.build, ret, ret_count, e);
	build_free(r.build);
	json_free(&doc);
	return code;
}
