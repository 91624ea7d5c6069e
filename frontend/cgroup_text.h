/*
 * cgroup_text.h - cgroups(7) as the kernel writes them, and what is written for the limits of a plan. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/plan.h"

enum cgroup_controller { CGROUP_CPU, CGROUP_IO, CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CONTROLLERS };
#define CGROUP_BIT(controller) (1U << (controller))

/* The names, as in cgroup.controllers; in version 1 io is called blkio. */
extern const char *const cgroup_word[CGROUP_CONTROLLERS];

/* "cpu, memory and pids", in a static place of the caller's; returns buf. */
enum { CGROUP_LIST_MAX = 64 };
const char *cgroup_list(unsigned controllers, const char *prefix, char buf[CGROUP_LIST_MAX]);

/* The controllers that limits of the plan need. */
unsigned cgroup_needs(const struct plan *p);

/* CGROUP_BIT()s of the names in cgroup.controllers or cgroup.subtree_control; others are passed over. */
unsigned cgroup_controllers(const char *text);

/* From /proc/PID/cgroup: the path in the hierarchy of version 2 (line "0::/path"). 0, -ENOENT, -ENAMETOOLONG.
 */
int cgroup_own(const char *text, char *buf, size_t size);

/* From /proc/PID/cgroup: the controllers that are bound to hierarchies of version 1. */
unsigned cgroup_v1(const char *text);

/*
 * From /proc/PID/mountinfo: where the hierarchy of version 2 is mounted (at), and which of its directories
 * (root; "/" but in some containers). The last such mount counts. 0, -ENOENT, -ENAMETOOLONG.
 */
int cgroup_mounted(const char *text, char *at, char *root, size_t size);

/* The directory of cgroup `path` where the directory `root` is mounted at `at`. 0, -EXDEV: not below root. */
int cgroup_dir(const char *at, const char *root, const char *path, char *buf, size_t size);

/* The number behind key in memory.events, pids.events; 0 where there is none. */
uint64_t cgroup_event(const char *text, const char *key);

/* Whether the path lies below a systemd user manager's cgroup (user@UID.service), which is the manager's own
 * to divide. */
bool cgroup_is_managers(const char *path);

/* What is written into which file; of the files named in one row, the first that is there. */
struct cgroup_setting {
	enum cgroup_controller controller;
	const char *file, *other; /* other: NULL, or what stands for the file where it is missing */
	char value[64], other_value[64];
};
enum { CGROUP_SETTINGS_MAX = 5 };

/* The rows for the limits of the plan. Returns their count. */
int cgroup_settings(const struct plan *p, struct cgroup_setting ret[CGROUP_SETTINGS_MAX]);
