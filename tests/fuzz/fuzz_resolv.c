/*
 * The input is the host's resolv.conf. What is made of it names no server of the host's own, at least one
 * server, and the forwarder once at most; made once more of the result it stays as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "frontend/network.h"
#include "frontend/resolv.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = RESOLV_BYTES_MAX };

static const char forward[] = "169.254.1.53";
static const char key[] = "nameserver ";

/* Counts the servers of a result, line by line; each is one word. */
static void count(const char *text, size_t *ret_all, size_t *ret_forward)
{
	const uint8_t *data = (const uint8_t *)text;
	size_t size = strlen(text);
	char *line;

	*ret_all = *ret_forward = 0;
	for (; (line = fuzz_line(&data, &size)); free(line)) {
		const char *address = line + strlen(key);

		if (!text_starts(line, key))
			continue;
		++*ret_all;
		*ret_forward += !strcmp(address, forward);
		MUST(*address && !strpbrk(address, " \t\r"));
		MUST(!network_is_local(address) && !strchr(address, '%'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(BYTES_MAX * 4);
	const char *made, *again;
	size_t servers, forwarders, named = 0;

	if (size > BYTES_MAX)
		return 0;
	made = resolv_make((const char *)data, size, forward, network_is_local, &a);
	MUST(made);
	count(made, &servers, &forwarders);
	for (size_t i = 0; i + strlen(forward) <= size; i++)
		named += !memcmp(data + i, forward, strlen(forward));
	MUST(servers >= 1);
	MUST(forwarders <= 1 + named);
	again = resolv_make(made, strlen(made), forward, network_is_local, &a);
	MUST(again && !strcmp(again, made));
	return 0;
}
