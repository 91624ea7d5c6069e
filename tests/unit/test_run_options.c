/* The options of croft run and croft plan: every one of them, spelled well and badly. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/run_options.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { WORDS = 10, MEMORY = 1 << 20 };

static _Alignas(max_align_t) char memory[MEMORY];
static struct arena arena;
static struct run_options o; /* large */
static struct err e;

static int parse_words(int argc, char *argv[])
{
	arena = (struct arena){.base = memory, .size = sizeof(memory)};
	memset(&o, 0, sizeof(o));
	memset(&e, 0, sizeof(e));
	return run_options_parse(argc, argv, &arena, &o, &e);
}

static int parse(const char *const *words)
{
	static char *argv[WORDS + 2]; /* stays: options point into it */
	int argc = 1;

	argv[0] = (char[]){"run"};
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	argv[argc] = NULL;
	return parse_words(argc, argv);
}

/* --- what the options are now, as text: only what is not as without any ---------------------- */

static char said[4096];

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static void say_mount(const struct run_mount *m)
{
	if (m->device)
		say("device %s on %s", m->source, m->target);
	else if (m->tmpfs)
		say("tmpfs %s size=%" PRIu64 " mode=%" PRIo32, m->target, m->size, m->mode);
	else
		say("bind %s on %s", m->source, m->target);
	say("%s%s%s%s;", m->flags & OPF_READ_ONLY ? " ro" : "", m->flags & OPF_NOEXEC ? " noexec" : "",
	    m->flags & OPF_ASKED ? " asked" : "", m->flags & OPF_OPTIONAL ? " optional" : "");
}

static void say_text(const char *name, const char *text)
{
	if (text)
		say("%s=%s;", name, text);
}

static void say_flags(void)
{
	static const struct {
		const bool *flag;
		const char *name;
	} row[] = {{&o.read_only, "read-only;"},
		   {&o.ephemeral, "ephemeral;"},
		   {&o.allow_userns, "allow-userns;"},
		   {&o.proc_subset_pid, "proc-subset=pid;"},
		   {&o.unmask, "unmask;"},
		   {&o.no_init, "no-init;"},
		   {&o.tty, "tty;"},
		   {&o.untied, "untied;"},
		   {&o.interactive, "interactive;"},
		   {&o.detach, "detach;"},
		   {&o.json, "json;"}};

	for (size_t i = 0; i < COUNT(row); i++)
		say("%s", *row[i].flag ? row[i].name : "");
}

static void say_numbers(void)
{
	if (o.ephemeral_size)
		say("ephemeral-size=%" PRIu64 ";", o.ephemeral_size);
	if (o.gate != GATE_UNSAID)
		say("gate=%d;", (int)o.gate);
	if (o.map != PLAN_MAP_SUBORDINATE)
		say("map=%d;", (int)o.map);
	if (o.cap_add)
		say("cap-add=%" PRIx64 ";", o.cap_add);
	if (o.cap_drop)
		say("cap-drop=%" PRIx64 ";", o.cap_drop);
	if (o.stop_timeout_ms != 10000)
		say("stop=%" PRIu32 ";", o.stop_timeout_ms);
	if (o.status_fd >= 0)
		say("status-fd=%d;", o.status_fd);
	for (uint32_t i = 0; i < o.nkeep; i++)
		say("fd=%" PRIu32 ";", o.keep_fd[i]);
}

static void say_ports(const char *name, bool only, const uint32_t *port, uint32_t n)
{
	if (only)
		say("%s=", name);
	for (uint32_t i = 0; i < n; i++)
		say("%" PRIu32 ",", port[i]);
	say("%s", only ? ";" : "");
}

static void say_network(void)
{
	static const char *const network[] = {"", "network=host;", "network=user;"};

	say("%s", network[o.network]);
	for (uint32_t i = 0; i < o.nports; i++)
		say("port %s:%" PRIu32 ":%" PRIu32 "/%s;", o.port[i].address, o.port[i].host_port,
		    o.port[i].port, o.port[i].protocol == PLAN_UDP ? "udp" : "tcp");
	say_ports("bind", o.tcp & PLAN_TCP_BIND, o.tcp_bind, o.ntcp_bind);
	say_ports("connect", o.tcp & PLAN_TCP_CONNECT, o.tcp_connect, o.ntcp_connect);
}

static void say_confinement(void)
{
	say_text("seccomp", o.seccomp);
	if (o.seccomp_fd >= 0)
		say("seccomp-bpf=%d;", o.seccomp_fd);
	if (o.landlock)
		say("landlock=%d;", (int)o.landlock);
	if (o.hidepid)
		say("hidepid=%d;", (int)o.hidepid);
}

static void say_number(const char *name, uint64_t v)
{
	if (v)
		say("%s=%" PRIu64 ";", name, v);
}

static void say_limits(void)
{
	say_number("memory", o.memory);
	if (o.memory && o.memory_swap == UINT64_MAX)
		say("swap=unlimited;");
	else if (o.memory)
		say("swap=%" PRIu64 ";", o.memory_swap);
	say_number("cpu-milli", o.cpu_milli);
	say_number("pids", o.pids);
	say_number("io-weight", o.io_weight);
	say_number("timeout", o.timeout_ms);
	if (o.nice_asked)
		say("nice=%d;", o.nice);
	if (o.oom_asked)
		say("oom=%d;", o.oom_score_adj);
	for (uint32_t i = 0; i < o.nulimits; i++)
		say("ulimit %" PRIu32 "=%" PRIx64 ":%" PRIx64 ";", o.ulimit[i].resource, o.ulimit[i].soft,
		    o.ulimit[i].hard);
}

static const char *options_said(void)
{
	said[0] = '\0';
	for (uint32_t i = 0; i < o.nmounts; i++)
		say_mount(&o.mount[i]);
	for (uint32_t i = 0; i < o.nenv; i++)
		say("%s %s;", o.env[i].file ? "env-file" : "env", o.env[i].text);
	say_text("conf", o.conf);
	say_text("cwd", o.cwd);
	say_text("user", o.user);
	say_text("hostname", o.hostname);
	say_text("name", o.name);
	say_flags();
	say_numbers();
	say_network();
	say_confinement();
	say_limits();
	return said;
}

/* --- the tables --------------------------------------------------------------------------------- */

#define LONG_64  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"
#define PLANNERS "0"
#define BIND(w)  "type=bind,src=/s,dst=/d" w
#define TMPFS(w) "type=tmpfs,dst=/d" w

