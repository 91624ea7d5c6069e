/* From options and facts to a plan. */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/caps.h"
#include "frontend/planner.h"
#include "frontend/run_options.h"
#include "sandbox/plan_fields.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { WORDS = 12, MEMORY = 4 << 20 };

static _Alignas(max_align_t) char memory[MEMORY];
static struct arena arena;
static struct run_options o; /* large */
static struct plan_facts facts;
static struct plan plan;
static struct err e;

static int set_up(void **state)
{
	static const char *const env[] = {"A=b", "C=", NULL};

	(void)state;
	facts = (struct plan_facts){.root_kind = PLAN_ROOT_HOST,
				    .root = "",
				    .user = "root",
				    .home = "/root",
				    .env = {.item = env, .count = 2}};
	return 0;
}

static void in_directory(void)
{
	facts.root_kind = PLAN_ROOT_DIR;
	facts.root = "./r";
}

static void as_user(uint32_t uid, uint32_t gid)
{
	facts.user = "alice";
	facts.home = "/home/alice";
	facts.uid = uid;
	facts.gid = gid;
}

static int make(const char *const *words)
{
	static char *argv[WORDS + 2]; /* stays: options point into it */
	int argc = 1;

	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	memset(&o, 0, sizeof(o));
	memset(&e, 0, sizeof(e));
	argv[0] = (char[]){"run"};
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	argv[argc] = NULL;
	if (run_options_parse(argc, argv, &arena, &o, &e) < 0)
		fail_msg("%s", e.msg);
	return planner_make(&o, &facts, &arena, &plan, &e);
}

