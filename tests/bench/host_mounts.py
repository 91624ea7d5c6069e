#!/usr/bin/env python3
"""host_mounts.py COUNT FOLDER COMMAND ARGUMENT...: the command, where so many mounts are there altogether.

As root, in a mount namespace of its own, shared as on a host with systemd. COUNT less than there are already: as many as there are.
"""
import ctypes
import os
import sys

MS_BIND, MS_REC, MS_PRIVATE, MS_SHARED, CLONE_NEWNS = 4096, 16384, 1 << 18, 1 << 20, 0x20000
libc = ctypes.CDLL(None, use_errno=True)


def need(result, what):
    if result < 0:
        sys.exit(f'host_mounts.py: {what}: {os.strerror(ctypes.get_errno())}')


def mount(source, target, flags):
    need(libc.mount(source and source.encode(), target.encode(), None, flags, None), f'mount on {target}')


def main():
    count, folder, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    need(libc.unshare(CLONE_NEWNS), 'unshare')
    mount(None, '/', MS_REC | MS_PRIVATE)
    with open('/proc/self/mountinfo', encoding='utf-8', errors='replace') as f:
        there = sum(1 for _ in f)
    for i in range(there, count):
        os.makedirs(f'{folder}/{i}', exist_ok=True)
        mount(folder, f'{folder}/{i}', MS_BIND)
    mount(None, '/', MS_REC | MS_SHARED)
    os.execvp(command[0], command)


if __name__ == '__main__':
    main()