#define NO_PORT  " is not [ADDRESS:]HOST:SANDBOX[/udp] with ports from 1 to 65535"
#define NO_PORTS " is not a list of ports from 1 to 65535, or none"
#define NO_CPUS  " is not a number of CPUs from 0.01 to 1000 (as 1.5)"

/* The option comes first. */
static const struct {
	const char *words[WORDS];
	const char *said;
	const char *why;
} good[] = {
	{{"-v", "/a:/b"}, "bind /a on /b asked;", "a volume can be written to"},
	{{"-v/a:/b"}, "bind /a on /b asked;", "glued to its letter"},
	{{"--volume=/a:/b:ro"}, "bind /a on /b ro asked;", "read-only"},
	{{"--volume", "/a:/b:rw"}, "bind /a on /b asked;", "said to be writable"},
	{{"-v", "/a:/b:readonly"}, "bind /a on /b ro asked;", "the long word"},
	{{"-v", "/a:/b:ro,ro"}, "bind /a on /b ro asked;", "said twice"},
	{{"-v", "/a:/b:ro,noexec,nosuid,nodev,rbind"}, "bind /a on /b ro noexec asked;", "all words"},
	{{"-v", "/a:/b:exec"}, "bind /a on /b asked;", "the default, said"},
	{{"-v", "./a:/b"}, "bind ./a on /b asked;", "the source stays as typed"},
	{{"-v", ".:/b"}, "bind . on /b asked;", "this directory"},
	{{"-v", "..:/b"}, "bind .. on /b asked;", "the one above"},
	{{"-v", "a/../b:/b"}, "bind a/../b on /b asked;", "the kernel resolves the source"},
	{{"-v", "/a b,c:/b c"}, "bind /a b,c on /b c asked;", "blanks and commas in paths"},
	{{"-v", "/a://b//./c/"}, "bind /a on /b/c asked;", "the destination is cleaned"},
	{{"-v", "/a:/b", "-v", "/c:/b"}, "bind /a on /b asked;bind /c on /b asked;", "their order stays"},
	{{"-v", "/a:/procs"}, "bind /a on /procs asked;", "no prefix of a string: /procs is not in /proc"},
	{{"-v", "/a:/system/proc"}, "bind /a on /system/proc asked;", "only at the top"},
	{{"--mount", BIND("")}, "bind /s on /d asked;", "a bind"},
	{{"--mount=type=bind,source=/s,target=/d"}, "bind /s on /d asked;", "other names of the fields"},
	{{"--mount", "destination=/d,src=/s,type=bind"}, "bind /s on /d asked;", "in any order"},
	{{"--mount", BIND(",ro,noexec")}, "bind /s on /d ro noexec asked;", "flags"},
	{{"--mount", BIND(",readonly=true")},
	 "bind /s on /d ro asked;",
	 "a flag with true, as docker has it"},
	{{"--mount", BIND(",ro=1,nosuid,nodev")}, "bind /s on /d ro asked;", "a flag with 1"},
	{{"--mount", BIND(",")}, "bind /s on /d asked;", "a comma at the end"},
	{{"--mount", "type=bind,src=/s=t,dst=/d=u"}, "bind /s=t on /d=u asked;", "= in paths"},
	{{"--mount", "type=bind,\"src=/a,b\",dst=/d"}, "bind /a,b on /d asked;", "a comma in quotes"},
	{{"--mount", "\"type=bind\",\"src=/a\"\"b\",\"dst=/d\""},
	 "bind /a\"b on /d asked;",
	 "a quote in quotes"},
	{{"--mount", "type=bind,src=/a\"b,dst=/d"},
	 "bind /a\"b on /d asked;",
	 "a quote that begins no field"},
	{{"--mount", "type=bind,src=/a:b,dst=/c:d"},
	 "bind /a:b on /c:d asked;",
	 "colons, which -v cannot have"},
	{{"--mount", TMPFS("")}, "tmpfs /d size=" PLANNERS " mode=1777;", "a tmpfs"},
	{{"--mount", TMPFS(",size=64K,mode=700,ro,noexec")},
	 "tmpfs /d size=65536 mode=700 ro noexec;",
	 "all words"},
	{{"--mount", TMPFS(",tmpfs-size=1,tmpfs-mode=0755")}, "tmpfs /d size=1 mode=755;", "docker's names"},
	{{"--mount", TMPFS(",mode=0")}, "tmpfs /d size=" PLANNERS " mode=0;", "a mode of nothing is a mode"},
	{{"--tmpfs", "/d"}, "tmpfs /d size=" PLANNERS " mode=1777;", "a tmpfs"},
	{{"--tmpfs=/d:"}, "tmpfs /d size=" PLANNERS " mode=1777;", "with no option"},
	{{"--tmpfs", "/d/:size=1G,mode=1700,ro,noexec"},
	 "tmpfs /d size=1073741824 mode=1700 ro noexec;",
	 "all"},
	{{"--tmpfs", "/tmp:rw,exec,nosuid,nodev"},
	 "tmpfs /tmp size=" PLANNERS " mode=1777;",
	 "defaults, said"},
	{{"--device", "/dev/kvm"}, "device /dev/kvm on /dev/kvm asked;", "a device in its own place"},
	{{"--device=/dev/kvm:/dev//x/./y/"}, "device /dev/kvm on /dev/x/y asked;", "in another, cleaned"},
	{{"--device", "/srv/n:/dev/n", "-v", "/a:/b"},
	 "device /srv/n on /dev/n asked;bind /a on /b asked;",
	 "a device that does not lie in /dev"},
	{{"--conf", "./conf"}, "conf=./conf;", "a directory"},
	{{"-e", "A=b"}, "env A=b;", "a variable"},
	{{"--env", "A", "-eB="}, "env A;env B=;", "the caller's, and an empty one"},
	{{"--env=A=b=c", "--env-file", "./f", "-e", "C"},
	 "env A=b=c;env-file ./f;env C;",
	 "their order stays"},
	{{"--env-file=f"}, "env-file f;", "a file"},
	{{"-w", "/a"}, "cwd=/a;", "a directory"},
	{{"--workdir=/a//b/"}, "cwd=/a/b;", "cleaned"},
	{{"--cwd", "/", "-w", "/proc"}, "cwd=/proc;", "the later one counts; any place will do"},
	{{"-u", "alice"}, "user=alice;", "a name"},
	{{"--user", "1000:100"}, "user=1000:100;", "numbers"},
	{{"--map", "self"}, "map=0;", "a map"},
	{{"--map", "auto"}, "map=2;", "a map"},
	{{"--map=isolated"}, "map=3;", "a map"},
	{{"--map", "none"}, "map=4;", "no user namespace"},
	{{"--gate"}, "gate=1;", "a flag"},
	{{"--no-gate"}, "gate=2;", "a flag"},
	{{"--gate", "--no-gate"}, "gate=2;", "the later one counts"},
	{{"--gate=false"}, "gate=2;", "not by the gate"},
	{{"--no-gate", "--gate=true"}, "gate=1;", "said with its value"},
	{{"--no-gate", "--no-gate=false"}, "", "the ban is taken back"},
	{{"--gate", "--no-gate=false"}, "gate=1;", "which is no more than that"},
	{{"--map=self", "--map=subordinate"}, "", "the default, said"},
	{{"--network", "host"}, "network=host;", "the host's"},
	{{"--network=host", "--network=none"}, "", "the default, said"},
	{{"--hostname", "a.b-c_D9"}, "hostname=a.b-c_D9;", "all characters"},
	{{"--hostname", LONG_64}, "hostname=" LONG_64 ";", "as long as can be"},
	{{"--name=x"}, "name=x;", "a name"},
	{{"--read-only"}, "read-only;", "a flag"},
	{{"--ephemeral"}, "ephemeral;", "a flag"},
	{{"--ephemeral-size", "1M"}, "ephemeral-size=1048576;", "a size"},
	{{"--cap-add", "CHOWN"}, "cap-add=1;", "a capability"},
	{{"--cap-add=cap_sys_admin", "--cap-add=CAP_CHOWN"}, "cap-add=200001;", "in any case, added up"},
	{{"--cap-add", "ALL"}, "cap-add=ffffffffffffffff;", "all of them"},
	{{"--cap-drop", "KILL"}, "cap-drop=20;", "a capability"},
	{{"--cap-drop=all", "--cap-add=kill"},
	 "cap-add=20;cap-drop=ffffffffffffffff;",
	 "all in small letters"},
	{{"--no-init"}, "no-init;", "a flag"},
	{{"--no-init", "--init"}, "", "the later one counts"},
	{{"--init"}, "", "the default, said"},
	{{"--init=false"}, "no-init;", "the other name of it"},
	{{"--init=false", "--no-init=false"}, "", "and both once more"},
	{{"-i"}, "interactive;", "its letter"},
	{{"--interactive"}, "interactive;", "an input that waits"},
	{{"-t"}, "tty;", "a flag"},
	{{"--tty"}, "tty;", "a flag"},
	{{"-it"}, "tty;interactive;", "as hands type it"},
	{{"-itv/a:/b"}, "bind /a on /b asked;tty;interactive;", "the last letter with a value"},
	{{"--stop-timeout", "2m"}, "stop=120000;", "minutes"},
	{{"--stop-timeout=500ms"}, "stop=500;", "milliseconds"},
	{{"--stop-timeout", "0"}, "stop=0;", "at once"},
	{{"--tie", "none"}, "untied;", "a life of its own"},
	{{"-d", "-i"}, "interactive;detach;", "in the background"},
	{{"--detach"}, "detach;", "alone"},
	{{"--tie=none", "--tie=parent"}, "", "the last one holds"},
	{{"--status-fd", "3"}, "status-fd=3;", "a descriptor"},
	{{"--preserve-fd", "3"}, "fd=3;", "a descriptor"},
	{{"--preserve-fd=9", "--preserve-fd=3", "--preserve-fd=5", "--preserve-fd=3"},
	 "fd=3;fd=5;fd=9;",
	 "sorted"},
	{{"--network=user"}, "network=user;", "led out"},
	{{"--network=user", "-p", "8080:80"},
	 "network=user;port 127.0.0.1:8080:80/tcp;",
	 "on loopback unless said"},
	{{"-p", "0.0.0.0:53:5353/udp", "--network=user"},
	 "network=user;port 0.0.0.0:53:5353/udp;",
	 "an address and a protocol"},
	{{"--publish=[::1]:1:65535/tcp", "--network=user"},
	 "network=user;port ::1:1:65535/tcp;",
	 "an address with colons stands in brackets"},
	{{"--tcp-connect", "443,80,443"}, "connect=80,443,;", "in ascending order, once each"},
	{{"--tcp-connect=1", "--tcp-connect=2"}, "connect=1,2,;", "added up"},
	{{"--tcp-bind=none"}, "bind=;", "no port at all"},
	{{"--seccomp", "default"}, "seccomp=default;", "the default, said"},
	{{"--seccomp=unconfined"}, "seccomp=unconfined;", "none"},
	{{"--seccomp", "./f"}, "seccomp=./f;", "a path"},
	{{"--seccomp", "f.json"}, "seccomp=f.json;", "a file of this directory"},
	{{"--seccomp-bpf", "7"}, "seccomp-bpf=7;", "a descriptor"},
	{{"--seccomp-bpf=0"}, "seccomp-bpf=0;", "standard input"},
	{{"--landlock=off"}, "landlock=1;", "off"},
	{{"--landlock", "required"}, "landlock=2;", "required"},
	{{"--landlock", "auto"}, "", "the default, said"},
	{{"--allow-userns"}, "allow-userns;", "a flag"},
	{{"--hidepid", "2"}, "hidepid=2;", "the kernel's number"},
	{{"--hidepid=ptraceable"}, "hidepid=3;", "the kernel's word"},
	{{"--hidepid=4"}, "hidepid=3;", "the number of the last word"},
	{{"--proc-subset", "pid"}, "proc-subset=pid;", "processes alone"},
	{{"--proc-subset=pid", "--proc-subset=all"}, "", "the later one counts"},
	{{"--unmask"}, "unmask;", "a flag"},
	{{"-m", "64m"}, "memory=67108864;swap=67108864;", "as much swap again, as docker has it"},
	{{"--memory=1G", "--memory-swap=3G"}, "memory=1073741824;swap=2147483648;", "both together"},
	{{"--memory-swap=1G", "--memory=1G"}, "memory=1073741824;swap=0;", "no swap"},
	{{"-m1G", "--memory-swap=-1"}, "memory=1073741824;swap=unlimited;", "any swap"},
	{{"--cpus", "1.5"}, "cpu-milli=1500;", "a part of one"},
	{{"--cpus=0.01"}, "cpu-milli=10;", "the least"},
	{{"--pids-limit", "100"}, "pids=100;", "processes"},
	{{"--io-weight", "10000"}, "io-weight=10000;", "the most"},
	{{"--ulimit", "nofile=64"}, "ulimit 7=40:40;", "both at once"},
	{{"--ulimit=nofile=64:128", "--ulimit", "core=0:unlimited"},
	 "ulimit 4=0:ffffffffffffffff;ulimit 7=40:80;",
	 "soft and hard, sorted"},
	{{"--ulimit", "cpu=-1", "--ulimit", "cpu=1:2"}, "ulimit 0=1:2;", "the later one counts"},
	{{"--timeout", "90"}, "timeout=90000;", "seconds"},
	{{"--nice", "-20"}, "nice=-20;", "a sign"},
	{{"--nice=19"}, "nice=19;", "the most"},
	{{"--oom-score-adj", "-1000"}, "oom=-1000;", "never"},
	{{"--oom-score-adj=0"}, "oom=0;", "nothing added"},
	{{"--json"}, "json;", "a flag"},
	{{"--from", "box.toml"}, "", "what it says stands before the other words by now"},
};

