/* Where a cgroup with limits can be made, and what is said where it cannot. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/cgroup_place.h"

/* A row repeats a field of HOST or MANAGER to change it. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MEMORY   CGROUP_BIT(CGROUP_MEMORY)
#define PIDS     CGROUP_BIT(CGROUP_PIDS)
#define IO       CGROUP_BIT(CGROUP_IO)
#define ALL      (CGROUP_BIT(CGROUP_CONTROLLERS) - 1)

/* A host with version 2 alone, where nothing is delegated to the caller. */
#define HOST     .mounted = true, .at = "/sys/fs/cgroup", .root = "/", .own = "/a/b", .kernel = ALL, .uid = 1000
#define MINE     .writable = true, .delegated = true
#define MANAGER  .bus = true, .manager_seen = true, .manager = ALL
#define NOT_BUSY .busy = false
#define IS_BUSY  .busy = true

struct row {
	const char *why;
	unsigned need;
	struct cgroup_facts facts;
	enum cgroup_way way;    /* CGROUP_WAYS: none */
	const char *msg, *hint; /* the whole sentence; a part of the hint */
};

static const struct row row[] = {
	{"nothing is needed", 0, {.mounted = false}, CGROUP_NONE, NULL, NULL},
	{"the user manager", MEMORY, {HOST, MANAGER}, CGROUP_SCOPE, NULL, NULL},
	{"a user manager whose controllers cannot be seen",
	 MEMORY,
	 {HOST, .bus = true},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"the cgroup above, which gives controllers already",
	 MEMORY,
	 {HOST, .parent = {MINE, IS_BUSY, .have = ALL, .given = MEMORY}},
	 CGROUP_PARENT,
	 NULL,
	 NULL},
	{"the cgroup above, in which is nobody",
	 MEMORY,
	 {HOST, .parent = {MINE, NOT_BUSY, .have = ALL}},
	 CGROUP_PARENT,
	 NULL,
	 NULL},
	{"the cgroup above before one's own and the manager",
	 MEMORY,
	 {HOST, MANAGER, .parent = {MINE, .have = ALL, .given = ALL}, .self = {MINE, .have = ALL}},
	 CGROUP_PARENT,
	 NULL,
	 NULL},
	{"one's own before the manager, whose limits would be others",
	 MEMORY | PIDS,
	 {HOST, MANAGER, .self = {MINE, NOT_BUSY, .have = MEMORY | PIDS}},
	 CGROUP_SELF,
	 NULL,
	 NULL},
	{"one's own that is busy: the manager",
	 MEMORY,
	 {HOST, MANAGER, .self = {MINE, IS_BUSY, .have = ALL}},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"one's own without the controller: the manager",
	 MEMORY,
	 {HOST, MANAGER, .self = {MINE, .have = PIDS}},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"what is the manager's own is not used",
	 MEMORY,
	 {HOST, MANAGER, .parent = {.writable = true, .have = ALL, .given = ALL},
	  .self = {.writable = true, .have = ALL}},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"what is not writable is not used",
	 MEMORY,
	 {HOST, MANAGER, .parent = {.delegated = true, .have = ALL, .given = ALL}},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"a controller of version 1 that is not needed does not matter",
	 MEMORY,
	 {HOST, MANAGER, .v1 = PIDS},
	 CGROUP_SCOPE,
	 NULL,
	 NULL},
	{"no version 2 at all",
	 MEMORY,
	 {.mounted = false},
	 CGROUP_WAYS,
	 "limit memory: cgroup version 2 is not mounted on this host",
	 "systemd.unified_cgroup_hierarchy=1"},
	{"a hybrid layout",
	 MEMORY | PIDS,
	 {HOST, MANAGER, .v1 = ALL & ~PIDS},
	 CGROUP_WAYS,
	 "limit memory pids: on this host cgroup version 1 has memory (a hybrid layout), and version 1 "
	 "cannot be "
	 "delegated to users",
	 "systemd.unified_cgroup_hierarchy=1"},
	{"a kernel without the memory controller",
	 MEMORY | PIDS,
	 {HOST, MANAGER, .kernel = PIDS},
	 CGROUP_WAYS,
	 "limit memory pids: this kernel has no cgroup controller memory",
	 "cgroup_enable=memory"},
	{"a kernel without the io controller",
	 IO,
	 {HOST, MANAGER, .kernel = ALL & ~IO},
	 CGROUP_WAYS,
	 "limit io: this kernel has no cgroup controller io",
	 "CONFIG_CGROUPS"},
	{"a manager that was not given the controller",
	 MEMORY | IO,
	 {HOST, MANAGER, .manager = ALL & ~IO},
	 CGROUP_WAYS,
	 "limit io memory: your user manager of systemd was not given the controller io",
	 "Delegate=cpu cpuset io memory pids"},
	{"nothing is delegated",
	 MEMORY,
	 {HOST},
	 CGROUP_WAYS,
	 "limit memory: no cgroup is delegated to you: you are in /a/b, and no user manager of systemd "
	 "answers at "
	 "/run/user/1000",
	 "loginctl enable-linger 1000"},
	{"a delegated cgroup with others in it",
	 MEMORY,
	 {HOST, .self = {MINE, IS_BUSY, .have = ALL}},
	 CGROUP_WAYS,
	 "limit memory: other processes are in the cgroup /a/b, which is delegated to you, so that it can "
	 "have no "
	 "cgroups with limits below",
	 "DelegateSubgroup"},
	{"a delegated cgroup without the controller",
	 MEMORY,
	 {HOST, .self = {MINE, IS_BUSY, .have = PIDS}},
	 CGROUP_WAYS,
	 "limit memory: the cgroup /a/b, which is delegated to you, was not given memory",
	 "Delegate=cpu cpuset io memory pids"},
};

