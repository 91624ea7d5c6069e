"""D6: a FUSE file system of the caller's own

Broke: setuid programs that take the caller's file-system uid alone: the kernel lets into a user's FUSE mount only who is he in every id.
Trick: none; the job does not start.
Croft: is the caller.
Gate: has all ids of the caller before it opens a path, in both installations.
Covered by: test_gate.test_a_volume_is_the_callers_outside
"""
import ctypes
import os
import pwd
import subprocess

from attacks.attack import GateAttack, PYTHON, CAPGET
from croft_test import EXIT_CROFT, USER, USER2

# What a FUSE server has to answer: a folder with one file. fuse(4), and linux/fuse.h for the layouts.
SERVER = r"""
import os, struct, sys
fd, uid, text = int(sys.argv[1]), int(sys.argv[2]), b'through fuse\n'
def attr(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100644, len(text))
    return struct.pack('<6Q10I', node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, uid, uid, 0, 4096, 0)
def answer(op, node, body):
    if op == 26: return struct.pack('<IIII HHIIHHI7I', 7, 31, 65536, 0, 8, 8, 65536, 1, 0, 0, 0, *[0] * 7)
    if op == 3: return struct.pack('<QII', 1, 0, 0) + attr(node)
    if op == 1: return struct.pack('<4QII', 2, 0, 1, 1, 0, 0) + attr(2) if body == b'f\0' else -2
    if op in (14, 27): return struct.pack('<QII', 0, 0, 0)
    if op == 15: return text[struct.unpack_from('<Q', body, 8)[0]:]
    if op == 17: return bytes(80)
    if op in (18, 25, 28, 29): return b''
    return -38
while True:
    try: request = os.read(fd, 1 << 20)
    except OSError: break
    _, op, unique, node = struct.unpack_from('<IIQQ', request)
    if op in (2, 42): continue
    r = answer(op, node, request[40:])
    os.write(fd, struct.pack('<IiQ', 16 + (0 if isinstance(r, int) else len(r)), r if isinstance(r, int) else 0, unique) + (b'' if isinstance(r, int) else r))
"""


class Fuse(GateAttack):
    def setUp(self):
        super().setUp()
        me = pwd.getpwnam(USER)
        self.point = self.home_dir()
        fd = os.open('/dev/fuse', os.O_RDWR)
        self.server = self.popen_as(USER, [PYTHON, '-IS', '-c', SERVER, str(fd), str(me.pw_uid)], pass_fds=(fd,))
        options = f'fd={fd},rootmode=40755,user_id={me.pw_uid},group_id={me.pw_gid}'
        self.assertEqual(ctypes.CDLL(None).mount(b'crofttest', self.point.encode(), b'fuse', 6, options.encode()), 0)
        os.close(fd)
        self.addCleanup(subprocess.run, ['umount', '-l', self.point], check=True)

    def test_control_root_with_the_callers_file_system_uid_is_kept_out(self):
        self.assertEqual(self.run_as(USER, ['cat', self.point + '/f']).out, 'through fuse\n')
        me = pwd.getpwnam(USER)
        script = CAPGET + f'libc.setfsgid({me.pw_gid}); libc.setfsuid({me.pw_uid})\ntry: print(open(sys.argv[1]).read())\nexcept OSError as e: print(e.strerror)'
        self.assertEqual(self.run_as('root', [PYTHON, '-IS', '-c', script, self.point + '/f']).out, 'Permission denied\n')

    def test_it_is_a_volume_of_the_callers(self):
        words = ('-v', self.point + ':/mnt:ro', 'host', '--', 'cat', '/mnt/f')
        for which in ('self', 'subordinate'):
            self.assertEqual(self.croft(USER, 'run', '--map', which, *words).out, 'through fuse\n')
        for _ in self.installations():
            r = self.gate(*words)
            self.assertEqual(r.out, 'through fuse\n', r)
            self.assertRefused(self.gate(*words, user=USER2), EXIT_CROFT, 'denied|Permission')