#define NO_VOLUME " is not SRC:DST[:ro,rw,noexec,idmap]"
#define KNOWN     " (known: ro, rw, exec, noexec, idmap)"
#define NO_PATH   " is not an absolute path without .."
#define NO_NAME   " is not a name of 1 to 64 letters, digits, -, _ and ."
#define NO_SIZE   " is not a number of bytes (as 64M)"
#define NO_FD     " is not a descriptor number from 3 on"

/* The mistake comes first; the sentence stands behind "option --NAME: ". */
static const struct {
	const char *words[WORDS];
	const char *msg;
	const char *why;
} bad[] = {
	{{"-v"}, "option --volume needs a value: SRC:DST[:OPT,...]", "nothing behind it"},
	{{"-v", "/a"}, "option --volume: /a" NO_VOLUME, "no destination"},
	{{"-v", ":/b"}, "option --volume: :/b" NO_VOLUME, "no source"},
	{{"-v", ""}, "option --volume: ''" NO_VOLUME, "nothing"},
	{{"-v", "/a:"}, "option --volume: the destination ''" NO_PATH, "an empty destination"},
	{{"-v", "/a:b"}, "option --volume: the destination b" NO_PATH, "a relative destination"},
	{{"-v", "/a:/b/../c"}, "option --volume: the destination /b/../c" NO_PATH, "a .."},
	{{"-v", "/a:\n"}, "option --volume: the destination \\n" NO_PATH, "what was typed is quoted"},
	{{"-v", "/a:/"},
	 "option --volume: the destination / is the root itself: give it as ROOT",
	 "the root"},
	{{"-v", "/a://."},
	 "option --volume: the destination / is the root itself: give it as ROOT",
	 "in disguise"},
	{{"-v", "/a:/proc"},
	 "option --volume: the destination /proc lies in /proc, which croft makes",
	 "proc"},
	{{"-v", "/a:/sys/x"},
	 "option --volume: the destination /sys/x lies in /sys, which croft makes",
	 "sys"},
	{{"-v", "/a:/./dev//shm"},
	 "option --volume: the destination /dev/shm lies in /dev, which croft makes",
	 "dev"},
	{{"-v", "data:/b"}, "option --volume: the source data is not a path", "no named volumes"},
	{{"-v", "/a:/b:"}, "option --volume: unknown volume option ''" KNOWN, "an empty word"},
	{{"-v", "/a:/b:ro,"}, "option --volume: unknown volume option ''" KNOWN, "an empty word at the end"},
	{{"-v", "/a:/b:r"}, "option --volume: unknown volume option r" KNOWN, "a part of a word"},
	{{"-v", "/a:/b:RO"}, "option --volume: unknown volume option RO" KNOWN, "another case"},
	{{"-v", "/a:/b:z"}, "option --volume: unknown volume option z" KNOWN, "podman's label"},
	{{"-v", "/a:/b:ro:rw"}, "option --volume: unknown volume option ro:rw" KNOWN, "a fourth part"},
	{{"-v", "/a:/b:ro,rw"}, "option --volume: rw contradicts what stands before it", "both"},
	{{"-v", "/a:/b:rw,readonly"}, "option --volume: readonly contradicts what stands before it", "both"},
	{{"-v", "/a:/b:exec,noexec"}, "option --volume: noexec contradicts what stands before it", "both"},
	{{"-v", "/a:/b:noexec,exec"}, "option --volume: exec contradicts what stands before it", "both"},
	{{"--device", ""}, "option --device: '' is not an absolute path", "nothing"},
	{{"--device", "kvm"}, "option --device: kvm is not an absolute path", "a name"},
	{{"--device", ":/dev/x"}, "option --device: '' is not an absolute path", "no source"},
	{{"--device", "/dev/kvm:"}, "option --device: '' does not lie below /dev", "an empty target"},
	{{"--device", "/dev/kvm:/dev/"}, "option --device: /dev/ does not lie below /dev", "/dev itself"},
	{{"--device", "/dev/kvm:/device"},
	 "option --device: /device does not lie below /dev",
	 "no prefix of a string"},
	{{"--device", "/srv/n"},
	 "option --device: /srv/n does not lie below /dev",
	 "elsewhere, without a target"},
	{{"--device", "/dev/kvm:/dev/../x"}, "option --device: /dev/../x does not lie below /dev", "a .."},
	{{"--device", "/dev/kvm:/dev/kvm:r"},
	 "option --device: /dev/kvm:/dev/kvm:r is not HOST[:TARGET]: what may be done with a device, its own "
	 "permissions say",
	 "docker's rights"},
	{{"--mount", ""}, "option --mount: type= is not bind or tmpfs", "nothing"},
	{{"--mount", "src=/s,dst=/d"}, "option --mount: type= is not bind or tmpfs", "no type"},
	{{"--mount", "type=volume,src=/s,dst=/d"},
	 "option --mount: type= is not bind or tmpfs",
	 "another type"},
	{{"--mount", "type=bind,dst=/d"}, "option --mount: src= is missing", "no source"},
	{{"--mount", "type=bind,src=/s"}, "option --mount: dst= is missing", "no destination"},
	{{"--mount", "type=tmpfs,src=/s,dst=/d"}, "option --mount: a tmpfs has no src=", "a source"},
	{{"--mount", BIND(",size=1M")}, "option --mount: a bind has no size or mode", "a size"},
	{{"--mount", BIND(",mode=0")}, "option --mount: a bind has no size or mode", "a mode"},
	{{"--mount", BIND(",src=/t")}, "option --mount: src=/t is given twice or has no value", "twice"},
	{{"--mount", BIND(",source=/t")},
	 "option --mount: source=/t is given twice or has no value",
	 "by two names"},
	{{"--mount", "type=bind,src=,dst=/d"},
	 "option --mount: src= is given twice or has no value",
	 "no value"},
	{{"--mount", "type=bind,src"}, "option --mount: src is given twice or has no value", "no ="},
	{{"--mount", BIND(",,ro")}, "option --mount: unknown field ''", "an empty field"},
	{{"--mount", BIND(",bind-propagation=shared")},
	 "option --mount: unknown field bind-propagation=shared",
	 "more"},
	{{"--mount", BIND(",ro=false")},
	 "option --mount: unknown field ro=false",
	 "a flag that would be none"},
	{{"--mount", BIND(",ro=")}, "option --mount: unknown field ro=", "a flag without its value"},
	{{"--mount", BIND(",ro,rw")}, "option --mount: rw contradicts what stands before it", "both"},
	{{"--mount", "type=bind,\"src=/s,dst=/d"}, "option --mount: a quote is not closed", "a quote"},
	{{"--mount", "\""}, "option --mount: a quote is not closed", "a quote alone"},
	{{"--mount", "type=bind,src=/s,dst=/dev/x"},
	 "option --mount: the destination /dev/x lies in /dev, which croft makes",
	 "dev"},
	{{"--mount", TMPFS(",size=x")}, "option --mount: the size x" NO_SIZE, "no number"},
	{{"--mount", TMPFS(",size")}, "option --mount: the size ''" NO_SIZE, "no value"},
	{{"--mount", TMPFS(",mode=8")},
	 "option --mount: the mode 8 is not octal (as 1777)",
	 "no octal digit"},
	{{"--mount", TMPFS(",mode")}, "option --mount: the mode '' is not octal (as 1777)", "no value"},
	{{"--tmpfs", ""}, "option --tmpfs: the destination ''" NO_PATH, "nothing"},
	{{"--tmpfs", "d"}, "option --tmpfs: the destination d" NO_PATH, "a relative destination"},
	{{"--tmpfs", "/dev/shm"},
	 "option --tmpfs: the destination /dev/shm lies in /dev, which croft makes",
	 "dev"},
	{{"--tmpfs", "/d:size=0"},
	 "option --tmpfs: the size 0" NO_SIZE,
	 "0 would mean no limit to the kernel"},
	{{"--tmpfs", "/d:size=-1"}, "option --tmpfs: the size -1" NO_SIZE, "a sign"},
	{{"--tmpfs", "/d:size=99999999999T"}, "option --tmpfs: the size 99999999999T" NO_SIZE, "too large"},
	{{"--tmpfs", "/d:mode=77777"}, "option --tmpfs: the mode 77777 is not octal (as 1777)", "too large"},
	{{"--tmpfs", "/d:uid=0"},
	 "option --tmpfs: unknown tmpfs option uid=0 (known: size=, mode=, ro, rw, exec, noexec)",
	 "another word"},
	{{"--tmpfs", "/d:ro,rw"}, "option --tmpfs: rw contradicts what stands before it", "both"},
	{{"--tmpfs", "/d:\"ro"}, "option --tmpfs: a quote is not closed", "a quote"},
	{{"--conf", ""}, "option --conf: an empty path", "nothing"},
	{{"-e", ""}, "option --env: '' is not NAME or NAME=VALUE", "nothing"},
	{{"-e", "=b"}, "option --env: =b is not NAME or NAME=VALUE", "no name"},
	{{"--env-file"}, "option --env-file needs a value: FILE", "nothing behind it"},
	{{"-w", "a"}, "option --workdir: a" NO_PATH, "relative"},
	{{"--workdir", "/a/.."}, "option --workdir: /a/.." NO_PATH, "a .."},
	{{"--cwd="}, "option --cwd: ''" NO_PATH, "nothing"},
	{{"-u", ""}, "option --user: '' is not USER or USER:GROUP", "nothing"},
	{{"-u", ":g"}, "option --user: :g is not USER or USER:GROUP", "no user"},
	{{"-u", "u:"}, "option --user: u: is not USER or USER:GROUP", "no group"},
	{{"-u", "-1"}, "option --user: -1 is not USER or USER:GROUP", "a sign"},
	{{"--map", "Self"},
	 "option --map: Self is not self, subordinate, auto, isolated or none",
	 "another case"},
	{{"--network", "bridge"}, "option --network: bridge is not none, host or user", "another network"},
	{{"-p", "80"}, "option --publish: 80" NO_PORT, "one number"},
	{{"-p", "0:80"}, "option --publish: 0:80" NO_PORT, "no port"},
	{{"-p", "80:65536"}, "option --publish: 80:65536" NO_PORT, "too large"},
	{{"-p", "80:"}, "option --publish: 80:" NO_PORT, "nothing behind the colon"},
	{{"-p", ":80:80"}, "option --publish: :80:80" NO_PORT, "no address"},
	{{"-p", "host:80:80"}, "option --publish: host:80:80" NO_PORT, "a name"},
	{{"-p", "::1:80:80"}, "option --publish: ::1:80:80" NO_PORT, "an address without brackets"},
	{{"-p", "[::1]80:80"}, "option --publish: [::1]80:80" NO_PORT, "no colon behind the bracket"},
	{{"-p", "[]:80:80"}, "option --publish: []:80:80" NO_PORT, "nothing in brackets"},
	{{"-p", "[::1:80:80"}, "option --publish: [::1:80:80" NO_PORT, "a bracket that is not closed"},
	{{"-p", "8000-8010:80"}, "option --publish: 8000-8010:80" NO_PORT, "a range"},
	{{"-p", "80:80/sctp"}, "option --publish: /sctp is not a protocol, /tcp or /udp", "another protocol"},
	{{"-p", "80:80"},
	 "option --publish: it needs a network of the sandbox that leads out",
	 "without such a network"},
	{{"--tcp-bind", ""}, "option --tcp-bind: ''" NO_PORTS, "nothing"},
	{{"--tcp-bind", "80,"}, "option --tcp-bind: 80," NO_PORTS, "a comma at the end"},
	{{"--tcp-connect", "http"}, "option --tcp-connect: http" NO_PORTS, "a name"},
	{{"--tcp-connect", "1-9"}, "option --tcp-connect: 1-9" NO_PORTS, "a range"},
	{{"--tcp-connect=1", "--landlock=off"},
	 "options --tcp-bind, --tcp-connect: Landlock keeps to them, and --landlock off is given",
	 "nothing would keep to them"},
	{{"--seccomp", ""}, "option --seccomp: an empty path", "nothing"},
	{{"--seccomp", "none"},
	 "option --seccomp: none is not default, unconfined or the path of a profile (./FILE)",
	 "another word"},
	{{"--seccomp-bpf", "-1"}, "option --seccomp-bpf: -1 is not a descriptor number", "a sign"},
	{{"--seccomp-bpf=3", "--seccomp=default"},
	 "options --seccomp and --seccomp-bpf: only one filter can be given",
	 "two filters"},
	{{"--landlock", "on"}, "option --landlock: on is not auto, off or required", "another word"},
	{{"--allow-userns=yes"}, "option --allow-userns: yes is not true or false", "a value"},
	{{"--unmask=/proc"}, "option --unmask: /proc is not true or false", "a value"},
	{{"--hidepid", "3"},
	 "option --hidepid: 3 is not off, noaccess, invisible or ptraceable",
	 "a number the kernel does not know"},
	{{"--proc-subset", "net"}, "option --proc-subset: net is not pid or all", "another word"},
	{{"-m", "0"}, "option --memory: 0 is not a number of bytes (as 512M)", "no limit"},
	{{"-m", "1GB"}, "option --memory: 1GB is not a number of bytes (as 512M)", "another suffix"},
	{{"--memory-swap", "1G"}, "option --memory-swap: it needs --memory", "without memory"},
	{{"-m", "2G", "--memory-swap=1G"},
	 "option --memory-swap: it is memory and swap together, so not less than --memory",
	 "less than memory"},
	{{"--memory-swap", "-2"},
	 "option --memory-swap: -2 is not a number of bytes (as 1G), or -1 for no limit",
	 "another sign"},
	{{"--cpus", "0.001"}, "option --cpus: 0.001" NO_CPUS, "too little"},
	{{"--cpus", "1.2345"}, "option --cpus: 1.2345" NO_CPUS, "four decimals"},
	{{"--cpus", "1."}, "option --cpus: 1." NO_CPUS, "none"},
	{{"--cpus", "1e3"}, "option --cpus: 1e3" NO_CPUS, "an exponent"},
	{{"--pids-limit", "0"},
	 "option --pids-limit: 0 is not a number of processes from 1 to 4194304",
	 "none"},
	{{"--io-weight", "0"},
	 "option --io-weight: 0 is not a weight from 1 to 10000 (100 is everybody's)",
	 "none"},
	{{"--ulimit", "nofile"},
	 "option --ulimit: nofile is not NAME=SOFT[:HARD] with a name of limits.conf(5)",
	 "no value"},
	{{"--ulimit", "files=1"},
	 "option --ulimit: files=1 is not NAME=SOFT[:HARD] with a name of limits.conf(5)",
	 "another name"},
	{{"--ulimit", "core=1k"}, "option --ulimit: core=1k: a limit is a number or unlimited", "a suffix"},
	{{"--ulimit", "core=1:"},
	 "option --ulimit: core=1:: a limit is a number or unlimited",
	 "no hard one"},
	{{"--ulimit", "core=2:1"},
	 "option --ulimit: core=2:1: the soft limit is above the hard one",
	 "the wrong way round"},
	{{"--timeout", "0"}, "option --timeout: 0 is not a time (as 90s, 10m, 2h)", "none"},
	{{"--nice", "20"}, "option --nice: 20 is not a number from -20 to 19", "too large"},
	{{"--nice", "--5"}, "option --nice: --5 is not a number from -20 to 19", "two signs"},
	{{"--oom-score-adj", "-1001"},
	 "option --oom-score-adj: -1001 is not a number from -1000 to 1000",
	 "too small"},
	{{"--hostname", ""}, "option --hostname: ''" NO_NAME, "nothing"},
	{{"--hostname", LONG_64 "x"}, "option --hostname: " LONG_64 "x" NO_NAME, "too long"},
	{{"--hostname", "-a"}, "option --hostname: -a" NO_NAME, "a dash in front"},
	{{"--hostname", "a."}, "option --hostname: a." NO_NAME, "a dot at the end"},
	{{"--hostname", "a b"}, "option --hostname: a b" NO_NAME, "a blank"},
	{{"--name", "a/b"}, "option --name: a/b" NO_NAME, "a slash"},
	{{"--read-only=yes"}, "option --read-only: yes is not true or false", "a value"},
	{{"--ephemeral=1"}, "option --ephemeral: 1 is not true or false", "a value"},
	{{"--ephemeral-size", "0"},
	 "option --ephemeral-size: 0 is not a number of bytes (as 512M)",
	 "no limit"},
	{{"--ephemeral-size", "1.5G"},
	 "option --ephemeral-size: 1.5G is not a number of bytes (as 512M)",
	 "a point"},
	{{"--cap-add", "FLY"}, "option --cap-add: FLY is not a capability, or ALL", "unknown"},
	{{"--cap-add", "0"}, "option --cap-add: 0 is not a capability, or ALL", "a number"},
	{{"--cap-drop", "All"}, "option --cap-drop: All is not a capability, or ALL", "neither case"},
	{{"--init=x"}, "option --init: x is not true or false", "a value"},
	{{"--gate=x"}, "option --gate: x is not true or false", "a value"},
	{{"--no-gate=x"}, "option --no-gate: x is not true or false", "a value"},
	{{"--no-init=x"}, "option --no-init: x is not true or false", "a value"},
	{{"--interactive=x"}, "option --interactive: x is not true or false", "a value"},
	{{"--detach=x"}, "option --detach: x is not true or false", "a value"},
	{{"--tty="}, "option --tty: '' is not true or false", "a value, empty"},
	{{"--stop-timeout", "-1"}, "option --stop-timeout: -1 is not a time (as 10s, 500ms, 2m)", "a sign"},
	{{"--stop-timeout", "25d"}, "option --stop-timeout: 25d is not a time (as 10s, 500ms, 2m)", "a unit"},
	{{"--preserve-fd", "2"}, "option --preserve-fd: 2" NO_FD, "standard error"},
	{{"--status-fd", "2"}, "option --status-fd: 2" NO_FD, "standard error"},
	{{"--status-fd=5", "--preserve-fd=5"},
	 "options --status-fd and --preserve-fd: descriptor 5 is croft's or the command's",
	 "one for two"},
	{{"--tie", "child"}, "option --tie: child is not parent or none", "nobody"},
	{{"-d", "-t"}, "options --detach and --tty: nobody is there for a terminal", "two ways"},
	{{"-d", "--preserve-fd=3"},
	 "options --detach and --preserve-fd: nothing of the caller's stays",
	 "two ways"},
	{{"--preserve-fd", "x"}, "option --preserve-fd: x" NO_FD, "no number"},
	{{"--preserve-fd", "2147483648"}, "option --preserve-fd: 2147483648" NO_FD, "negative to the kernel"},
	{{"--json=1"}, "option --json: 1 is not true or false", "a value"},
	{{"--from="}, "option --from: an empty path", "nothing"},
};

