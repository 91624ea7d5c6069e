/*
 * paths.h - the files that privileged programs believe: absolute, compiled in, never from the caller. A test
 * build points them elsewhere (-DSUBUID_FILE=...).
 */
#pragma once

#ifndef SUBUID_FILE
#define SUBUID_FILE "/etc/subuid"
#endif
#ifndef SUBGID_FILE
#define SUBGID_FILE "/etc/subgid"
#endif
#ifndef NSSWITCH_FILE
#define NSSWITCH_FILE "/etc/nsswitch.conf"
#endif
#ifndef PASSWD_FILE
#define PASSWD_FILE "/etc/passwd"
#endif
#ifndef GROUP_FILE
#define GROUP_FILE "/etc/group"
#endif
