#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "frontend/diagnose.h"

/* A host where everything is allowed, without the switches of distributions. */
#define HOST                                                                                                 \
	.release = "6.1.0-18-amd64", .proc = true, .userns_clone = HOST_UNKNOWN,                             \
	.apparmor_restrict = HOST_UNKNOWN, .max_ns = {100, 101, 102, 103, 104, 105, 106},                    \
	.ids_mapped = true, .exe = "/usr/local/bin/croft", .nproc = UINT64_MAX

struct row {
	const char *why;
	int errnum;
	struct host_facts facts;
	const char *msg;  /* the whole sentence */
	const char *hint; /* what the hint begins with; "" for no hint */
};

#define CREATE "create a user namespace: "
#define PROFILE                                                                                              \
	"printf 'abi <abi/4.0>,\\nprofile croft /usr/local/bin/croft flags=(unconfined) { userns, }\\n' | "  \
	"sudo tee "
#define OUTSIDE  "start croft outside of the sandbox or container it is in"
#define AS_NAMED "start the outer sandbox or container as a user whose uid and gid it maps"

/* A row repeats a field of HOST to change it. */
#pragma GCC diagnostic ignored "-Woverride-init"

static const struct row userns[] = {
	{"Debian's switch is off",
	 EPERM,
	 {HOST, .userns_clone = 0},
	 CREATE "kernel.unprivileged_userns_clone is 0",
	 "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	{"Debian's switch is named before a filter that may be there, too",
	 EPERM,
	 {HOST, .userns_clone = 0, .seccomp = true, .chrooted = true},
	 CREATE "kernel.unprivileged_userns_clone is 0",
	 "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	{"a chroot",
	 EPERM,
	 {HOST, .chrooted = true},
	 CREATE "this process is in a chroot, where the kernel allows none",
	 "start croft outside of the chroot"},
	{"a chroot on a host where Debian's switch is on",
	 EPERM,
	 {HOST, .userns_clone = 1, .chrooted = true},
	 CREATE "this process is in a chroot, where the kernel allows none",
	 "start croft outside of the chroot"},
	{"a seccomp filter",
	 EPERM,
	 {HOST, .seccomp = true},
	 CREATE
	 "a seccomp filter on this process forbids it, as a service's RestrictNamespaces= and container "
	 "engines set one",
	 "in the service: RestrictNamespaces=no; in a container: --security-opt seccomp=unconfined"},
	{"ids that the outer namespace does not map",
	 EPERM,
	 {HOST, .ids_mapped = false, .nested = true},
	 CREATE "your uid or gid has no name in the user namespace you are in",
	 AS_NAMED},
	{"Ubuntu's switch, EPERM",
	 EPERM,
	 {HOST, .apparmor_restrict = 1},
	 CREATE "kernel.apparmor_restrict_unprivileged_userns is 1",
	 PROFILE},
	{"nothing found: what is left is a chroot on a mount, or a security module",
	 EPERM,
	 {HOST, .apparmor_restrict = 0},
	 CREATE "the kernel forbids it: this process is in a chroot, or a security module says no",
	 "start croft outside of any chroot; sudo dmesg"},
	{"user.max_user_namespaces is 0",
	 ENOSPC,
	 {HOST, .max_ns = {0, 101, 102, 103, 104, 105, 106}},
	 CREATE "user.max_user_namespaces is 0",
	 "sudo sysctl -w user.max_user_namespaces=15000"},
	{"another kind of namespace is off",
	 ENOSPC,
	 {HOST, .max_ns = {100, 101, 102, 103, 104, 0, 106}},
	 CREATE "user.max_net_namespaces is 0",
	 "sudo sysctl -w user.max_net_namespaces=15000"},
	{"all are in use",
	 ENOSPC,
	 {HOST},
	 CREATE "all 100 that user.max_user_namespaces allows you are in use",
	 "sudo sysctl -w user.max_user_namespaces=200"},
	{"all are in use, and the limit is near the end of its type",
	 ENOSPC,
	 {HOST, .max_ns = {2147483647, 101, 102, 103, 104, 105, 106}},
	 CREATE "all 2147483647 that user.max_user_namespaces allows you are in use",
	 "sudo sysctl -w user.max_user_namespaces=2147483647"},
	{"all are in use and the limit is hidden",
	 ENOSPC,
	 {HOST, .max_ns = {-1, -1, -1, -1, -1, -1, -1}},
	 CREATE "all that user.max_user_namespaces allows you are in use",
	 "sudo sysctl -w user.max_user_namespaces="},
	{"the outer namespace is full",
	 ENOSPC,
	 {HOST, .nested = true},
	 CREATE "an outer user namespace allows no more, or 32 are nested already",
	 OUTSIDE},
	{"AppArmor confines the caller",
	 EACCES,
	 {HOST, .label = "/usr/bin/job (enforce)"},
	 CREATE "the AppArmor profile /usr/bin/job (enforce) forbids it",
	 "add the rule 'userns,' to that profile in /etc/apparmor.d"},
	{"an unconfined caller, Ubuntu's switch",
	 EACCES,
	 {HOST, .label = "unconfined", .apparmor_restrict = 1},
	 CREATE "AppArmor allows it only to programs that have a profile "
		"(kernel.apparmor_restrict_unprivileged_userns is 1)",
	 PROFILE},
	{"a path that a shell would take apart is not put into a command",
	 EACCES,
	 {HOST, .apparmor_restrict = 1, .exe = "/home/a b/croft"},
	 CREATE "AppArmor allows it only to programs that have a profile "
		"(kernel.apparmor_restrict_unprivileged_userns is 1)",
	 "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	{"SELinux",
	 EACCES,
	 {HOST, .selinux = true, .label = "user_u:user_r:user_t:s0"},
	 CREATE "SELinux forbids it to user_u:user_r:user_t:s0",
	 "sudo ausearch -m avc"},
	{"a security module that says nothing of itself",
	 EACCES,
	 {HOST},
	 CREATE "a security module (AppArmor, SELinux, BPF) forbids it",
	 "sudo dmesg"},
	{"a kernel without user namespaces",
	 EINVAL,
	 {HOST, .missing_ns = 1 << HOST_USER},
	 CREATE "this kernel was built without CONFIG_USER_NS",
	 "start a kernel built with CONFIG_USER_NS=y"},
	{"a kernel without network namespaces",
	 EINVAL,
	 {HOST, .missing_ns = 1 << HOST_NET},
	 CREATE "this kernel was built without CONFIG_NET_NS",
	 "start a kernel built with CONFIG_NET_NS=y"},
	{"EINVAL for another reason",
	 EINVAL,
	 {HOST},
	 CREATE "the kernel does not know one of the namespaces asked for",
	 ""},
	{"nesting, by the errno of old kernels",
	 EUSERS,
	 {HOST},
	 CREATE "32 are nested already, more the kernel does not allow",
	 OUTSIDE},
	{"a limit of processes",
	 EAGAIN,
	 {HOST, .nproc = 64},
	 CREATE "too many processes: the limit is 64 for your uid (RLIMIT_NPROC), and the cgroup has one "
		"(pids.max)",
	 "end some processes, or: ulimit -u unlimited"},
	{"the cgroup's limit of processes",
	 EAGAIN,
	 {HOST},
	 CREATE "the cgroup's pids.max or kernel.threads-max is reached",
	 "end some processes, or: systemctl set-property UNIT TasksMax=infinity"},
	{"no memory",
	 ENOMEM,
	 {HOST},
	 CREATE "the kernel has no memory for it, or the memory limit of the cgroup is reached",
	 "end some processes"},
	{"a filter that answers ENOSYS",
	 ENOSYS,
	 {HOST, .seccomp = true},
	 "the system call clone is not there on Linux 6.1.0-18-amd64: a seccomp filter on this process hides "
	 "it",
	 "in a service: SystemCallFilter= without it"},
	{"an errno nobody expects keeps its own words", EIO, {HOST}, CREATE "Input/output error", ""},
};