static const char *const *with_root(const char *const *words)
{
	static const char *list[WORDS + 1];
	size_t n = 0;

	while (words[n]) {
		list[n] = words[n];
		n++;
	}
	list[n] = "./root";
	list[n + 1] = NULL;
	return list;
}

static void every_good_command_line_means_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		int r = parse(with_root(good[i].words));

		if (r != 0 || strcmp(options_said(), good[i].said) != 0)
			fail_msg("%s: %s: %d %s: %s", good[i].words[0], good[i].why, r, e.msg, said);
		assert_string_equal(o.root, "./root");
		assert_int_equal(o.argc, 0);
	}
}

static void every_bad_command_line_gets_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		/* A root behind an option without a value would be its value. */
		int r = parse(bad[i].words[1] || strchr(bad[i].words[0], '=') ? with_root(bad[i].words)
									      : bad[i].words);

		if (r != -EINVAL || e.code != EINVAL || strcmp(e.msg, bad[i].msg) != 0)
			fail_msg("%s %s: %s: %d: %s", bad[i].words[0], bad[i].words[1], bad[i].why, r, e.msg);
	}
}

/* Whether the word is the option, in the long form or (letter) the short one. */
static bool spells(const char *word, const struct option_row *row, bool letter)
{
	if (!letter)
		return text_starts(word, "--") && text_is(word + 2, strcspn(word + 2, "="), row->name);
	return word[0] == '-' && word[1] == row->letter;
}

