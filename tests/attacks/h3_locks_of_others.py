"""H3: another user holds a lock for ever

Broke: tools that lock a file which everybody may read (no number).
Trick: flock(2) on it.
Croft: locks nothing of root's; what it locks is below the caller's own folders.
Idmap: locks nothing.
Gate: locks nothing.
"""
import time

from attacks.attack import Attack, OK
from croft_test import USER, USER2


class Locks(Attack):
    def test_nobodys_lock_holds_anybody_up(self):
        with self.policy(OK + 'allow everyone ids subordinate\nallow everyone ids setgroups\n') as policy:
            files = [self.croft_path, policy, '/etc/passwd', '/etc/group', '/etc/subuid', '/etc/subgid', '/etc/resolv.conf', '/etc', '/dev/null']
            holder = self.popen_as(USER2, ['python3', '-c', 'import fcntl, sys, time\n'
                                           'held = [open(p, "rb") if not p == "/etc" else __import__("os").open(p, 0) for p in sys.argv[1:]]\n'
                                           'for f in held: fcntl.flock(f, fcntl.LOCK_EX)\n'
                                           'print("ready", flush=True); time.sleep(60)', *files])
            self.assertEqual(holder.stdout.readline(), b'ready\n')
            begin = time.monotonic()
            self.assertRan(self.croft(USER, 'run', 'host', '--', 'true', timeout=15))
            self.assertLess(time.monotonic() - begin, 5)
            holder.kill()

    def test_control_who_locks_such_a_file_waits(self):
        path = self.write(self.make_dir('root') + '/f', 'x')
        holder = self.started(['flock', '-F', '-x', path, 'sh', '-c', 'echo ready; exec sleep 60'], user=USER2)
        self.assertEqual(self.run_as(USER, ['flock', '-n', path, 'true']).status, 1)
        holder.kill()
