#include "common/mem.h"

#include <errno.h>
#include <sys/mman.h>

int mem_arena(size_t size, struct arena *ret)
{
	void *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret = (struct arena){.base = p, .size = size};
	return 0;
}
