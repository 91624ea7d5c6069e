/*
 * What croft-gate carries out of a plan that a caller may have written himself: one change of a plan that is
 * taken at a time, and the sentence that refuses it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/gate/check.h"
#include "sandbox/standard.h"

enum { MAX = 64 };

static const struct policy_caller caller = {.uid = 1000, .gid = 1001};
static struct plan_op op[MAX];
static struct plan p;
static struct err e;

static struct plan_op *add(uint32_t kind, const char *source, const char *target)
{
	struct plan_op *o = &op[p.ops.count++];

	*o = (struct plan_op){.kind = kind, .source = source, .target = target, .text = ""};
	p.ops.item = op;
	return o;
}

static void add_masks(void)
{
	for (size_t i = 0; i < standard_nmasks; i++)
		add(standard_mask[i].kind, "", standard_mask[i].target);
}

static void good_plan(void)
{
	p = (struct plan){.root_kind = PLAN_ROOT_HOST,
			  .root = "",
			  .ephemeral_size = 1 << 20,
			  .gate = 1,
			  .map = PLAN_MAP_NONE,
			  .uid = 1000,
			  .gid = 1001,
			  .network = PLAN_NETWORK_NONE,
			  .namespaces = PLAN_NS_NET};
	add(OP_MIRROR, "/usr", "/usr");
	add(OP_PROC, "", "/proc");
	add(OP_SYSFS, "", "/sys");
	add(OP_DEV, "", "/dev");
	add_masks();
	add(OP_DEVPTS, "", "/dev/pts");
	add(OP_MQUEUE, "", "/dev/mqueue");
	*add(OP_TMPFS, "", "/tmp") =
		(struct plan_op){.kind = OP_TMPFS, .target = "/tmp", .source = "", .size = 4096, .inodes = 9};
	add(OP_CONF, "/etc/resolv.conf", "/etc/resolv.conf");
	add(OP_VOLUME, "/home/a", "/mnt")->flags = OPF_ASKED;
	add(OP_TEXT, "", "/etc/hosts");
	add(OP_DIR, "", "/home/a");
}

static struct plan_op *find(uint32_t kind)
{
	for (uint32_t i = 0; i < p.ops.count; i++)
		if (op[i].kind == kind)
			return &op[i];
	fail();
	return NULL;
}

static void refused(const char *what)
{
	e.code = 0;
	if (check_plan(&p, &caller, UINT64_C(8) << 30, &e) != -EPERM)
		fail_msg("taken, not refused with '%s'", what);
	if (!strstr(e.msg, what))
		fail_msg("'%s', not '%s'", e.msg, what);
	good_plan();
	assert_int_equal(check_plan(&p, &caller, 0, &e), 0);
}

static void device_instead_of_volume(uint32_t flags)
{
	good_plan();
	*find(OP_VOLUME) = (struct plan_op){
		.kind = OP_DEVICE, .flags = flags, .source = "/dev/kvm", .target = "/dev/kvm", .text = ""};
}

static void a_device_is_the_policys(void **state)
{
	(void)state;
	device_instead_of_volume(OPF_ASKED);
	assert_int_equal(check_plan(&p, &caller, UINT64_C(8) << 30, &e), 0);
	device_instead_of_volume(0);
	refused("a device that the policy is not asked about");
	device_instead_of_volume(OPF_ASKED | OPF_IDMAP);
	refused("exchanges the owners of something else");
}

static void the_command_is_the_caller_or_ends_with_him(void **state)
{
	(void)state;
	good_plan();
	p.gate = 0;
	refused("without it");
	p.uid = 0;
	refused("another user");
	p.gid = 0;
	refused("another user");
	p.map = PLAN_MAP_SUBORDINATE;
	p.uid = 1;
	p.init = 0;
	refused("no init");
	p.root_kind = PLAN_ROOT_SQUASHFS;
	p.root = "/image";
	refused("of an image");
	p.lock_mounts = 1;
	refused("second user namespace");
	p.root_shared = 1;
	refused("a shared root");
	p.root_shared = 1;
	p.root_read_only = 1;
	p.map = PLAN_MAP_SUBORDINATE;
	p.init = 1;
	refused("a shared root"); /* the host's */
	p.root_shared = 1;
	p.root_kind = PLAN_ROOT_DIR;
	p.root = "/srv/root";
	p.map = PLAN_MAP_SUBORDINATE;
	p.init = 1;
	refused("a shared root"); /* that is neither read-only nor below an overlay */
	find(OP_DIR)->kind = OP_KIND_COUNT;
	refused("an operation that it does not know");
	find(OP_DIR)->kind = OP_KIND_COUNT + 1;
	refused("an operation that it does not know");
	find(OP_VOLUME)->flags |= OPF_IDMAP;
	refused("other owners");
	p.tty = 1;
	find(OP_DEVPTS)->kind = OP_MQUEUE;
	refused("no file system for it");
	p.ephemeral = 1;
	refused("an overlay over a root that is not shared");
	p.network = PLAN_NETWORK_USER;
	refused("network of the user's own");
	p.ports.count = 1;
	refused("network of the user's own");
	p.network = PLAN_NETWORK_HOST;
	refused("namespaces do not fit");
	p.namespaces = 0;
	refused("namespaces do not fit");
	p.namespaces |= PLAN_NS_CGROUP;
	refused("namespaces do not fit");
}