static void no_option_is_forgotten_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < run_noptions; i++) {
		const struct option_row *row = &run_option[i];
		int longs = 0, letters = 0, wrong = 0;

		for (size_t k = 0; k < COUNT(good); k++) {
			longs += spells(good[k].words[0], row, false);
			letters += row->letter && spells(good[k].words[0], row, true);
		}
		for (size_t k = 0; k < COUNT(bad); k++)
			wrong += spells(bad[k].words[0], row, false) ||
				 (row->letter && spells(bad[k].words[0], row, true));
		if (!longs || !wrong || (row->letter && !letters))
			fail_msg("--%s: %d good cases, %d with its letter, %d bad ones", row->name, longs,
				 letters, wrong);
	}
}

/* As another file of options had it. Those that are two names of one thing have rows above. */
static void every_switch_is_switched_off_again(void **state)
{
	unsigned switches = 0;

	(void)state;
	for (size_t i = 0; i < run_noptions; i++) {
		const struct option_row *row = &run_option[i];
		const bool pair = strstr(row->name, "gate") || strstr(row->name, "init");
		char on[40], off[40], letter[] = "-x", letter_off[] = "-x=false";

		if (!option_is_switch(row) || pair)
			continue;
		switches++;
		snprintf(on, sizeof(on), "--%s=true", row->name);
		snprintf(off, sizeof(off), "--%s=false", row->name);
		assert_int_equal(parse((const char *const[]){on, "r", NULL}), 0);
		assert_string_not_equal(options_said(), "");
		assert_int_equal(parse((const char *const[]){on, off, "r", NULL}), 0);
		if (options_said()[0])
			fail_msg("%s leaves %s", off, said);
		if (!row->letter)
			continue;
		letter[1] = letter_off[1] = row->letter;
		assert_int_equal(parse((const char *const[]){letter, off, "r", NULL}), 0);
		assert_string_equal(options_said(), "");
		assert_int_equal(parse((const char *const[]){on, letter_off, "r", NULL}), 0);
		assert_string_equal(options_said(), "");
	}
	assert_true(switches >= 8);
}

