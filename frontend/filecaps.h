/*
 * filecaps.h - what a program is installed with. Not pure: getxattr(2).
 */
#pragma once

#include <stdint.h>

/* The capabilities that the kernel permits the program at start: those in its file, all where it is setuid
 * root; 0 where it has none or is not there. Not asked: whether the kernel will (nosuid, no_new_privs). */
uint64_t filecaps_permitted(const char *path);