static void each_host_has_its_way_or_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = {0};
		enum cgroup_way way = CGROUP_WAYS;
		int r = cgroup_choose(&row[i].facts, row[i].need, &way, &e);

		if (way != row[i].way || r != (row[i].msg ? -ENOTSUP : 0))
			fail_msg("%s: %d, way %d: %s", row[i].why, r, way, e.msg);
		if (row[i].msg && (strcmp(e.msg, row[i].msg) != 0 || !strstr(e.hint, row[i].hint)))
			fail_msg("%s: %s\n%s", row[i].why, e.msg, e.hint);
	}
}

/* Whatever the facts: a way is only chosen where every controller that is needed can be had there. */
static void no_way_is_ever_chosen_that_lacks_a_controller(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1U << 13; bits++)
		for (unsigned need = 1; need < 4; need++) {
			const struct cgroup_facts f = {.mounted = true,
						       .own = "/a",
						       .v1 = bits & 1 ? 2 : 0,
						       .kernel = bits & 2 ? 3 : 1,
						       .bus = bits & 4,
						       .manager_seen = bits & 8,
						       .manager = bits & 16 ? 3 : 1,
						       .parent = {.writable = bits & 32,
								  .delegated = bits & 64,
								  .have = bits & 128 ? 3 : 1,
								  .given = bits & 256 ? 1 : 0,
								  .busy = bits & 512},
						       .self = {.writable = bits & 1024,
								.delegated = true,
								.have = bits & 2048 ? 3 : 2,
								.busy = bits & 4096}};
			const struct cgroup_base *b = &f.parent;
			enum cgroup_way way = CGROUP_WAYS;
			struct err e = {0};
			int r = cgroup_choose(&f, need, &way, &e);

			assert_true(r == 0 ? way != CGROUP_NONE && way != CGROUP_WAYS
					   : way == CGROUP_WAYS && e.hint[0]);
			if (r == 0)
				assert_true(!(need & f.v1) && !(need & ~f.kernel));
			if (way == CGROUP_SCOPE)
				assert_true(f.bus && (!f.manager_seen || !(need & ~f.manager)));
			if (way != CGROUP_PARENT && way != CGROUP_SELF)
				continue;
			b = way == CGROUP_SELF ? &f.self : b;
			assert_true(b->writable && b->delegated && !(need & ~b->have));
			assert_true(!b->busy || !(need & ~b->given));
		}
}

static void this_host_is_looked_at_without_a_mistake(void **state)
{
	static struct cgroup_facts f;

	(void)state;
	cgroup_facts_read(&f);
	if (!f.mounted)
		return;
	assert_int_equal(f.at[0], '/');
	assert_int_equal(f.own[0], '/');
	assert_int_equal(f.v1 & ~f.kernel, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_host_has_its_way_or_its_sentence),
		cmocka_unit_test(no_way_is_ever_chosen_that_lacks_a_controller),
		cmocka_unit_test(this_host_is_looked_at_without_a_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
