/*
 * skeleton.h - what every root has: its directories and a minimal /etc. Not pure: looks how the host's /bin,
 * /lib ... are laid out.
 */
#pragma once

#include "common/err.h"
#include "frontend/rootbuild/manifest.h"

/*
 * Adds the directories, /bin, /sbin, /lib* as the host has them (links into /usr or directories), and the
 * texts of /etc, none of which tells of the host or its users. To be called first: the modes here count.
 */
int skeleton_directories(struct manifest *m, struct err *e);

/* Adds the texts; after the commands, since root's shell is one of those that were copied. */
int skeleton_texts(struct manifest *m, struct err *e);
