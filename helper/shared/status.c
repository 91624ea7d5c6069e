#include "helper/shared/status.h"

#include <string.h>

const char *status_value(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p + strlen(key) : "";
}
