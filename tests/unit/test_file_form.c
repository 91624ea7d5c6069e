/* Files of options: every option, in TOML and in JSON; each mistake with its line and key; and back again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mem.h"
#include "common/text.h"
#include "frontend/from/document.h"
#include "frontend/from/form.h"
#include "frontend/planner.h"
#include "frontend/run_form.h"
#include "frontend/run_json.h"
#include "frontend/run_options.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MEMORY = 64 << 20, WORDS_MAX = 32, RECORDS_MAX = 1 << 16 };

static struct arena arena;
static struct err e;

static void begin(void)
{
	if (!arena.base)
		assert_int_equal(mem_arena(MEMORY, &arena), 0);
	arena.used = 0;
	memset(&e, 0, sizeof(e));
}

/* --- from a document to words ------------------------------------------------------------------------ */

static int read_text(const char *text, size_t n, const char *folder, struct run_words *ret)
{
	struct records out = {.s = arena_alloc(&arena, RECORDS_MAX), .size = RECORDS_MAX};
	struct value document;
	int r = document_read(text, n, &arena, &document, &e);

	if (r == 0)
		r = form_read(&document, folder, &arena, &out, &e);
	return r < 0 ? r : run_words_records(out.s, out.used, &arena, ret, &e);
}

/* The words, a space between them. */
static const char *joined(const struct run_words *w)
{
	static char text[4096];
	char **argv;
	int argc;

	assert_int_equal(run_words_argv(w, (char[]){"run"}, &arena, &argc, &argv, &e), 0);
	text[0] = '\0';
	for (int i = 1; i < argc; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	return text;
}

static const struct {
	const char *text, *folder, *words, *why;
} good[] = {
	{"", ".", "", "an empty file says nothing"},
	{"{}", ".", "", "and neither does an empty object"},
	{"root = \"host\"", ".", "-- host --", "a root"},
	{"root = \"host\"\ncommand = [\"a\", \"\", \"-c\", 5]", ".", "-- host -- a  -c 5", "a command"},
	{"memory = \"1G\"\npids-limit = 100\ncpus = 1.5\nnice = -5", ".",
	 "--memory=1G --pids-limit=100 --cpus=1.5 --nice=-5", "numbers are numbers"},
	{"cpus = 0.1\nio-weight = 0x10\nmemory = 1_000_000", ".",
	 "--cpus=0.1 --io-weight=16 --memory=1000000", "as TOML writes them"},
	{"{\"cpus\": 2.50, \"nice\": 3}", ".", "--cpus=2.5 --nice=3", "and JSON"},
	{"{\"plan\": 18446744073709551615, \"run\": {\"pids-limit\": 1000, \"nice\": -7, \"cpus\": 0.25}}",
	 ".", "--pids-limit=1000 --nice=-7 --cpus=0.25", "beside a number of 64 bits"},
	{"read-only = true\ntty = false", ".", "--read-only --tty=false", "a switch says both"},
	{"volume = \"/a:/b\"", ".", "--volume=/a:/b", "one of a list"},
	{"volume = [\"/z:/b\", \"/a:/c:ro\"]\ntmpfs = [\"/t\"]\nmount = []", ".",
	 "--volume=/z:/b --volume=/a:/c:ro --tmpfs=/t", "the order of the document"},
	{"tmpfs = \"/t\"\nvolume = \"/a:/t/b\"\nenv-file=\"/f\"\nenv=[\"A=1\"]", ".",
	 "--tmpfs=/t --volume=/a:/t/b --env-file=/f --env=A=1", "of keys, too"},
	{"[env]\nZ = \"1 2\"\nA = 5\nTERM = true\n[ulimit]\nnofile = 10\ncore = \"0:unlimited\"", ".",
	 "--env=Z=1 2 --env=A=5 --env=TERM --ulimit=nofile=10 --ulimit=core=0:unlimited", "tables of names"},
	{"env.A = \"b\"", ".", "--env=A=b", "a dotted key is a table"},
	{"[[mount]]\ntype = \"bind\"\nsrc = \"/a,\\\"b\"\ndst = \"/c\"\nro = true\nnoexec = false\n"
	 "[[mount]]\ntype = \"tmpfs\"\ndst = \"/t\"\nmode = 700",
	 ".", "--mount=type=bind,\"src=/a,\"\"b\",dst=/c,ro --mount=type=tmpfs,dst=/t,mode=700",
	 "tables of fields"},
	{"{\"run\": {\"root\": \"host\"}, \"plan\": {\"x\": 1}, \"allowed\": true, \"refusal\": null}", ".",
	 "-- host --", "what croft plan --json prints"},
	{"[[run]]\nvolume = \"/a:/b\"\n[[run]]\ntmpfs = \"/b/c\"\n[[run]]\nvolume = \"/d:/b/c/d\"\nroot = "
	 "\"r\"",
	 ".", "--volume=/a:/b --tmpfs=/b/c --volume=/d:/b/c/d -- r --",
	 "tables one after another, where the order counts"},
	{"root = \"./r\"\nvolume = [\"./d:/a\", \"..:/b\", \".:/c\", \"x/y:/d:ro\", \"/abs:/e\"]", "conf",
	 "--volume=conf/d:/a --volume=conf/..:/b --volume=conf:/c --volume=conf/x/y:/d:ro --volume=/abs:/e "
	 "-- conf/r --",
	 "paths are relative to the folder"},
	{"root = \"./r\"\nvolume = \"./d:/a\"", ".", "--volume=./d:/a -- ./r --", "this folder changes none"},
	{"root = \"name\"\nworkdir = \"/w\"\nhostname = \"h.x\"\ndevice = \"/dev/null\"", "/f",
	 "--workdir=/w --hostname=h.x --device=/dev/null -- name --", "what is no path of the host's stays"},
	{"conf = \"c\"\nenv-file = [\"e\", \"/e\"]\nseccomp = \"p.json\"", "/f/g",
	 "--conf=/f/g/c --env-file=/f/g/e --env-file=/e --seccomp=/f/g/p.json", "files and folders"},
	{"seccomp = \"unconfined\"", "/f", "--seccomp=unconfined", "a word of an option is no path"},
	{"mount = [\"type=bind,src=a,dst=/b\", \"type=bind,dst=/c,\\\"source=x,y\\\",ro\", "
	 "\"type=tmpfs,dst=/d\"]",
	 "/f,g",
	 "--mount=type=bind,\"src=/f,g/a\",dst=/b --mount=type=bind,dst=/c,\"source=/f,g/x,y\",ro "
	 "--mount=type=tmpfs,dst=/d",
	 "the source of a mount, with commas"},
	{"volume = \"./d:/a\"", "/", "--volume=/d:/a", "below / itself"},
};

static void every_good_file_means_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct run_words w;

		begin();
		if (read_text(good[i].text, strlen(good[i].text), good[i].folder, &w) != 0)
			fail_msg("%s: %s", good[i].why, e.msg);
		if (strcmp(joined(&w), good[i].words) != 0)
			fail_msg("%s: %s, not %s", good[i].why, joined(&w), good[i].words);
	}
}

