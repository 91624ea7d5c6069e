/*
 * mapped.h - work that is done as root of a user namespace with the caller's subordinate ids. Not pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/* Runs in the child: 0, or -errno with *e. */
typedef int mapped_work(void *ctx, struct err *e);

/*
 * Runs work as root of a new user namespace, in a child that dies with this process: root inside is the
 * caller; map: PLAN_MAP_SUBORDINATE, with all his subordinate ids, or PLAN_MAP_SELF. A signal that
 * signals_install() remembers ends the child. Every process that it left has ended, too, on return. what
 * says what is done, for messages. 0, or -errno with the sentence of the child.
 */
int mapped_run(enum plan_map map, const char *what, mapped_work *work, void *ctx, struct err *e);
