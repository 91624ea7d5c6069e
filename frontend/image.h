/*
 * image.h - a root that is a file: which kind, and the program that reads it. Not pure.
 *
 * The kernel mounts squashfs and erofs for no user namespace, so a program of the host's serves the file by
 * FUSE: squashfuse or erofsfuse, found at fixed places, since a PATH may come from whoever wrote the job. The
 * sandbox mounts, in its own user and mount namespace, and sends the descriptor of that mount; the program
 * gets it and the open file. An image is hostile input to it, so it runs in a sandbox of its own, over the
 * host's system, with nothing of the caller's, no network and no capability; that ends with croft in whatever
 * way.
 */
#pragma once

#include <sys/types.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/supervise.h"
#include "sandbox/plan.h"

enum { IMAGE_SAID_MAX = 512 };

/* What path is by its type and first bytes: PLAN_ROOT_DIR where it is no regular file, or cannot be looked
 * at, which whoever opens it says. 0, or -EINVAL for a file that is no image. */
int image_kind(const char *path, enum plan_root *ret, struct err *e);

/* The program for a kind of image. 0, or -ENOENT with *e when none is installed. */
int image_find(enum plan_root kind, const char **ret, struct err *e);

/* Whether FUSE is to be had at all. 0 or -errno. */
int image_device(struct err *e);

struct image {
	pid_t keeper; /* the supervisor of the program's sandbox; -1: none */
	int sock;     /* where the sandbox sends the mount's descriptor */
	int errors;   /* what the program says */
};

void image_init(struct image *i);

/*
 * For a plan whose root is an image, else nothing: has the program wait for the sandbox. dev and ino are
 * those of the file that the policy decided about. 0 or -errno.
 */
int image_start(struct image *i, const struct plan *p, dev_t dev, ino_t ino, struct arena *a, struct err *e);

/* Ends it, and waits for that. r: how the sandbox ended; where that is an error, *e gets what the program
 * said as its hint. Returns r. */
int image_end(struct image *i, int r, struct err *e);

/* supervise(), with the reader of an image around it where the root is one; h->ctx is what vet_plan() found.
 */
int image_supervise(const struct plan *p, const struct sandbox_hooks *h, const struct job *job,
		    struct err *e);