static const struct {
	const char *text, *msg, *why;
} bad[] = {
	{"memory = 1\nvolumes = []", "line 2: unknown key volumes", "a key that is none"},
	{"{\"volumes\": []}", "unknown key volumes", "jansson does not know the line"},
	{"v = \"/a:/b\"", "line 1: unknown key v", "a letter"},
	{"from = \"x\"", "line 1: the key from: this option is for the command line alone",
	 "a file in a file"},
	{"json = true", "line 1: the key json: this option is for the command line alone",
	 "what plan prints"},
	{"help = true", "line 1: unknown key help", "not an option of a sandbox"},
	{"\n\nmemory = \"x\"", "line 3: option --memory: x is not a number of bytes (as 512M)",
	 "the option's own sentence"},
	{"map = \"all\"", "line 1: option --map: all is not self, subordinate, auto, isolated or none",
	 "a word that is none"},
	{"volume = [\n\"/a:/b\",\n\"x:/c\"]", "line 3: option --volume: the source x is not a path",
	 "in a list"},
	{"tty = \"yes\"", "line 1: the key tty: it is a string, and must be true or false", "a string"},
	{"tty = 1", "line 1: the key tty: it is a number, and must be true or false", "a number"},
	{"memory = true", "line 1: the key memory: it is true or false, and must be a string or a number",
	 "a boolean"},
	{"memory = [\"1G\"]", "line 1: the key memory: it is a list, and must be a string or a number",
	 "a list of what is given once"},
	{"[memory]\nmax = 1", "line 1: the key memory: it is a table, and must be a string or a number",
	 "a table"},
	{"volume = [[\"/a:/b\"]]", "line 1: the key volume: it is a list, and must be a string or a number",
	 "a list in a list"},
	{"hostname = 1979-05-27",
	 "line 1: the key hostname: it is a date, a time or null, and must be a string or a number",
	 "a date"},
	{"{\"hostname\": null}",
	 "the key hostname: it is a date, a time or null, and must be a string or a number", "null"},
	{"[env]\nA = false",
	 "line 2: the key A: it is true or false, and must be a string, a number, or true for your own value",
	 "a variable cannot be taken away"},
	{"[env]\n\"A=B\" = \"C\"", "line 2: the key A=B is no name", "it would set another"},
	{"[env]\n\"\" = \"C\"", "line 2: the key '' is no name", "no name"},
	{"[ulimit]\ncore = true",
	 "line 2: the key core: it is true or false, and must be a string or a number",
	 "a limit is nobody's own"},
	{"[[mount]]\ntype = [1]",
	 "line 2: the key type: it is a list, and must be a string, a number, true or false",
	 "a field is no list"},
	{"root = 5", "line 1: the key root: it is a number, and must be a string", "a number"},
	{"command = \"ls -l\"", "line 1: the key command: it is a string, and must be a list of strings",
	 "no shell splits it"},
	{"command = [true]", "line 1: the key command: it is true or false, and must be a list of strings",
	 "no word"},
	{"[[run]]\nroot = \"a\"\n[[run]]\nroot = \"b\"", "line 4: the key root stands there twice",
	 "two roots"},
	{"[run]\nroot = \"a\"\n[x]\ny = 1", "line 3: the key x stands beside run, not in it", "beside run"},
	{"{\"run\": null}",
	 "the key run: it is a date, a time or null, and must be a table or a list of tables",
	 "a plan that JSON could not hold"},
	{"{\"run\": [1]}", "the key run: it is a number, and must be a list of tables", "no table"},
	{"memory = 1\nmemory = 2",
	 "line 2: Error while parsing key-value pair: cannot redefine existing integer 'memory'",
	 "twice in TOML"},
	{"{\"memory\": 1,\n\"memory\": 2}", "line 2: duplicate object key near '\"memory\"'",
	 "twice in JSON"},
	{"{\"memory\": 1} x", "line 1: end of file expected near 'x'", "more than a document"},
	{"a = \"\\u0000\"", "line 1: a string holds a NUL", "no word can hold it"},
	{"{\"a\": \"\\u0000\"}",
	 "line 1: \\\\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\\\u0000\"'", "in JSON"},
	{"a = {b={c={d={e={f={g={h={i=1}}}}}}}}", "line 1: tables and lists lie more than 8 deep", "deep"},
	{"{\"a\": [[[[[[[[[1]]]]]]]]]}", "tables and lists lie more than 8 deep", "deep in JSON"},
	{"{\"nice\": 99999999999999999999}", "option --nice: 1e+20 is not a number from -20 to 19",
	 "more than 64 bits"},
	{"{\"cpus\": 1e999}", "line 1: real number overflow near '1e999'", "more than a double"},
	{"cpus = inf", "line 1: option --cpus: inf is not a number of CPUs from 0.01 to 1000 (as 1.5)",
	 "no end"},
};

