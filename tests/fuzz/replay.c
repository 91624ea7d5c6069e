/*
 * Every input that is kept for a fuzz target, one test each: replay_NAME reads tests/data/fuzz/NAME from the
 * top folder and runs fuzz_NAME.c without libFuzzer.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/fuzz/fuzz.h"

enum { INPUTS_MAX = 4096, INPUT_BYTES_MAX = 1 << 20 };

static const char *folder;

static void holds_for_the_input(void **state)
{
	static char bytes[INPUT_BYTES_MAX];
	char path[4096];
	uint8_t *block;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", folder, (const char *)*state);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s cannot be opened", path);
	n = fread(bytes, 1, sizeof(bytes), f);
	assert_false(ferror(f));
	assert_true(n < sizeof(bytes));
	fclose(f);
	block = fuzz_block(bytes, n);
	assert_int_equal(LLVMFuzzerTestOneInput(block, n), 0);
	free(block);
}

static int is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* run-unit takes a program that announces no test for a failure, so an empty folder is one. */
int main(int argc, char **argv)
{
	static struct CMUnitTest test[INPUTS_MAX];
	static char path[4096];
	struct dirent **name;
	int n;

	if (argc != 1 || !text_starts(path_base(argv[0]), "replay_"))
		return 2;
	snprintf(path, sizeof(path), "tests/data/fuzz/%s", path_base(argv[0]) + strlen("replay_"));
	folder = path;
	n = scandir(folder, &name, is_input, alphasort);
	if (n < 0 || n > INPUTS_MAX) {
		fprintf(stderr, "%s: no folder, or more than %d inputs in it\n", folder, INPUTS_MAX);
		return 2;
	}
	for (int i = 0; i < n; i++)
		test[i] = (struct CMUnitTest){.name = name[i]->d_name,
					      .test_func = holds_for_the_input,
					      .initial_state = name[i]->d_name};
	return _cmocka_run_group_tests(path_base(argv[0]), test, (size_t)n, NULL, NULL);
}