static void names_and_letters_are_unique_and_every_row_has_its_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < run_noptions; i++) {
		assert_true(run_option[i].help[0] && run_option[i].set);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(run_option[i].name, run_option[k].name);
			assert_true(!run_option[i].letter || run_option[i].letter != run_option[k].letter);
		}
	}
}

/* --- root and command ------------------------------------------------------------------------------ */

static void what_follows_the_root_is_the_command(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *root;
		uint32_t argc;
		const char *first;
		const char *why;
	} row[] = {
		{{"host"}, "host", 0, NULL, "no command"},
		{{"./r", "sh", "-c", "-v"}, "./r", 3, "sh", "options of the command are its own"},
		{{"-t", "./r", "-t"}, "./r", 1, "-t", "the root ends options"},
		{{"./r", "--", "sh"}, "./r", 1, "sh", "-- between root and command"},
		{{"./r", "--", "--", "sh"}, "./r", 2, "--", "only one of them"},
		{{"--", "-r", "sh"}, "-r", 1, "sh", "a root with a dash"},
		{{"--", "./r", "--", "sh"}, "./r", 1, "sh", "both"},
		{{"./r", "--"}, "./r", 0, NULL, "-- and nothing"},
		{{"./r", ""}, "./r", 1, "", "an empty word is a word"},
		{{""}, "", 0, NULL, "an empty root is refused later, with its reason"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		int r = parse(row[i].words);

		if (r != 0 || strcmp(o.root, row[i].root) != 0 || o.argc != row[i].argc)
			fail_msg("%s: %d %s: root %s, %u words", row[i].why, r, e.msg, o.root, o.argc);
		if (row[i].first)
			assert_string_equal(o.argv[0], row[i].first);
		assert_null(o.argv[o.argc]);
	}
}