static void every_bad_file_gets_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct run_words w;

		begin();
		if (read_text(bad[i].text, strlen(bad[i].text), ".", &w) >= 0 ||
		    strcmp(e.msg, bad[i].msg) != 0)
			fail_msg("%s: %s", bad[i].why, e.msg);
	}
}

/* --- merging ------------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *line[WORDS_MAX];
	const char *words, *why;
} both[] = {
	{"root = \"r\"\ncommand = [\"a\", \"b\"]\nmemory = \"1G\"",
	 {NULL},
	 "--memory=1G -- r -- a b",
	 "the file's"},
	{"root = \"r\"\ncommand = [\"a\"]\nmemory = \"1G\"",
	 {"-m", "2G", NULL},
	 "--memory=1G --memory=2G -- r -- a",
	 "the later one holds"},
	{"read-only = true\ntty = false",
	 {"--read-only=false", "-t", "h", NULL},
	 "--read-only --tty=false --read-only=false --tty -- h --",
	 "a switch is switched back"},
	{"volume = \"/a:/b\"",
	 {"-v", "/c:/d", "h", NULL},
	 "--volume=/a:/b --volume=/c:/d -- h --",
	 "a list goes on"},
	{"root = \"r\"\ncommand = [\"a\"]", {"h", NULL}, "-- h -- a", "another root"},
	{"root = \"r\"\ncommand = [\"a\"]",
	 {"h", "--", "x", "y", NULL},
	 "-- h -- x y",
	 "another command too"},
	{"root = \"r\"\ncommand = [\"a\"]", {"--", "x", "--", NULL}, "-- r -- x --", "another command alone"},
	{"root = \"r\"",
	 {"--hostname", "--", "h", NULL},
	 "--hostname=-- -- h --",
	 "a value is no end of options"},
	{"command = [\"a\"]", {"--", "x", NULL}, "", "a command is never taken for the root"},
};

static void the_command_line_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		char *argv[WORDS_MAX + 4] = {(char[]){"run"}, (char[]){"--from=f"}};
		struct run_words file, line, w;
		int argc = 2;

		begin();
		for (size_t k = 0; both[i].line[k]; k++)
			argv[argc++] = arena_copy(&arena, both[i].line[k], strlen(both[i].line[k]));
		assert_int_equal(read_text(both[i].text, strlen(both[i].text), ".", &file), 0);
		assert_int_equal(run_words_read(argc, argv, &arena, &line, &e), 0);
		assert_string_equal(line.from, "f");
		assert_int_equal(run_words_merge(&file, &line, &arena, &w, &e), 0);
		if (strcmp(joined(&w), both[i].words) != 0)
			fail_msg("%s: %s", both[i].why, joined(&w));
	}
}

static void what_croft_from_did_not_say_is_refused(void **state)
{
	static const char *const strange[] = {"x",        "xa\0",       "o\0", "ofoo\0", "o--nonsense\0",
					      "ra\0rb\0", "o--from=x\0"};
	static const size_t size[] = {1, 3, 2, 5, 13, 6, 10};
	struct run_words w;
	char records[16];

	(void)state;
	for (size_t i = 0; i < COUNT(strange); i++) {
		begin();
		memcpy(records, strange[i], size[i]);
		assert_true(run_words_records(records, size[i], &arena, &w, &e) < 0);
		assert_true(e.code != 0);
	}
}

static void a_file_is_given_once(void **state)
{
	char *argv[] = {(char[]){"run"}, (char[]){"--from"}, (char[]){"a"}, (char[]){"--from=b"}, NULL};
	struct run_words w;

	(void)state;
	begin();
	assert_int_equal(run_words_read(4, argv, &arena, &w, &e), -EINVAL);
	assert_string_equal(e.msg, "option --from: given more than once");
}

/* --- there and back ---------------------------------------------------------------------------------------
 */

