#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/run_options.h"
#include "frontend/run_setters.h"

int set_interactive(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->interactive = option_on(value);
	return 0;
}

int set_tty(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->tty = option_on(value);
	return 0;
}

int set_detach(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->detach = option_on(value);
	return 0;
}

int set_tie(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct run_options *)ctx)->untied = !strcmp(value, "none");
	return 0;
}

int set_stop_timeout(void *ctx, const char *value, struct err *e)
{
	if (text_duration_ms(value, &((struct run_options *)ctx)->stop_timeout_ms) < 0)
		return err_set(e, EINVAL, "%s is not a time (as 10s, 500ms, 2m)", QUOTE(value));
	return 0;
}

int set_status_fd(void *ctx, const char *value, struct err *e)
{
	uint32_t fd;

	if (text_u32(value, &fd) < 0 || fd < 3 || fd > INT32_MAX)
		return err_set(e, EINVAL, "%s is not a descriptor number from 3 on", QUOTE(value));
	((struct run_options *)ctx)->status_fd = (int)fd;
	return 0;
}