static void without_a_root_nothing_is_started(void **state)
{
	static const char *const words[][3] = {{NULL}, {"-t", NULL}, {"--", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(parse(words[i]), -EINVAL);
		assert_string_equal(e.msg, "croft run: ROOT is missing");
		assert_string_equal(e.hint,
				    "a directory (./rootfs), a name, or host; Try 'croft run --help'");
	}
}

static void help_is_asked_for_before_anything_is_complained_about(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"--help", NULL}), -ECANCELED);
	assert_int_equal(parse((const char *const[]){"-t", "-h", NULL}), -ECANCELED);
	assert_int_equal(parse((const char *const[]){"./r", "--help", NULL}), 0);
}

static void a_named_volume_gets_a_hint(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"-v", "data:/b", "./r", NULL}), -EINVAL);
	assert_string_equal(e.hint, "there are no named volumes: write ./data for the one in this directory");
}

static void defaults_are_set_and_what_was_typed_is_all_there_is(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"host", NULL}), 0);
	assert_string_equal(options_said(), "");
	assert_int_equal(o.map, PLAN_MAP_SUBORDINATE);
	assert_int_equal(o.stop_timeout_ms, 10000);
	assert_true(o.ephemeral_size == 0);
}

/* --- limits -------------------------------------------------------------------------------------------- */

