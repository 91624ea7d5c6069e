/* Profiles of container engines: each mistake with its place, and what the program then does to calls. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "frontend/seccomp/profile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ALLOW(entries) "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [" entries "]}"
#define ERRNO(code, entries)                                                                                 \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": " code ", \"syscalls\": [" entries "]" \
	"}"
#define EXIT          "{\"names\": [\"exit_group\"], \"action\": \"SCMP_ACT_ALLOW\"}"
#define DENY(rest)    "{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 7" rest "}"
#define ARG(op, more) "{\"index\": 0, \"op\": \"SCMP_CMP_" op "\", \"value\": " more "}"

static struct err e;
static struct sock_filter code[PROFILE_CODE_MAX];
static uint32_t count;
static const struct profile_host host = {.caps = CAP_BIT(CAP_CHOWN), .major = 6, .minor = 1};

static int compile(const char *text)
{
	memset(&e, 0, sizeof(e));
	return profile_compile(text, strlen(text), &host, code, &count, &e);
}

static void a_mistake_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} row[] = {
		{"", "line 1, column 1: the document ends too early"},
		{"{\n \"defaultAction\" \"x\"}",
		 "line 2, column 18: object property name separator ':' expected"},
		{"[]", "the document is not an object"},
		{"{} {}", "line 1, column 4: unexpected character"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\",}", "line 1, column 36: unexpected character"},
		{"{}", "the member defaultAction is missing"},
		{"{\"defaultAction\": null}", "the member defaultAction is missing"},
		{"{\"defaultAction\": 1}", "defaultAction: it is not a string"},
		{"{\"defaultAction\": \"ALLOW\"}", "defaultAction: ALLOW is not an action"},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
		 "defaultAction: SCMP_ACT_NOTIFY needs a program that answers, which croft does not start"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\\u0000\"}", "defaultAction: the string holds a NUL"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 1}",
		 "defaultErrnoRet stands beside SCMP_ACT_ALLOW, which returns no error"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}",
		 "defaultErrnoRet: it is more than 4095, which no error is"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": -1}",
		 "defaultErrnoRet: it is not a whole number from 0 on"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1.5}",
		 "defaultErrnoRet: it is not a whole number from 0 on"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSUCH\"}",
		 "defaultErrno: ENOSUCH is not the name of an error"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"sysCalls\": []}",
		 "the member sysCalls is not known"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": {}}", "syscalls: it is not an array"},
		{ALLOW("1"), "syscalls[0]: it is not an object"},
		{ALLOW(DENY("") ", {}"), "syscalls[1]: the member action is missing"},
		{ALLOW("{\"action\": \"SCMP_ACT_ERRNO\"}"), "syscalls[0]: the member names is missing"},
		{ALLOW("{\"names\": [1], \"action\": \"SCMP_ACT_ERRNO\"}"),
		 "syscalls[0].names[0]: it is not a string"},
		{ALLOW("{\"names\": [\"read\"], \"name\": \"write\", \"action\": \"SCMP_ACT_ERRNO\"}"),
		 "syscalls[0]: both name and names are given"},
		{ALLOW("{\"names\": [\"read\"], \"action\": \"SCMP_ACT_NOTIFY\"}"),
		 "syscalls[0].action: SCMP_ACT_NOTIFY needs a program that answers, which croft does not "
		 "start"},
		{ALLOW("{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\", \"errno\": \"EPERM\"}"),
		 "syscalls[0]: errnoRet stands beside SCMP_ACT_KILL, which returns no error"},
		{ALLOW(DENY(", \"arg\": []")), "syscalls[0]: the member arg is not known"},
		{ALLOW(DENY(", \"args\": [{\"index\": 0}]")),
		 "syscalls[0].args[0]: the member op is missing"},
		{ALLOW(DENY(", \"args\": [{\"op\": \"SCMP_CMP_EQ\"}]")),
		 "syscalls[0].args[0]: the member index is missing"},
		{ALLOW(DENY(", \"args\": [{\"index\": 6, \"op\": \"SCMP_CMP_EQ\"}]")),
		 "syscalls[0].args[0]: the index is more than 5: a system call has six arguments"},
		{ALLOW(DENY(", \"args\": [" ARG("EQ", "1") ", " ARG("IS", "1") "]")),
		 "syscalls[0].args[1].op: SCMP_CMP_IS is not a comparison"},
		{ALLOW(DENY(", \"args\": [" ARG("EQ", "\"1\"") "]")),
		 "syscalls[0].args[0].value: it is not a whole number from 0 on"},
		{ALLOW(DENY(", \"args\": [" ARG("EQ", "18446744073709551616") "]")),
		 "line 1, column 168: the number has more than 64 bits"},
		{ALLOW(DENY(", \"includes\": {\"arch\": []}")),
		 "syscalls[0].includes: the member arch is not known"},
		{ALLOW(DENY(", \"excludes\": {\"minKernel\": \"4\"}")),
		 "syscalls[0].excludes.minKernel: 4 is not a version as 4.8"},
		{ALLOW(DENY(", \"excludes\": {\"minKernel\": \"4.8.0\"}")),
		 "syscalls[0].excludes.minKernel: 4.8.0 is not a version as 4.8"},
		{ALLOW(DENY("") ", {\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_TRAP\", \"args\": [" ARG(
			 "EQ", "1") "]}"),
		 "syscalls[1].names[0]: getpgid has two rules with two actions, one with args and one "
		 "without: only the one "
		 "without would hold"},
		{ALLOW("{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_TRAP\", \"args\": [" ARG(
			 "EQ", "1") "]}, " DENY("")),
		 "syscalls[1].names[0]: getpgid has two rules with two actions, one with args and one "
		 "without: only the one "
		 "without would hold"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"amd64\"]}",
		 "architectures[0]: amd64 is not an architecture"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_S390\"]}",
		 "architectures[0]: SCMP_ARCH_S390 cannot be together with this machine's architecture"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\"], "
		 "\"archMap\": "
		 "[{\"architecture\": \"SCMP_ARCH_X86_64\"}]}",
		 "both architectures and archMap are given"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{\"subArchitectures\": []}]}",
		 "archMap[0]: the member architecture is missing"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"]}",
		 "flags[0]: the flag SECCOMP_FILTER_FLAG_LOG is not supported (SECCOMP_FILTER_FLAG_TSYNC "
		 "is)"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/run/x\"}",
		 "listenerPath: croft sends no notifications to a listener"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		if (compile(row[i].text) != -EINVAL)
			fail_msg("taken: %s", row[i].text);
		if (row[i].message && strcmp(e.msg, row[i].message) != 0)
			fail_msg("%s\n  %s\n  not: %s", row[i].text, e.msg, row[i].message);
	}
}

static void a_document_that_is_too_deep_or_too_long_is_refused(void **state)
{
	static char text[300000];
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "{\"defaultAction\": ");
	memset(text + n, '[', 1000);
	assert_int_equal(compile(text), -EINVAL);
	assert_non_null(strstr(e.msg, "nesting too deep"));

	memset(text, 0, sizeof(text));
	n = (size_t)snprintf(text, sizeof(text), "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [");
	n += (size_t)snprintf(text + n, sizeof(text) - n,
			      "{\"action\": \"SCMP_ACT_ERRNO\", \"names\": [\"getpgid\"");
	for (unsigned i = 0; i < PROFILE_RULES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"getpgid\"");
	snprintf(text + n, sizeof(text) - n, "]}]}");
	assert_int_equal(compile(text), -EINVAL);
	assert_string_equal(e.msg, "syscalls[0].names[16384]: more than 16384 system calls are named");
}

/* Under the program, in a child: getpgid(arg) and then another call. The errno, 0 when it was let through. */
static int errno_of(long nr, uint64_t arg)
{
	const struct sock_fprog prog = {(unsigned short)count, code};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
			_exit(200);
		syscall(SYS_exit_group, syscall(nr, arg, 0, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_program_does_what_the_profile_says(void **state)
{
	enum { NEWEST = 1023 };
	static const struct {
		const char *why, *text;
		long nr;
		uint64_t arg;
		int want;
	} row[] = {
		{"allowed by default", ALLOW(""), SYS_getpgid, 0, 0},
		{"refused", ALLOW(DENY("")), SYS_getpgid, 0, 7},
		{"no members that say nothing",
		 ALLOW(DENY(", \"args\": null, \"comment\": \"\", \"includes\": {}, \"excludes\": null")),
		 SYS_getpgid, 0, 7},
		{"digits in a string, behind a quote in it",
		 ALLOW(DENY(", \"comment\": \"\\\"99999999999999999999999\"")), SYS_getpgid, 0, 7},
		{"the old name",
		 ALLOW("{\"name\": \"getpgid\", \"action\": \"SCMP_ACT_ERRNO\", \"args\": []}"), SYS_getpgid,
		 0, EPERM},
		{"podman's name of an error",
		 ALLOW("{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1, "
		       "\"errno\": \"EBADMSG\"}"),
		 SYS_getpgid, 0, EBADMSG},
		{"names that nobody knows are passed over",
		 ALLOW("{\"names\": [\"no_such_call\", \"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", "
		       "\"errnoRet\": 7}"),
		 SYS_getpgid, 0, 7},
		{"the default's error", ERRNO("38", EXIT), SYS_getpgid, 0, ENOSYS},
		{"the default's error by name",
		 "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"EBADMSG\", \"syscalls\": [" EXIT
		 "]}",
		 SYS_getpgid, 0, EBADMSG},
		{"a rule that says what the default says",
		 ERRNO("1",
		       EXIT ", {\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1}"),
		 SYS_getpgid, 0, EPERM},
		{"newer than all that is named", ERRNO("1", EXIT), NEWEST, 0, ENOSYS},
		{"newer, but the default is no EPERM", ERRNO("13", EXIT), NEWEST, 0, EACCES},
		{"older than what is named", ERRNO("1", EXIT), SYS_getpgid, 0, EPERM},
		{"killed", ALLOW("{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}"),
		 SYS_getpgid, 0, 128 + 31},
		{"equal", ALLOW(DENY(", \"args\": [" ARG("EQ", "1") "]")), SYS_getpgid, 1, 7},
		{"not equal", ALLOW(DENY(", \"args\": [" ARG("EQ", "1") "]")), SYS_getpgid, 0, 0},
		{"less", ALLOW(DENY(", \"args\": [" ARG("LT", "1") "]")), SYS_getpgid, 0, 7},
		{"greater", ALLOW(DENY(", \"args\": [" ARG("GT", "0") "]")), SYS_getpgid, 0, 0},
		{"64 bits", ALLOW(DENY(", \"args\": [" ARG("GE", "18446744073709551615") "]")), SYS_getpgid,
		 UINT64_MAX, 7},
		{"masked", ALLOW(DENY(", \"args\": [" ARG("MASKED_EQ", "4, \"valueTwo\": 4") "]")),
		 SYS_getpgid, 5, 7},
		{"masked, the bit is not there",
		 ALLOW(DENY(", \"args\": [" ARG("MASKED_EQ", "4, \"valueTwo\": 4") "]")), SYS_getpgid, 0, 0},
		{"twice the same argument: one of them",
		 ALLOW(DENY(", \"args\": [" ARG("EQ", "0") ", " ARG("EQ", "5") "]")), SYS_getpgid, 0, 7},
		{"the first of two rules without args",
		 ERRNO("1", EXIT ", {\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ALLOW\"}, " DENY("")),
		 SYS_getpgid, 0, 0},
		{"a capability that is held", ALLOW(DENY(", \"includes\": {\"caps\": [\"CAP_CHOWN\"]}")),
		 SYS_getpgid, 0, 7},
		{"one that is held and one that is not",
		 ALLOW(DENY(", \"includes\": {\"caps\": [\"CAP_CHOWN\", \"CAP_SYS_ADMIN\"]}")), SYS_getpgid,
		 0, 0},
		{"a capability that nobody knows",
		 ALLOW(DENY(", \"includes\": {\"caps\": [\"CAP_OF_TOMORROW\"]}")), SYS_getpgid, 0, 0},
		{"excluded by one that is held",
		 ALLOW(DENY(", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_CHOWN\"]}")), SYS_getpgid,
		 0, 0},
		{"excluded by none", ALLOW(DENY(", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}")),
		 SYS_getpgid, 0, 7},
		{"another architecture", ALLOW(DENY(", \"includes\": {\"arches\": [\"s390\", \"mips\"]}")),
		 SYS_getpgid, 0, 0},
		{"one of the architectures",
		 ALLOW(DENY(", \"includes\": {\"arches\": [\"s390\", \"amd64\", \"arm64\", \"riscv64\"]}")),
		 SYS_getpgid, 0, 7},
		{"excluded here",
		 ALLOW(DENY(", \"excludes\": {\"arches\": [\"s390\", \"amd64\", \"arm64\", \"riscv64\"]}")),
		 SYS_getpgid, 0, 0},
		{"a kernel that is new enough", ALLOW(DENY(", \"includes\": {\"minKernel\": \"6.1\"}")),
		 SYS_getpgid, 0, 7},
		{"a kernel that is not", ALLOW(DENY(", \"includes\": {\"minKernel\": \"6.2\"}")), SYS_getpgid,
		 0, 0},
		{"a kernel that is by far", ALLOW(DENY(", \"includes\": {\"minKernel\": \"5.10\"}")),
		 SYS_getpgid, 0, 7},
		{"excluded by the kernel", ALLOW(DENY(", \"excludes\": {\"minKernel\": \"4.8\"}")),
		 SYS_getpgid, 0, 0},
		{"docker's map of architectures, with one that libseccomp may not know",
		 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{\"architecture\": "
		 "\"SCMP_ARCH_X86_64\", "
		 "\"subArchitectures\": [\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"]}, {\"architecture\": "
		 "\"SCMP_ARCH_AARCH64\", "
		 "\"subArchitectures\": [\"SCMP_ARCH_ARM\"]}, {\"architecture\": \"SCMP_ARCH_OTHER\", "
		 "\"subArchitectures\": null}], "
		 "\"syscalls\": [" DENY("") "]}",
		 SYS_getpgid, 0, 7},
		{"the flag that is always so",
		 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_TSYNC\"], "
		 "\"syscalls\": [" DENY("") "]}",
		 SYS_getpgid, 0, 7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		int was;

		if (compile(row[i].text) < 0)
			fail_msg("%s: %s", row[i].why, e.msg);
		was = errno_of(row[i].nr, row[i].arg);
		if (was != row[i].want && !(row[i].want == 0 && was == ESRCH))
			fail_msg("%s: %d, not %d", row[i].why, was, row[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistake_is_named_with_its_place),
		cmocka_unit_test(a_document_that_is_too_deep_or_too_long_is_refused),
		cmocka_unit_test(a_program_does_what_the_profile_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
