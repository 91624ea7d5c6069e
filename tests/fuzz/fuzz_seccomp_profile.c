/*
 * The input is a profile of a container engine. It is refused with a sentence, or the program it becomes is
 * one that the kernel takes.
 */
#include <string.h>

#include "common/caps.h"
#include "frontend/seccomp/profile.h"
#include "sandbox/seccomp_check.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct profile_host host = {.caps = CAP_BIT(CAP_CHOWN), .major = 6, .minor = 1};
	static struct sock_filter code[PROFILE_CODE_MAX];
	struct err e = {0};
	uint32_t count = 0;
	int r;

	if (size > BYTES_MAX)
		return 0;
	r = profile_compile((const char *)data, size, &host, code, &count, &e);
	if (r != 0) {
		fuzz_refused(r, &e);
		return 0;
	}
	MUST(count > 0 && count <= PROFILE_CODE_MAX);
	MUST(seccomp_check(code, count, &e) == 0);
	return 0;
}