static const struct row map[] = {
	{"Ubuntu: the namespace has no capability",
	 EPERM,
	 {HOST, .apparmor_restrict = 1, .label = "unprivileged_userns (enforce)"},
	 "write uid_map: refused by the kernel; the AppArmor profile unprivileged_userns (enforce) may be "
	 "the "
	 "reason",
	 "sudo dmesg"},
	{"Ubuntu, seen by the parent, which is not confined",
	 EPERM,
	 {HOST, .apparmor_restrict = 1, .label = "unconfined"},
	 "write uid_map: AppArmor allows a user namespace, but no capability in it, to programs that have no "
	 "profile (kernel.apparmor_restrict_unprivileged_userns is 1)",
	 PROFILE},
	{"SELinux",
	 EACCES,
	 {HOST, .selinux = true, .label = "user_t"},
	 "write uid_map: refused by the kernel; the SELinux context user_t may be the reason",
	 "sudo dmesg"},
	{"an id without a name",
	 EPERM,
	 {HOST, .ids_mapped = false},
	 "write uid_map: your own id has no name in the user namespace you are in",
	 AS_NAMED},
	{"nothing found", EPERM, {HOST}, "write uid_map: Operation not permitted", ""},
};

static void check_row(const struct row *r, int got, const struct err *e)
{
	if (got != -r->errnum || e->code != r->errnum || strcmp(e->msg, r->msg) != 0)
		fail_msg("%s: %d %s", r->why, got, e->msg);
	if (strncmp(e->hint, r->hint, strlen(r->hint)) != 0 || !r->hint[0] != !e->hint[0])
		fail_msg("%s: hint %s", r->why, e->hint);
}

