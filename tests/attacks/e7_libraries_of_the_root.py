"""E7: libraries and configuration of the root are loaded by the tool itself

Broke: sudo (CVE-2025-32463), Docker (CVE-2019-14271).
Trick: nsswitch.conf and libnss of the container, read after the change of root and before the privileges are gone.
Croft: nothing of the root is loaded before the command; the names of its users are read from two files, as text.
Gate: the same code, static, without NSS.
Covered by: test_userdb.c
"""
from croft_test import USER
from attacks.hostile_root import HostileTest


class Libraries(HostileTest):
    def test_nothing_of_the_root_is_loaded_before_the_command(self):
        root = self.hostile('/etc/nsswitch.conf', 'FILE')
        self.write(root + '/etc/nsswitch.conf', 'passwd: evil\ngroup: evil\nhosts: evil\n', USER)
        trace = self.home_dir() + '/trace'
        # traced by root: a user cannot look into a process that hides its memory
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=openat,open,openat2,execve,pivot_root,chroot', self.croft_path,
                               'run', '--map', 'self', '-u', '0:root', root, '--', '/bin/sh', '-c', ':'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
        pivot = next(i for i, line in enumerate(lines) if 'pivot_root(' in line or 'chroot(' in line)
        execs = [i for i, line in enumerate(lines) if 'execve("/bin/sh"' in line]
        self.assertTrue(execs and pivot < execs[0], lines)
        for line in lines[:execs[0]]:
            self.assertNotRegex(line, r'open.*"[^"]*(\.so|nsswitch|libnss|ld\.so|locale|gconv)', line)
        self.assertTrue(any('.so' in line for line in lines[execs[0]:]), 'the trace shows no library at all')

    def test_control_a_tool_that_looks_a_name_up_after_the_change_is_seen(self):
        root = self.hostile('/etc/nsswitch.conf', 'FILE')
        self.write(root + '/etc/nsswitch.conf', 'passwd: evil\n', USER)
        trace = self.home_dir() + '/trace'
        r = self.run_as('root', ['strace', '-o', trace, '-e', 'trace=openat,chroot,execve', 'chroot', '--userspec=somebody:somebody', root, '/bin/true'])
        self.assertNotEqual(r.status, 0)
        with open(trace, encoding='utf-8', errors='replace') as f:
            self.assertRegex(f.read().partition('chroot(')[2], r'open.*"/etc/passwd"')