/* Two good values for every option that takes one. */
static const struct {
	const char *option, *value[2];
} sample[] = {
	{"volume", {"/a:/b:ro", "./\xc3\xbc \"x\":/b/c"}},
	{"mount", {"type=bind,\"src=/x,y\",dst=/m", "type=tmpfs,dst=/b/t,size=1M"}},
	{"tmpfs", {"/t", "/b/c/d:size=4M"}},
	{"device", {"/dev/null", "/dev/a:/dev/b"}},
	{"conf", {"/conf", "./conf"}},
	{"env", {"A=1 2\n\\", "B"}},
	{"env-file", {"/f", "./g"}},
	{"workdir", {"/w", "/"}},
	{"cwd", {"/c", "/w/x"}},
	{"user", {"1000", "u:g"}},
	{"map", {"self", "auto"}},
	{"network", {"host", "user"}},
	{"publish", {"80:81", "[::1]:5:6/udp"}},
	{"tcp-connect", {"1", "443,80"}},
	{"tcp-bind", {"1", "2,3"}},
	{"hostname", {"h", "h.x"}},
	{"name", {"n", "n2"}},
	{"ephemeral-size", {"1M", "2G"}},
	{"cap-add", {"ALL", "NET_RAW"}},
	{"cap-drop", {"CHOWN", "KILL"}},
	{"seccomp", {"unconfined", "./p.json"}},
	{"seccomp-bpf", {"3", "4"}},
	{"landlock", {"off", "required"}},
	{"hidepid", {"2", "ptraceable"}},
	{"proc-subset", {"pid", "all"}},
	{"memory", {"1G", "512M"}},
	{"memory-swap", {"-1", "4G"}},
	{"cpus", {"1.5", "2"}},
	{"pids-limit", {"10", "20"}},
	{"io-weight", {"1", "10000"}},
	{"ulimit", {"nofile=5", "core=0:unlimited"}},
	{"timeout", {"1h", "5"}},
	{"nice", {"-20", "3"}},
	{"oom-score-adj", {"-5", "1000"}},
	{"stop-timeout", {"1ms", "5s"}},
	{"tie", {"none", "parent"}},
	{"status-fd", {"9", "10"}},
	{"preserve-fd", {"5", "6"}},
};