static void made(const char *const *words)
{
	if (make(words) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(plan_check(&plan, &e), 0);
}
#define MAKE(...) made((const char *const[]){__VA_ARGS__, "./r", NULL})

/* --- operations as text: "kind target;" and what is special ------------------------------------- */

static char said[8192];

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static const char *operations(void)
{
	said[0] = '\0';
	for (uint32_t i = 0; i < plan.ops.count; i++) {
		const struct plan_op *op = &plan.ops.item[i];

		say("%s %s", plan_op_list.field[0].words[op->kind], op->target);
		if (op->source[0] && strcmp(op->source, op->target) != 0)
			say(" <- %s", op->source);
		say("%s%s%s%s\n", op->flags & OPF_READ_ONLY ? " ro" : "",
		    op->flags & OPF_NOEXEC ? " noexec" : "", op->flags & OPF_OPTIONAL ? " optional" : "",
		    op->flags & OPF_ASKED ? " asked" : "");
	}
	return said;
}

static const struct plan_op *find(const char *target)
{
	for (uint32_t i = 0; i < plan.ops.count; i++)
		if (!strcmp(plan.ops.item[i].target, target))
			return &plan.ops.item[i];
	return NULL;
}

#define MIRRORS                                                                                              \
	"mirror /usr ro optional\nmirror /bin ro optional\nmirror /sbin ro optional\nmirror /lib ro "        \
	"optional\nmirror /lib32 ro optional\nmirror /lib64 ro optional\nmirror /libx32 ro "                 \
	"optional\nmirror /etc ro optional\n"
#define MASKS                                                                                                \
	"mask /proc/acpi\nmask /proc/asound\nmask /proc/interrupts\nmask /proc/kcore\nmask "                 \
	"/proc/keys\nmask /proc/latency_stats\nmask /proc/sched_debug\nmask /proc/scsi\nmask "               \
	"/proc/timer_list\nmask /proc/timer_stats\nmask /sys/firmware\nmask /sys/devices/virtual/powercap\n" \
	"read-only /proc/bus\nread-only /proc/fs\nread-only /proc/irq\nread-only /proc/sys\nread-only "      \
	"/proc/sysrq-trigger\n"
#define OWN(sys)    "proc /proc\n" sys " /sys\ndev /dev\n"
#define IN_OWN      MASKS "devpts /dev/pts\ntmpfs /dev/shm\nmqueue /dev/mqueue\n"
#define KERNEL(sys) OWN(sys) IN_OWN
#define TMP_RUN     "tmpfs /tmp\ntmpfs /run\n"
#define RESOLV      "conf /etc/resolv.conf ro noexec optional\n"

static void what_croft_mounts_itself_comes_first_and_then_the_hosts_system(void **state)
{
	(void)state;
	MAKE("-v", "/s:/d:ro");
	assert_string_equal(operations(), OWN("sysfs") MIRRORS
			    "directory /root\n" IN_OWN TMP_RUN
			    "text /etc/hosts optional\ntext /etc/hostname optional\n" RESOLV
			    "volume /d <- /s ro asked\n");
	assert_int_equal(plan.root_kind, PLAN_ROOT_HOST);
	assert_string_equal(plan.root, "");
	assert_int_equal(find("/root")->mode, 0700);
}

static void a_directory_keeps_its_own_system(void **state)
{
	(void)state;
	in_directory();
	MAKE("-v", "/s:/d:noexec", "--tmpfs", "/t:ro");
	assert_string_equal(operations(),
			    KERNEL("sysfs") TMP_RUN "text /etc/hosts\ntext /etc/hostname\n" RESOLV
						    "volume /d <- /s noexec asked\ntmpfs /t ro\n");
	assert_int_equal(plan.root_kind, PLAN_ROOT_DIR);
	assert_string_equal(plan.root, "./r");
}

static void an_image_is_never_written(void **state)
{
	(void)state;
	in_directory();
	facts.root_kind = PLAN_ROOT_SQUASHFS;
	MAKE("-v", "/s:/d");
	assert_int_equal(plan.root_kind, PLAN_ROOT_SQUASHFS);
	assert_true(plan.root_read_only && !plan.ephemeral);
	facts.root_kind = PLAN_ROOT_EROFS;
	MAKE("--ephemeral");
	assert_true(!plan.root_read_only && plan.ephemeral);
	MAKE("--ephemeral", "--read-only");
	assert_true(plan.root_read_only && plan.ephemeral);
}

/* A read-only root may lack the place for them. */
static void files_in_etc_are_optional_where_nothing_can_be_made(void **state)
{
	(void)state;
	in_directory();
	MAKE("--read-only");
	assert_int_equal(find("/etc/hosts")->flags, OPF_OPTIONAL);
	assert_int_equal(find("/etc/hostname")->flags, OPF_OPTIONAL);
	assert_int_equal(plan.root_read_only, 1);
}

/* Where the host's system has it already, it stays as it is: that is the sandbox's part. */
static void home_is_made_on_the_hosts_system_alone(void **state)
{
	static const char *const home[] = {"/root", "/home/alice", "/nonexistent", "/usr/sbin"};

	(void)state;
	for (size_t i = 0; i < COUNT(home); i++) {
		facts.home = home[i];
		MAKE("-i");
		assert_string_equal(plan.cwd, home[i]);
		assert_non_null(find(home[i]));
		assert_int_equal(find(home[i])->kind, OP_DIR);
	}
	facts.home = "/";
	MAKE("-i");
	assert_null(find("/"));
	facts.home = "/root";
	in_directory();
	MAKE("-i");
	assert_null(find("/root"));
}

static void what_the_user_puts_there_replaces_ours(void **state)
{
	static const struct {
		const char *option, *value;
		const char *ops;
		const char *why;
	} row[] = {
		{"--tmpfs", "/tmp:size=1M,mode=700,noexec",
		 KERNEL("sysfs") "tmpfs /run\ntext /etc/hosts\ntext /etc/hostname\n" RESOLV
				 "tmpfs /tmp noexec\n",
		 "his tmpfs instead of ours"},
		{"-v", "/s:/tmp/",
		 KERNEL("sysfs") "tmpfs /run\ntext /etc/hosts\ntext /etc/hostname\n" RESOLV
				 "volume /tmp <- /s asked\n",
		 "his volume instead of ours"},
		{"-v", "/s:/run",
		 KERNEL("sysfs") "tmpfs /tmp\ntext /etc/hosts\ntext /etc/hostname\n" RESOLV
				 "volume /run <- /s asked\n",
		 "another one of ours"},
		{"-v", "/s:/tmp/x",
		 KERNEL("sysfs") TMP_RUN "text /etc/hosts\ntext /etc/hostname\n" RESOLV
					 "volume /tmp/x <- /s asked\n",
		 "below ours: both, ours first"},
		{"-v", "/s:/etc/hosts",
		 KERNEL("sysfs") TMP_RUN "text /etc/hostname\n" RESOLV "volume /etc/hosts <- /s asked\n",
		 "a file of his"},
		{"--mount", "type=bind,src=/s,dst=/etc/resolv.conf,ro",
		 KERNEL("sysfs") TMP_RUN "text /etc/hosts\ntext /etc/hostname\n"
					 "volume /etc/resolv.conf <- /s ro asked\n",
		 "instead of the host's, which is not looked at"},
		{"-v", "/s:/etc/hostname",
		 KERNEL("sysfs") TMP_RUN "text /etc/hosts\n" RESOLV "volume /etc/hostname <- /s asked\n",
		 "a file"},
	};

	(void)state;
	in_directory();
	for (size_t i = 0; i < COUNT(row); i++) {
		MAKE(row[i].option, row[i].value);
		if (strcmp(operations(), row[i].ops) != 0)
			fail_msg("%s: %s", row[i].why, said);
	}
	MAKE("--tmpfs", "/tmp:size=1M,mode=700,noexec");
	assert_int_equal(find("/tmp")->size, 1 << 20);
	assert_int_equal(find("/tmp")->mode, 0700);
	assert_true(find("/tmp")->inodes > 0);
}

static void every_tmpfs_is_limited(void **state)
{
	(void)state;
	MAKE("--tmpfs", "/a", "--tmpfs", "/b:size=1");
	for (uint32_t i = 0; i < plan.ops.count; i++) {
		const struct plan_op *op = &plan.ops.item[i];

		if (op->kind == OP_TMPFS)
			assert_true(op->size > 0 && op->inodes > 0 && op->mode > 0);
	}
	assert_int_equal(find("/tmp")->mode, 01777);
	assert_int_equal(find("/dev/shm")->mode, 01777);
	assert_int_equal(find("/run")->mode, 0755);
}

/* Where nobody said a size: a tmpfs that fills up shall not be what ends the command. */
static void a_limit_of_memory_bounds_the_sizes_nobody_asked_for(void **state)
{
	(void)state;
	in_directory();
	MAKE("--memory=100M", "--tmpfs", "/a", "--tmpfs", "/b:size=90M", "--ephemeral");
	assert_int_equal(find("/tmp")->size, 50 << 20);
	assert_int_equal(find("/dev/shm")->size, 50 << 20);
	assert_int_equal(find("/run")->size, 50 << 20);
	assert_int_equal(find("/a")->size, 50 << 20);
	assert_int_equal(find("/b")->size, 90 << 20);
	assert_int_equal(plan.ephemeral_size, 50 << 20);
	MAKE("--memory=100M", "--ephemeral-size=3G");
	assert_true(plan.ephemeral_size == UINT64_C(3) << 30);
	MAKE("--memory=64G", "--tmpfs", "/a");
	assert_int_equal(find("/tmp")->size, 1 << 30);
	assert_int_equal(find("/a")->size, 256 << 20);
	assert_true(plan.ephemeral_size == UINT64_C(2) << 30);
}

static void the_hosts_network_brings_its_sys(void **state)
{
	(void)state;
	MAKE("--network=host");
	assert_int_equal(find("/sys")->kind, OP_SYS_HOST);
	assert_int_equal(plan.namespaces & PLAN_NS_NET, 0);
	MAKE("--network=none");
	assert_int_equal(find("/sys")->kind, OP_SYSFS);
	assert_int_equal(plan.namespaces & PLAN_NS_NET, PLAN_NS_NET);
}

/* --- conf ------------------------------------------------------------------------------------------ */

static void files_of_conf_are_bound_and_asked_for(void **state)
{
	static const char *const name[CONF_COUNT] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
	static const char *const source[CONF_COUNT] = {"./c/hosts", "./c/hostname", "./c/resolv.conf"};

	(void)state;
	in_directory();
	for (unsigned there = 0; there < 1u << CONF_COUNT; there++) {
		for (int i = 0; i < CONF_COUNT; i++)
			facts.conf[i] = there >> i & 1;
		MAKE("--conf", "./c", "--hostname", "h");
		for (int i = 0; i < CONF_COUNT; i++) {
			const struct plan_op *op = find(name[i]);

			assert_non_null(op);
			if (facts.conf[i]) {
				assert_int_equal(op->kind, OP_CONF);
				assert_string_equal(op->source, source[i]);
				assert_int_equal(op->flags, OPF_READ_ONLY | OPF_NOEXEC | OPF_ASKED);
			} else if (i == CONF_RESOLV) {
				assert_int_equal(op->kind, OP_CONF);
				assert_string_equal(op->source, "/etc/resolv.conf");
				assert_int_equal(op->flags, OPF_READ_ONLY | OPF_NOEXEC | OPF_OPTIONAL);
			} else {
				assert_int_equal(op->kind, OP_TEXT);
				assert_int_equal(op->mode, 0644);
			}
		}
	}
}

static void a_resolv_conf_that_was_made_is_a_text(void **state)
{
	(void)state;
	in_directory();
	facts.resolv = "nameserver 198.51.100.1\n";
	MAKE("--network", "user");
	assert_int_equal(find("/etc/resolv.conf")->kind, OP_TEXT);
	assert_int_equal(find("/etc/resolv.conf")->mode, 0644);
	assert_string_equal(find("/etc/resolv.conf")->text, "nameserver 198.51.100.1\n");
	assert_int_equal(find("/sys")->kind, OP_SYSFS);
	assert_int_equal(plan.namespaces & PLAN_NS_NET, PLAN_NS_NET);
	MAKE("--network", "user", "-v", "/s:/etc/resolv.conf");
	assert_int_equal(find("/etc/resolv.conf")->kind, OP_VOLUME);
}

static void hosts_and_hostname_know_the_name(void **state)
{
	static const struct {
		const char *words[5];
		const char *name;
	} row[] = {
		{{"./r", NULL}, "croft"},
		{{"--name=n", "./r", NULL}, "n"},
		{{"--hostname=h", "./r", NULL}, "h"},
		{{"--name=n", "--hostname=h", "./r", NULL}, "h"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char hosts[256], hostname[128];

		made(row[i].words);
		snprintf(hostname, sizeof(hostname), "%s\n", row[i].name);
		snprintf(hosts, sizeof(hosts),
			 "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t%s",
			 hostname);
		assert_string_equal(plan.hostname, row[i].name);
		assert_string_equal(find("/etc/hosts")->text, hosts);
		assert_string_equal(find("/etc/hostname")->text, hostname);
	}
}

/* --- capabilities ------------------------------------------------------------------------------------ */

#define DEFAULT                                                                                              \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) |        \
	 CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETPCAP) |              \
	 CAP_BIT(CAP_NET_BIND_SERVICE) | CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_SETFCAP))
