#include "sandbox/standard.h"

#include "common/text.h"

const char *const standard_mirror[] = {"/usr",   "/bin",   "/sbin",   "/lib",
				       "/lib32", "/lib64", "/libx32", "/etc"};
const size_t standard_nmirrors = sizeof(standard_mirror) / sizeof(standard_mirror[0]);

const struct standard_place standard_mask[] = {
	{OP_MASK, "/proc/acpi"},
	{OP_MASK, "/proc/asound"},
	{OP_MASK, "/proc/interrupts"},
	{OP_MASK, "/proc/kcore"},
	{OP_MASK, "/proc/keys"},
	{OP_MASK, "/proc/latency_stats"},
	{OP_MASK, "/proc/sched_debug"},
	{OP_MASK, "/proc/scsi"},
	{OP_MASK, "/proc/timer_list"},
	{OP_MASK, "/proc/timer_stats"},
	{OP_MASK, "/sys/firmware"},
	{OP_MASK, "/sys/devices/virtual/powercap"},
	{OP_READ_ONLY, "/proc/bus"},
	{OP_READ_ONLY, "/proc/fs"},
	{OP_READ_ONLY, "/proc/irq"},
	{OP_READ_ONLY, "/proc/sys"},
	{OP_READ_ONLY, "/proc/sysrq-trigger"},
};
const size_t standard_nmasks = sizeof(standard_mask) / sizeof(standard_mask[0]);

const char *standard_kernel_place(const char *path)
{
	static const char *const place[] = {"/proc", "/sys", "/dev"};

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		if (path_covers(place[i], path))
			return place[i];
	return NULL;
}

uint64_t standard_inodes(uint64_t size)
{
	return size / 4096 + 1024;
}

const char *standard_target(uint32_t kind)
{
	static const char *const target[OP_KIND_COUNT] = {
		[OP_PROC] = "/proc", [OP_SYSFS] = "/sys",      [OP_SYS_HOST] = "/sys",
		[OP_DEV] = "/dev",   [OP_DEVPTS] = "/dev/pts", [OP_MQUEUE] = "/dev/mqueue",
	};

	return kind < OP_KIND_COUNT ? target[kind] : NULL;
}