static void each_refusal_of_a_user_namespace_is_named_with_its_mend(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(userns) / sizeof(userns[0]); i++) {
		struct err e = {.code = 0};

		check_row(&userns[i], explain_userns(&userns[i].facts, userns[i].errnum, &e), &e);
	}
}

static void each_refusal_of_a_map_is_named_with_its_mend(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		struct err e = {.code = 0};

		check_row(&map[i], explain_map(&map[i].facts, "uid_map", map[i].errnum, &e), &e);
	}
}

static void an_old_kernel_is_refused_with_both_numbers(void **state)
{
	static const struct {
		const char *release;
		int expected;
	} row[] = {
		{"4.19.0", -ENOSYS},    {"5.13.19-generic", -ENOSYS},
		{"5.9.0", -ENOSYS},     {"5.14.0", 0},
		{"5.15.0-91-x", 0},     {"6.0.0", 0},
		{"10.1.0", 0},          {"5.4", -ENOSYS},
		{"strange", 0},         {"", 0},
		{"3.18.140+", -ENOSYS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct host_facts f = {HOST};
		struct err e = {.code = 0};

		memset(f.release, 0, sizeof(f.release));
		memcpy(f.release, row[i].release, strlen(row[i].release));
		if (explain_kernel(&f, &e) != row[i].expected)
			fail_msg("%s", row[i].release);
	}
	struct host_facts f = {HOST, .release = "4.19.0"};
	struct err e = {.code = 0};

	assert_int_equal(explain_kernel(&f, &e), -ENOSYS);
	assert_string_equal(e.msg, "croft needs Linux 5.14 or newer, this is 4.19.0");
}

static void a_missing_system_call_is_the_kernels_age_or_a_filter(void **state)
{
	struct host_facts old = {HOST, .release = "5.10.0", .seccomp = true};
	struct host_facts filtered = {HOST, .seccomp = true};
	struct host_facts bare = {HOST};
	struct err e = {.code = 0};

	(void)state;
	assert_int_equal(explain_nosys(&old, "mount_setattr", &e), -ENOSYS);
	assert_string_equal(e.msg, "croft needs Linux 5.14 or newer, this is 5.10.0");
	assert_int_equal(explain_nosys(&filtered, "mount_setattr", &e), -ENOSYS);
	assert_string_equal(e.msg, "the system call mount_setattr is not there on Linux 6.1.0-18-amd64: a "
				   "seccomp filter on this process hides it");
	assert_int_equal(explain_nosys(&bare, "mount_setattr", &e), -ENOSYS);
	assert_string_equal(e.msg, "the system call mount_setattr is not there on Linux 6.1.0-18-amd64");
	assert_string_equal(e.hint, "");
}

static void the_facts_of_this_host_are_read(void **state)
{
	struct host_facts f;

	(void)state;
	host_facts_read(&f);
	assert_true(f.proc);
	assert_true(f.release[0] >= '0' && f.release[0] <= '9');
	assert_true(f.exe[0] == '/');
	assert_true(f.max_ns[HOST_USER] >= 0);
	assert_int_equal(f.missing_ns & 1U << HOST_MNT, 0);
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	host_facts_read(&f);
	assert_true(f.no_new_privs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_of_a_user_namespace_is_named_with_its_mend),
		cmocka_unit_test(each_refusal_of_a_map_is_named_with_its_mend),
		cmocka_unit_test(an_old_kernel_is_refused_with_both_numbers),
		cmocka_unit_test(a_missing_system_call_is_the_kernels_age_or_a_filter),
		cmocka_unit_test(the_facts_of_this_host_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