#define ALL (CAP_BIT(CAP_LAST_CAP) | (CAP_BIT(CAP_LAST_CAP) - 1))

static void capabilities_add_up_as_docker_has_it(void **state)
{
	static const struct {
		const char *words[5];
		uint64_t caps, user_ambient;
		bool lock;
		const char *why;
	} row[] = {
		{{NULL}, DEFAULT, 0, false, "the default"},
		{{"--cap-drop=ALL", NULL}, 0, 0, false, "none"},
		{{"--cap-drop=KILL", NULL}, DEFAULT & ~CAP_BIT(CAP_KILL), 0, false, "one less"},
		{{"--cap-drop=SYS_ADMIN", NULL}, DEFAULT, 0, false, "one that was not there"},
		{{"--cap-add=KILL", NULL},
		 DEFAULT,
		 CAP_BIT(CAP_KILL),
		 false,
		 "one that is there: a user gets it"},
		{{"--cap-add=NET_ADMIN", NULL},
		 DEFAULT | CAP_BIT(CAP_NET_ADMIN),
		 CAP_BIT(CAP_NET_ADMIN),
		 false,
		 "one more"},
		{{"--cap-add=SYS_ADMIN", NULL},
		 DEFAULT | CAP_BIT(CAP_SYS_ADMIN),
		 CAP_BIT(CAP_SYS_ADMIN),
		 true,
		 "the one that changes mounts"},
		{{"--cap-add=ALL", NULL}, ALL, ALL, true, "all"},
		{{"--cap-add=SYS_RESOURCE", NULL},
		 DEFAULT | CAP_BIT(CAP_SYS_RESOURCE),
		 CAP_BIT(CAP_SYS_RESOURCE),
		 true,
		 "the one that lifts the limit on user namespaces"},
		{{"--cap-add=ALL", "--cap-drop=SYS_ADMIN", NULL},
		 ALL & ~CAP_BIT(CAP_SYS_ADMIN),
		 ALL & ~CAP_BIT(CAP_SYS_ADMIN),
		 true,
		 "all but one"},
		{{"--cap-drop=SYS_ADMIN", "--cap-add=ALL", "--cap-drop=SYS_RESOURCE", NULL},
		 ALL & ~(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_RESOURCE)),
		 ALL & ~(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_RESOURCE)),
		 false,
		 "in any order"},
		{{"--cap-add=KILL", "--cap-drop=KILL", NULL},
		 DEFAULT & ~CAP_BIT(CAP_KILL),
		 0,
		 false,
		 "dropped wins over added"},
		{{"--cap-drop=ALL", "--cap-add=SYS_ADMIN", NULL},
		 CAP_BIT(CAP_SYS_ADMIN),
		 CAP_BIT(CAP_SYS_ADMIN),
		 true,
		 "just what was added"},
		{{"--cap-add=KILL", "--cap-drop=ALL", NULL},
		 CAP_BIT(CAP_KILL),
		 CAP_BIT(CAP_KILL),
		 false,
		 "in any order"},
		{{"--cap-drop=ALL", "--cap-drop=KILL", "--cap-add=CHOWN", NULL},
		 CAP_BIT(CAP_CHOWN),
		 CAP_BIT(CAP_CHOWN),
		 false,
		 "ALL and one more to drop"},
		{{"--cap-drop=ALL", "--cap-add=ALL", NULL}, ALL, ALL, true, "ALL twice"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		for (uint32_t uid = 0; uid <= 1000; uid += 1000) {
			const char *words[6] = {NULL};
			size_t n = 0;

			for (; row[i].words[n]; n++)
				words[n] = row[i].words[n];
			words[n] = "./r";
			facts.uid = facts.gid = uid;
			made(words);
			if (plan.caps != row[i].caps ||
			    plan.caps_ambient != (uid ? row[i].user_ambient : 0) ||
			    plan.lock_mounts != row[i].lock)
				fail_msg("%s: caps %" PRIx64 ", ambient %" PRIx64 ", lock %u", row[i].why,
					 plan.caps, plan.caps_ambient, plan.lock_mounts);
		}
}