static void how_often_an_option_is_given_has_a_limit(void **state)
{
	static const struct {
		const char *word;
		uint32_t max;
		const uint32_t *count;
		const char *msg;
	} row[] = {
		{"-v/a:/b", RUN_MOUNTS_MAX, &o.nmounts, "option --volume: more than 4032 volumes"},
		{"--tmpfs=/b", RUN_MOUNTS_MAX, &o.nmounts, "option --tmpfs: more than 4032 volumes"},
		{"--mount=type=tmpfs,dst=/b", RUN_MOUNTS_MAX, &o.nmounts,
		 "option --mount: more than 4032 volumes"},
		{"-eA", RUN_ENV_MAX, &o.nenv, "option --env: given more than 4096 times"},
		{"--env-file=f", RUN_ENV_MAX, &o.nenv, "option --env-file: given more than 4096 times"},
	};
	static char *argv[RUN_ENV_MAX + 4];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		for (uint32_t k = 0; k <= row[i].max + 1; k++)
			argv[k] = (char *)(uintptr_t)(k ? row[i].word : "run");
		argv[row[i].max + 1] = (char[]){"./r"};
		argv[row[i].max + 2] = NULL;
		if (parse_words((int)row[i].max + 2, argv) != 0)
			fail_msg("%s: %s", row[i].word, e.msg);
		assert_int_equal(*row[i].count, row[i].max);
		argv[row[i].max + 1] = argv[1];
		assert_int_equal(parse_words((int)row[i].max + 2, argv), -E2BIG);
		assert_string_equal(e.msg, row[i].msg);
	}
}

static void descriptors_are_sorted_once_each_and_limited(void **state)
{
	static char word[PLAN_FDS_MAX + 1][32], *argv[PLAN_FDS_MAX + 4];

	(void)state;
	argv[0] = (char[]){"run"};
	for (int i = 0; i <= PLAN_FDS_MAX; i++) {
		snprintf(word[i], sizeof(word[i]), "--preserve-fd=%d", 3 + (i * 89) % 257);
		argv[1 + i] = word[i];
	}
	assert_int_equal(parse_words(PLAN_FDS_MAX + 2, argv), -E2BIG);
	assert_string_equal(e.msg, "option --preserve-fd: given more than 256 times");
	argv[PLAN_FDS_MAX + 1] = (char[]){"./r"};
	assert_int_equal(parse_words(PLAN_FDS_MAX + 2, argv), 0);
	assert_int_equal(o.nkeep, PLAN_FDS_MAX);
	for (uint32_t i = 1; i < o.nkeep; i++)
		assert_true(o.keep_fd[i] > o.keep_fd[i - 1]);
}

static void memory_that_does_not_suffice_is_an_error(void **state)
{
	static const char *const value[][2] = {{"--volume", "/a:/b:ro,bad"},
					       {"--mount", "type=bind,\"src=/a\",dst=/b"},
					       {"--tmpfs", "/b:size=1M,ro"},
					       {"--workdir", "/b"}};

	(void)state;
	for (size_t i = 0; i < COUNT(value); i++) {
		bool done = false;

		for (size_t size = 0; !done && size < 4096; size++) {
			char *argv[] = {(char[]){"run"}, (char *)(uintptr_t)value[i][0],
					(char *)(uintptr_t)value[i][1], (char[]){"./r"}, NULL};
			int r;

			memset(&o, 0, sizeof(o));
			arena = (struct arena){.base = memory, .size = size};
			r = run_options_parse(4, argv, &arena, &o, &e);
			done = r != -E2BIG;
			if (!done)
				assert_non_null(strstr(e.msg, ": the command line is too long"));
			else
				assert_true(size > 0);
		}
		assert_true(done);
	}
}

static void a_path_too_long_is_refused(void **state)
{
	static char value[2 * PLAN_PATH_MAX];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	memcpy(value, "/a:/", 4);
	assert_int_equal(parse((const char *const[]){"-v", value, "./r", NULL}), -EINVAL);
	value[3 + PLAN_PATH_MAX - 1] = '\0';
	assert_int_equal(parse((const char *const[]){"-v", value, "./r", NULL}), 0);
	assert_int_equal(strlen(o.mount[0].target), PLAN_PATH_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_good_command_line_means_what_it_says),
		cmocka_unit_test(every_bad_command_line_gets_its_sentence),
		cmocka_unit_test(no_option_is_forgotten_here),
		cmocka_unit_test(every_switch_is_switched_off_again),
		cmocka_unit_test(names_and_letters_are_unique_and_every_row_has_its_help),
		cmocka_unit_test(what_follows_the_root_is_the_command),
		cmocka_unit_test(without_a_root_nothing_is_started),
		cmocka_unit_test(help_is_asked_for_before_anything_is_complained_about),
		cmocka_unit_test(a_named_volume_gets_a_hint),
		cmocka_unit_test(defaults_are_set_and_what_was_typed_is_all_there_is),
		cmocka_unit_test(how_often_an_option_is_given_has_a_limit),
		cmocka_unit_test(descriptors_are_sorted_once_each_and_limited),
		cmocka_unit_test(memory_that_does_not_suffice_is_an_error),
		cmocka_unit_test(a_path_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