static const char *value_of(const struct option_row *row, unsigned which)
{
	for (size_t i = 0; i < COUNT(sample); i++)
		if (!strcmp(sample[i].option, row->name))
			return sample[i].value[which % 2];
	fail_msg("no sample of --%s", row->name);
	return NULL;
}

/* What the words are in the end: the bytes of the plan, or the sentence. */
static size_t outcome(const struct run_words *w, char *buf, size_t size)
{
	static const struct plan_facts facts = {
		.root_kind = PLAN_ROOT_DIR, .root = "./r", .user = "u", .home = "/h", .uid = 5, .gid = 6};
	struct run_options *o = arena_alloc(&arena, sizeof(*o));
	struct err why = {0};
	struct plan p;
	char **argv;
	int argc;

	assert_non_null(o);
	assert_int_equal(run_words_argv(w, (char[]){"run"}, &arena, &argc, &argv, &e), 0);
	if (run_options_parse(argc, argv, &arena, o, &why) == 0 &&
	    planner_make(o, &facts, &arena, &p, &why) == 0) {
		long n = plan_encode(&p, buf, size);

		assert_true(n > 0);
		return (size_t)n;
	}
	return (size_t)snprintf(buf, size, "%s", why.msg);
}

static void check_there_and_back(const struct run_words *w)
{
	static char one[1 << 18], two[1 << 18];
	const char *json, *again;
	struct run_words back;
	size_t n;

	assert_int_equal(run_json(w, &arena, &json, &e), 0);
	snprintf(one, sizeof(one), "{\"run\": %s}", json);
	if (read_text(one, strlen(one), ".", &back) != 0)
		fail_msg("%s: %s", json, e.msg);
	assert_int_equal(run_json(&back, &arena, &again, &e), 0);
	assert_string_equal(json, again);
	n = outcome(w, one, sizeof(one));
	if (n != outcome(&back, two, sizeof(two)) || memcmp(one, two, n) != 0)
		fail_msg("%s: is not the same sandbox", json);
}

/* An option of the table, of which every one comes in turn. */
static char *pick(unsigned n, unsigned which)
{
	const struct option_row *row = &run_option[n % run_noptions];
	const char *value = row->arg && !run_form(row)->outside ? value_of(row, which) : "";
	char *word = arena_alloc(&arena, strlen(row->name) + strlen(value) + sizeof("--=false"));

	assert_non_null(word);
	if (run_form(row)->outside)
		return strcpy(word, "--read-only");
	if (row->arg)
		sprintf(word, "--%s=%s", row->name, value);
	else
		sprintf(word, which % 2 ? "--%s=false" : "--%s", row->name);
	return word;
}

static void every_option_comes_back_alone_and_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < run_noptions; i++) {
		for (unsigned times = 1; times <= 3; times++) {
			char *argv[] = {(char[]){"run"}, NULL, NULL, NULL, NULL, NULL};
			struct run_words w;
			int argc = 1;

			begin();
			for (unsigned k = 0; k < times; k++)
				argv[argc++] = pick(i, k);
			argv[argc++] = (char[]){"root"};
			assert_int_equal(run_words_read(argc, argv, &arena, &w, &e), 0);
			check_there_and_back(&w);
		}
	}
}

static void every_combination_comes_back_as_the_same_sandbox(void **state)
{
	static char strange[] = "-\"\t\x7f", cmd[] = "cmd";
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 600; round++) {
		char *argv[WORDS_MAX + 8] = {(char[]){"run"}};
		struct run_words w;
		int argc = 1;

		begin();
		for (unsigned n = 1 + round % 12; n > 0; n--) {
			seed = seed * 1103515245 + 12345;
			/* half of them out of those whose order counts, the first rows */
			argv[argc++] = pick(seed >> 16 & 1 ? (seed >> 18) % 7 : seed >> 18, seed >> 17);
		}
		argv[argc++] = (char[]){"./root"};
		if (round % 3)
			argv[argc++] = cmd;
		if (round % 3 == 2)
			argv[argc++] = strange;
		assert_int_equal(run_words_read(argc, argv, &arena, &w, &e), 0);
		check_there_and_back(&w);
	}
}