/* --- ids, places, processes ----------------------------------------------------------------------------- */

static void ones_own_id_is_root_inside_but_for_the_map_self(void **state)
{
	static const struct {
		const char *map;
		enum plan_map kind;
		uint32_t own;
	} row[] = {
		{"--map=self", PLAN_MAP_SELF, 1000},
		{"--map=subordinate", PLAN_MAP_SUBORDINATE, 0},
		{"--map=auto", PLAN_MAP_AUTO, 0},
		{"--map=isolated", PLAN_MAP_ISOLATED, 0},
	};

	(void)state;
	as_user(1000, 100);
	for (size_t i = 0; i < COUNT(row); i++) {
		MAKE(row[i].map, "-u", "alice");
		assert_int_equal(plan.map, row[i].kind);
		assert_int_equal(plan.own_uid, row[i].own);
		assert_int_equal(plan.own_gid, row[i].own ? 100 : 0);
		assert_int_equal(plan.uid, 1000);
		assert_int_equal(plan.gid, 100);
		assert_string_equal(plan.user, "alice");
	}
	as_user(0, 0);
	MAKE("--map=self");
	assert_int_equal(plan.own_uid, 0);
}

static void the_working_directory_is_home_unless_asked(void **state)
{
	(void)state;
	as_user(7, 7);
	MAKE("-i");
	assert_string_equal(plan.cwd, "/home/alice");
	assert_int_equal(plan.cwd_asked, 0);
	MAKE("-w", "/x//y/");
	assert_string_equal(plan.cwd, "/x/y");
	assert_int_equal(plan.cwd_asked, 1);
}

