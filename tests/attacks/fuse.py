"""A FUSE file system of a test user's, which may stop to answer."""
import ctypes
import os
import pwd
import signal
import subprocess

from attacks.attack import GateAttack, PYTHON
from croft_test import USER
from run_case import Mount

# What a FUSE server has to answer: a folder with one file. fuse(4), and linux/fuse.h for the layouts. Nothing is to be remembered, so
# that each look is a request. From USR1 on the requests are counted, and it stops itself when it has answered the last. (Who waits for
# an answer to what was read already cannot be ended: the kernel waits until the server is gone.)
SERVER = r"""
import os, signal, struct, sys
fd, uid, left, text = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), b'through fuse\n'
armed = False
def arm(*_):
    global armed
    armed = True
    os.write(1, b'armed\n')
    if left == 0: os.kill(os.getpid(), signal.SIGSTOP)
signal.signal(signal.SIGUSR1, arm)
def attr(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100644, len(text))
    return struct.pack('<6Q10I', node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, uid, uid, 0, 4096, 0)
def answer(op, node, body):
    if op == 26: return struct.pack('<IIII HHIIHHI7I', 7, 31, 65536, 0, 8, 8, 65536, 1, 0, 0, 0, *[0] * 7)
    if op == 3: return struct.pack('<QII', 0, 0, 0) + attr(node)
    if op == 1: return struct.pack('<4QII', 2, 0, 0, 0, 0, 0) + attr(2) if body == b'f\0' else -2
    if op in (14, 27): return struct.pack('<QII', 0, 0, 0)
    if op == 15: return text[struct.unpack_from('<Q', body, 8)[0]:]
    if op == 17: return bytes(80)
    if op in (18, 25, 28, 29): return b''
    return -38
while True:
    try: request = os.read(fd, 1 << 20)
    except OSError: break
    _, op, unique, node = struct.unpack_from('<IIQQ', request)
    if op in (2, 36, 42): continue
    r = answer(op, node, request[40:])
    os.write(fd, struct.pack('<IiQ', 16 + (0 if isinstance(r, int) else len(r)), r if isinstance(r, int) else 0, unique) + (b'' if isinstance(r, int) else r))
    if armed:
        left -= 1
        if left == 0: os.kill(os.getpid(), signal.SIGSTOP)
"""


class FuseAttack(GateAttack):
    def serve(self, requests=0):
        """Mounts it in the user's home: the mount point, and the server. With requests, that many once it was armed."""
        me = pwd.getpwnam(USER)
        point = self.home_dir()
        fd = os.open('/dev/fuse', os.O_RDWR)
        server = self.popen_as(USER, [PYTHON, '-IS', '-c', SERVER, str(fd), str(me.pw_uid), str(requests)], pass_fds=(fd,))
        options = f'fd={fd},rootmode=40755,user_id={me.pw_uid},group_id={me.pw_gid}'
        self.assertEqual(ctypes.CDLL(None).mount(b'crofttest', point.encode(), b'fuse', 6, options.encode()), 0)
        os.close(fd)
        self.addCleanup(subprocess.run, ['umount', '-l', point], check=True)
        return point, server

    def arm(self, server):
        server.send_signal(signal.SIGUSR1)
        self.assertEqual(server.stdout.readline(), b'armed\n')

    def is_waited_for(self, point):
        """Whether a request lies there that the server has not read."""
        folder = '/sys/fs/fuse/connections'
        if not os.listdir(folder):
            subprocess.run(['mount', '-t', 'fusectl', 'none', folder], check=True)
            self.addCleanup(subprocess.run, ['umount', folder], check=True)
        with open('/proc/self/mountinfo', encoding='utf-8') as f:
            device = next(m.device for m in map(Mount, f) if m.point == point)
        with open(f'{folder}/{device.partition(":")[2]}/waiting', encoding='ascii') as f:
            return int(f.read()) > 0

    @staticmethod
    def has_stopped(server):
        with open(f'/proc/{server.pid}/status', encoding='utf-8') as f:
            return 'State:\tT' in f.read()