static void an_order_that_counts_is_kept(void **state)
{
	char *argv[] = {(char[]){"run"},         (char[]){"-v/a:/b"}, (char[]){"--tmpfs=/b/c"},
			(char[]){"-v/d:/b/c/d"}, (char[]){"-eA=1"},   (char[]){"-m1G"},
			(char[]){"-m2G"},        (char[]){"host"},    NULL};
	struct run_words w;
	const char *json;

	(void)state;
	begin();
	assert_int_equal(run_words_read(8, argv, &arena, &w, &e), 0);
	assert_int_equal(run_json(&w, &arena, &json, &e), 0);
	assert_string_equal(
		json, "[{\"volume\": [\"/a:/b\"],\n    \"tmpfs\": [\"/b/c\"],\n    \"env\": [\"A=1\"],\n"
		      "    \"memory\": \"2G\"},\n   {\"volume\": [\"/d:/b/c/d\"],\n"
		      "    \"root\": \"host\"}]");
}

static void what_is_no_text_is_null(void **state)
{
	static const char *const not_text[] = {"\xff", "a\xc2\x85", "\xc0\x80"};

	(void)state;
	for (size_t i = 0; i < COUNT(not_text); i++) {
		char *argv[] = {(char[]){"run"}, (char[]){"host"}, NULL, NULL};
		struct run_words w;
		const char *json;

		begin();
		argv[2] = arena_copy(&arena, not_text[i], strlen(not_text[i]));
		assert_int_equal(run_words_read(3, argv, &arena, &w, &e), 0);
		assert_int_equal(run_json(&w, &arena, &json, &e), 0);
		assert_string_equal(json, "null");
	}
}

/* --- the table beside the options
 * ----------------------------------------------------------------------------- */

/* Whether a second value adds to the first: what both mean is not what the second means. */
static bool adds(const struct option_row *row)
{
	static char one[1 << 18], two[1 << 18];
	struct run_words w;
	size_t n[2];

	for (int k = 0; k < 2; k++) {
		char *argv[] = {(char[]){"run"},
				pick((unsigned)(row - run_option), 0),
				pick((unsigned)(row - run_option), 1),
				(char[]){"--network=user"},
				(char[]){"r"},
				NULL};

		argv[3] = !strcmp(row->name, "publish") ? argv[3] : (char[]){"--unmask"};
		assert_int_equal(run_words_read(5, argv, &arena, &w, &e), 0);
		if (k) {
			w.option++;
			w.noptions--;
		}
		n[k] = outcome(&w, k ? two : one, sizeof(one));
	}
	return n[0] != n[1] || memcmp(one, two, n[0]) != 0;
}

/* What the planner does not see is judged by hand. */
static void the_table_says_which_options_are_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < run_noptions; i++) {
		const struct option_row *row = &run_option[i];
		const bool unseen = text_starts(row->name, "env"); /* read before the planner */

		begin();
		if (!row->arg || run_form(row)->outside || unseen)
			continue;
		if (adds(row) != (run_form(row)->repeat != FORM_ONCE))
			fail_msg("--%s", row->name);
	}
}

static void the_table_says_which_options_hold_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < run_noptions; i++) {
		const struct option_row *row = &run_option[i];
		const bool path = row->arg && (strstr(row->arg, "FILE") || strstr(row->arg, "DIR") ||
					       strstr(row->arg, "SRC") || strstr(row->arg, "FIELD"));
		const bool inside = !strcmp(row->name, "workdir") || !strcmp(row->name, "cwd");

		if ((run_form(row)->path != FORM_NO_PATH) != (path && !inside && !run_form(row)->outside))
			fail_msg("--%s", row->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_good_file_means_what_it_says),
		cmocka_unit_test(every_bad_file_gets_its_sentence),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(what_croft_from_did_not_say_is_refused),
		cmocka_unit_test(a_file_is_given_once),
		cmocka_unit_test(every_option_comes_back_alone_and_twice),
		cmocka_unit_test(every_combination_comes_back_as_the_same_sandbox),
		cmocka_unit_test(an_order_that_counts_is_kept),
		cmocka_unit_test(what_is_no_text_is_null),
		cmocka_unit_test(the_table_says_which_options_are_lists),
		cmocka_unit_test(the_table_says_which_options_hold_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