static void changes_can_be_thrown_away_only_in_a_directory(void **state)
{
	(void)state;
	MAKE("--ephemeral", "--ephemeral-size=5M");
	assert_int_equal(plan.ephemeral, 0);
	assert_int_equal(plan.ephemeral_size, 5 << 20);
	in_directory();
	MAKE("--ephemeral");
	assert_int_equal(plan.ephemeral, 1);
	MAKE("-i");
	assert_int_equal(plan.ephemeral, 0);
}

static void terminals_are_those_there_are_or_all(void **state)
{
	(void)state;
	for (uint32_t tty = 0; tty <= PLAN_TTY_ALL; tty++) {
		facts.tty = tty;
		MAKE("-i");
		assert_int_equal(plan.tty, tty);
		MAKE("-t");
		assert_int_equal(plan.tty, PLAN_TTY_ALL);
	}
}

static void the_command_and_the_rest_go_through_as_they_are(void **state)
{
	(void)state;
	made((const char *const[]){"--no-init", "--stop-timeout=3s", "--preserve-fd=9", "--preserve-fd=4",
				   "./r", "sh", "-c", "", NULL});
	assert_int_equal(plan.argv.count, 3);
	assert_string_equal(plan.argv.item[0], "sh");
	assert_string_equal(plan.argv.item[2], "");
	assert_null(plan.argv.item[3]);
	assert_int_equal(plan.init, 0);
	assert_int_equal(plan.stop_timeout_ms, 3000);
	assert_int_equal(plan.keep_fds.count, 2);
	assert_int_equal(plan.keep_fds.item[0], 4);
	assert_int_equal(plan.keep_fds.item[1], 9);
	assert_ptr_equal(plan.env.item, facts.env.item);
	assert_int_equal(plan.env.count, 2);
	MAKE("--init");
	assert_int_equal(plan.argv.count, 0);
	assert_int_equal(plan.init, 1);
	assert_int_equal(plan.keep_fds.count, 0);
	assert_int_equal(plan.root_read_only, 0);
}

