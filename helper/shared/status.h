/*
 * status.h - what /proc/PID/status says, proc(5). Pure.
 */
#pragma once

/*
 * The text behind key, as "\nState:\t", up to the end of the file; "" where it is not there. The kernel
 * escapes newlines in the process's name, which is the first line and the only one its owner can choose.
 */
const char *status_value(const char *text, const char *key);
