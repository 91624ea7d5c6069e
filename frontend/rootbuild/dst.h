/*
 * dst.h - dynamic string tokens: $ORIGIN, $LIB and $PLATFORM in DT_RPATH, DT_RUNPATH and DT_NEEDED, ld.so(8).
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct dst {
	const char *origin; /* the directory of the object that holds the text */
	const char *lib;
	const char *platform; /* AT_PLATFORM; "" when the kernel gives none */
};

/*
 * Copies text[0..n) to buf with the tokens ($NAME and ${NAME}) replaced; another '$' stays. *ret_lib, where
 * not NULL, says whether $LIB was among them. 0 or -ENAMETOOLONG.
 */
int dst_expand(const char *text, size_t n, const struct dst *d, char *buf, size_t size, bool *ret_lib);
