#include "frontend/json.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

size_t json_piece(const char **s, char piece[JSON_PIECE_MAX])
{
	const unsigned char c = (unsigned char)**s;
	size_t n = c < 0x80 ? c != '\0' : utf8_len((const unsigned char *)*s);

	if (c == '\0')
		piece[0] = '\0';
	else if (n == 0)
		snprintf(piece, JSON_PIECE_MAX, "\\ufffd");
	else if (c == '"' || c == '\\')
		snprintf(piece, JSON_PIECE_MAX, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		snprintf(piece, JSON_PIECE_MAX, "\\u%04x", c);
	else
		snprintf(piece, JSON_PIECE_MAX, "%.*s", (int)n, *s);
	*s += c && n == 0 ? 1 : n;
	return strlen(piece);
}
