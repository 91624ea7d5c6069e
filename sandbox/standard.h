/*
 * standard.h - what every sandbox gets, whoever plans it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/plan.h"

/* A kernel file system, and the one place where it is mounted. */
struct standard_place {
	uint32_t kind; /* enum plan_op_kind */
	const char *target;
};

/* OP_MIRROR of the root `host`: source and target are the same. */
extern const char *const standard_mirror[];
extern const size_t standard_nmirrors;

/*
 * OP_MASK and OP_READ_ONLY: of /proc and /sys what tells about the host or its hardware, and what nobody
 * inside has to write; as the engines of the Open Container Initiative have it.
 */
extern const struct standard_place standard_mask[];
extern const size_t standard_nmasks;

/* The one of /proc, /sys and /dev that path is or lies below; NULL where it lies in none. Nothing but the
 * kernel's own file systems has its place there. */
const char *standard_kernel_place(const char *path);

/* How many files a tmpfs of that many bytes may have. */
uint64_t standard_inodes(uint64_t size);

/* Where an operation of that kind mounts; NULL where the plan may choose. */
const char *standard_target(uint32_t kind);
