/*
 * resolv.h - the resolv.conf of a sandbox with a network of its own. Pure.
 *
 * The host's may name a resolver on one of the host's own addresses (systemd-resolved, dnsmasq), which
 * nothing inside can reach. The program that connects the sandbox answers on an address of its own instead,
 * the forwarder, and passes queries on to the first IPv4 resolver of the host. Where that one can be reached
 * from inside, the forwarder is not used: older versions of pasta forward queries over UDP only, and give
 * every answer of that resolver the forwarder's address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

enum { RESOLV_BYTES_MAX = 64 << 10, RESOLV_ADDRESS_MAX = 64 };

/* Whether an address is one of the host's own; text that is no address is not. */
typedef bool resolv_local_fn(const char *address);

/*
 * text[0..size): the host's resolv.conf. The name servers that can be reached from inside stay, in their
 * order; the others go, and forward stands where the first IPv4 one was if that is among them, or for all
 * when none is left. search, domain, options and sortlist stay as they are, the rest goes. NULL when *a is
 * full.
 */
const char *resolv_make(const char *text, size_t size, const char *forward, resolv_local_fn *local,
			struct arena *a);
