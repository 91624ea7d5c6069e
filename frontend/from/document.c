#include "frontend/from/document.h"

#include <errno.h>
#include <string.h>

int document_nul(unsigned line, struct err *e)
{
	err_set(e, EINVAL, "a string holds a NUL");
	return line ? err_wrap(e, "line %u", line) : -e->code;
}

int document_deep(unsigned line, struct err *e)
{
	err_set(e, EINVAL, "tables and lists lie more than %d deep", VALUE_DEPTH_MAX);
	return line ? err_wrap(e, "line %u", line) : -e->code;
}

int document_memory(struct err *e)
{
	return err_set(e, ENOMEM, "no memory for all its values");
}

int document_read(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e)
{
	size_t n = 0;

	while (n < size && strchr(" \t\r\n", text[n]) && text[n])
		n++;
	*ret = (struct value){.kind = VALUE_TABLE};
	return n < size && text[n] == '{' ? json_document(text, size, a, ret, e)
					  : toml_document(text, size, a, ret, e);
}