/* --- limits, purity
 * ----------------------------------------------------------------------------------------- */

static const char *const much[] = {
	"-v",         "/s:/d:ro", "--tmpfs", "/tmp:size=5M", "--conf=./c", "--cap-add=KILL", "--hostname=h.x",
	"--map=self", "-w/x",     "./r",     "sh",           NULL};

static void the_same_input_gives_the_same_plan_and_stays(void **state)
{
	static _Alignas(max_align_t) char more_memory[MEMORY];
	static struct run_options before;
	struct arena again = {.base = more_memory, .size = sizeof(more_memory)};
	struct plan_facts facts_before;
	struct plan other;

	(void)state;
	in_directory();
	facts.conf[CONF_HOSTS] = true;
	made(much);
	before = o;
	facts_before = facts;
	memset(more_memory, 'x', sizeof(more_memory));
	assert_int_equal(planner_make(&o, &facts, &again, &other, &e), 0);
	assert_true(plan_equal(&plan, &other));
	assert_ptr_not_equal(plan.ops.item, other.ops.item);
	assert_memory_equal(&before, &o, sizeof(o));
	assert_memory_equal(&facts_before, &facts, sizeof(facts));
}

static void memory_that_does_not_suffice_is_an_error(void **state)
{
	static _Alignas(max_align_t) char little[1 << 14];

	(void)state;
	in_directory();
	made(much);
	for (size_t size = 0; size < sizeof(little); size += 7) {
		struct arena small = {.base = little, .size = size};
		struct plan untouched = {.uid = 77};
		int r = planner_make(&o, &facts, &small, &untouched, &e);

		if (r == 0 && size > 0)
			return;
		assert_int_equal(r, -ENOMEM);
		assert_true(e.msg[0]);
		assert_int_equal(untouched.uid, 77);
	}
	fail_msg("never enough");
}