static void nothing_of_the_host_is_named_that_the_policy_does_not_see(void **state)
{
	(void)state;
	good_plan();
	find(OP_VOLUME)->flags = 0;
	refused("a volume that the policy is not asked about");
	find(OP_CONF)->source = "/etc/shadow";
	refused("a file that the policy is not asked about");
	find(OP_CONF)->source = "/srv/resolv.conf";
	find(OP_CONF)->flags = OPF_ASKED;
	assert_int_equal(check_plan(&p, &caller, UINT64_C(8) << 30, &e), 0);
	good_plan();
	find(OP_CONF)->source = "/etc/../etc/resolv.conf";
	refused("a file that the policy is not asked about");
	find(OP_VOLUME)->target = "/proc";
	refused("with something else in /proc, /sys or /dev");
	find(OP_TMPFS)->target = "/sys/fs";
	refused("with something else in /proc, /sys or /dev");
	find(OP_TEXT)->target = "/dev/null";
	refused("with something else in /proc, /sys or /dev");
	find(OP_MIRROR)->source = "/home";
	refused("asked for as something else");
	*find(OP_MIRROR) =
		(struct plan_op){.kind = OP_MIRROR, .source = "/home", .target = "/home", .text = ""};
	refused("none of its system");
	p.root_kind = PLAN_ROOT_DIR;
	refused("asked for as something else");
}

static void kernel_file_systems_stand_where_they_belong_and_once(void **state)
{
	static const uint32_t kind[] = {OP_PROC, OP_SYSFS, OP_DEV, OP_DEVPTS, OP_MQUEUE};

	(void)state;
	good_plan();
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		find(kind[i])->target = "/elsewhere";
		refused("in another place than its own");
		add(kind[i], "", standard_target(kind[i]));
		refused("a kernel file system twice");
	}
	find(OP_SYSFS)->kind = OP_SYS_HOST;
	assert_int_equal(check_plan(&p, &caller, 0, &e), 0);
	find(OP_SYS_HOST)->target = "/mnt";
	refused("in another place than its own");
}

static void masks_are_all_there_and_on_top(void **state)
{
	const struct plan_op other = {.kind = OP_DIR, .source = "", .target = "/x", .text = ""};

	(void)state;
	good_plan();
	for (size_t i = 0; i < standard_nmasks; i++) {
		for (uint32_t k = 0; k < p.ops.count; k++)
			if (!strcmp(op[k].target, standard_mask[i].target))
				op[k] = other;
		refused(standard_mask[i].target);
	}
	/* the kernel's file system behind them would lie on them */
	*find(OP_PROC) = other;
	add(OP_PROC, "", "/proc");
	refused("leaves /proc/acpi out");
	/* one that covers is none that is read-only */
	find(OP_READ_ONLY)->kind = OP_MASK;
	refused("with a mask that it does not know");
	find(OP_MASK)->target = "/etc";
	refused("with a mask that it does not know");
	*find(OP_MASK) = other;
	p.unmasked = 1;
	assert_int_equal(check_plan(&p, &caller, 0, &e), 0);
}

static void memory_has_a_bound(void **state)
{
	(void)state;
	good_plan();
	find(OP_TMPFS)->size = 0;
	refused("no limit");
	find(OP_TMPFS)->inodes = 0;
	refused("no limit");
	find(OP_TMPFS)->inodes = standard_inodes(find(OP_TMPFS)->size) + 1;
	refused("more files than belong to its size");
	find(OP_TMPFS)->size = UINT64_C(8) << 30; /* and the root */
	refused("more than the host has memory");
	find(OP_TMPFS)->size = UINT64_MAX;
	refused("more than the host has memory");
	p.ephemeral_size = UINT64_MAX;
	refused("more than the host has memory");
	p.ephemeral_size = 0;
	refused("no limit");
	find(OP_TMPFS)->size = UINT64_C(7) << 30;
	assert_int_equal(check_plan(&p, &caller, UINT64_C(8) << 30, &e), 0);
	assert_int_equal(check_plan(&p, &caller, UINT64_C(4) << 30, &e), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_is_the_caller_or_ends_with_him),
		cmocka_unit_test(a_device_is_the_policys),
		cmocka_unit_test(nothing_of_the_host_is_named_that_the_policy_does_not_see),
		cmocka_unit_test(kernel_file_systems_stand_where_they_belong_and_once),
		cmocka_unit_test(masks_are_all_there_and_on_top),
		cmocka_unit_test(memory_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
