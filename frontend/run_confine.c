#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/run_options.h"
#include "frontend/run_setters.h"

int set_seccomp(void *ctx, const char *value, struct err *e)
{
	if (!value[0])
		return err_set(e, EINVAL, "an empty path");
	if (strcmp(value, "default") != 0 && strcmp(value, "unconfined") != 0 && !strchr(value, '/') &&
	    !strchr(value, '.'))
		return err_set(e, EINVAL, "%s is not default, unconfined or the path of a profile (./FILE)",
			       QUOTE(value));
	((struct run_options *)ctx)->seccomp = value;
	return 0;
}

int set_seccomp_bpf(void *ctx, const char *value, struct err *e)
{
	uint32_t fd;

	if (text_u32(value, &fd) < 0 || fd > INT32_MAX)
		return err_set(e, EINVAL, "%s is not a descriptor number", QUOTE(value));
	((struct run_options *)ctx)->seccomp_fd = (int)fd;
	return 0;
}

int set_landlock(void *ctx, const char *value, struct err *e)
{
	static const char *const word[PLAN_LANDLOCK_COUNT] = {"auto", "off", "required"};

	(void)e;
	for (int i = 0; i < PLAN_LANDLOCK_COUNT; i++)
		if (!strcmp(value, word[i]))
			((struct run_options *)ctx)->landlock = (enum plan_landlock)i;
	return 0;
}

int set_allow_userns(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->allow_userns = option_on(value);
	return 0;
}

/* The kernel's numbers and words: proc(5). */
int set_hidepid(void *ctx, const char *value, struct err *e)
{
	static const struct {
		const char *number, *word;
	} known[PLAN_HIDEPID_COUNT] = {
		{"0", "off"}, {"1", "noaccess"}, {"2", "invisible"}, {"4", "ptraceable"}};

	for (int i = 0; i < PLAN_HIDEPID_COUNT; i++) {
		if (strcmp(value, known[i].number) != 0 && strcmp(value, known[i].word) != 0)
			continue;
		((struct run_options *)ctx)->hidepid = (enum plan_hidepid)i;
		return 0;
	}
	return err_set(e, EINVAL, "%s is not off, noaccess, invisible or ptraceable", QUOTE(value));
}

int set_proc_subset(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->proc_subset_pid = !strcmp(value, "pid");
	return 0;
}

int set_unmask(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->unmask = option_on(value);
	return 0;
}