static void as_many_volumes_as_can_be_typed_fit(void **state)
{
	static char *argv[RUN_MOUNTS_MAX + 3], volume[] = "-v/s:/d";

	(void)state;
	argv[0] = (char[]){"run"};
	for (int i = 1; i <= RUN_MOUNTS_MAX; i++)
		argv[i] = volume;
	argv[RUN_MOUNTS_MAX + 1] = (char[]){"./r"};
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	memset(&o, 0, sizeof(o));
	assert_int_equal(run_options_parse(RUN_MOUNTS_MAX + 2, argv, &arena, &o, &e), 0);
	if (planner_make(&o, &facts, &arena, &plan, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(plan.ops.count > RUN_MOUNTS_MAX && plan.ops.count <= PLAN_OPS_MAX);
	assert_string_equal(plan.ops.item[plan.ops.count - 1].target, "/d");
}

static void what_cannot_be_is_refused_by_the_plans_own_check(void **state)
{
	struct plan untouched;

	(void)state;
	made((const char *const[]){"./r", NULL});
	untouched = plan;
	facts.home = "relative";
	assert_int_equal(make((const char *const[]){"./r", NULL}), -EINVAL);
	assert_non_null(strstr(e.msg, "relative is not a clean absolute path"));
	assert_memory_equal(&untouched, &plan, sizeof(plan));
	facts.home = "/root";
	facts.uid = UINT32_MAX;
	assert_int_equal(make((const char *const[]){"./r", NULL}), -EINVAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(what_croft_mounts_itself_comes_first_and_then_the_hosts_system),
		TEST(a_directory_keeps_its_own_system),
		TEST(an_image_is_never_written),
		TEST(files_in_etc_are_optional_where_nothing_can_be_made),
		TEST(home_is_made_on_the_hosts_system_alone),
		TEST(what_the_user_puts_there_replaces_ours),
		TEST(every_tmpfs_is_limited),
		TEST(a_limit_of_memory_bounds_the_sizes_nobody_asked_for),
		TEST(the_hosts_network_brings_its_sys),
		TEST(files_of_conf_are_bound_and_asked_for),
		TEST(a_resolv_conf_that_was_made_is_a_text),
		TEST(hosts_and_hostname_know_the_name),
		TEST(capabilities_add_up_as_docker_has_it),
		TEST(ones_own_id_is_root_inside_but_for_the_map_self),
		TEST(the_working_directory_is_home_unless_asked),
		TEST(changes_can_be_thrown_away_only_in_a_directory),
		TEST(terminals_are_those_there_are_or_all),
		TEST(the_command_and_the_rest_go_through_as_they_are),
		TEST(the_same_input_gives_the_same_plan_and_stays),
		TEST(memory_that_does_not_suffice_is_an_error),
		TEST(as_many_volumes_as_can_be_typed_fit),
		TEST(what_cannot_be_is_refused_by_the_plans_own_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
