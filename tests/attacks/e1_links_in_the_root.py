"""E1: mkdir, open and mount follow links of the root out of it

Broke: LXC (CVE-2015-1335), runc (CVE-2024-45310, CVE-2026-41579), crun (CVE-2019-18837, CVE-2025-24965, CVE-2026-47766), bubblewrap (GHSA-pxhw-h44j-8pfx), flatpak (2026).
Trick: a mount point of the root, or a parent of one, is a link to the host, dangling or not, a loop, a FIFO, a socket.
Croft: everything below the root is reached by descriptor, and no link leads out of it.
Gate: the same code, with the caller's rights.
Covered by: test_inroot.c
"""
import shutil

import test_gate_ids
from attacks.attack import GateAttack
from attacks.hostile_root import MODES, HostileTest, replacements
from croft_test import EXIT_CROFT, USER, mounts, snapshot_tree


class HostileRoot(HostileTest):
    def test_an_honest_root_starts(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                self.assertTrue(self.check(self.hostile('/srv/other', 'FILE'), mode))

    def test_the_way_up_from_the_root_ends_at_the_root(self):
        """What lies on the new root is where /.. leads: the old root, when it was not detached."""
        script = f'cat /..{self.canary}/file /../..{self.canary}/file; cd /; cd ..; cat .{self.canary}/file; cat /../is-root'
        for options in ((), ('--ephemeral',), ('--read-only',), ('--ephemeral', '--read-only'), ('--cap-add', 'ALL'),
                        ('--ephemeral', '--cap-add', 'ALL'), ('--no-init', '--ephemeral'), ('-t', '--ephemeral')):
            for which in (('--map', 'self'), ()):
                with self.subTest(options=(*options, *which)):
                    root = self.hostile('/is-root', 'FILE')
                    r = self.croft(USER, 'run', *options, *which, root, '--', '/bin/sh', '-c', script)
                    self.assertRan(r)
                    self.assertNotIn('of the host', r.out)
                    self.assertIn('a file', r.out)

    def test_control_a_naive_tool_would_be_seen(self):
        """mkdir, open and mount by path string, as root of a user namespace."""
        naive = ('import contextlib, os, sys\n'
                 'root = sys.argv[1]\n'
                 'for path in ("/mnt/a/b/c", "/dev/new", "/run/x", "/etc/x"):\n'
                 '    with contextlib.suppress(OSError):\n'
                 '        os.makedirs(root + path, exist_ok=True)\n'
                 'for path in ("/etc/hostname", "/srv/file"):\n'
                 '    with contextlib.suppress(OSError):\n'
                 '        open(root + path, "a").write("naive")\n')
        seen = {}
        for place in ('/mnt', '/mnt/a', '/etc', '/etc/hostname', '/srv/file', '/run', '/dev'):
            for name in ('an absolute link', 'a relative link', 'a dangling link', 'a dangling relative link'):
                root = self.hostile(place, replacements(place, self.canary)[name])
                self.run_as(USER, ['unshare', '-rm', 'python3', '-c', naive, root])
                seen[place, name] = snapshot_tree(self.canary) != self.before
                shutil.rmtree(self.canary)
                self.canary = self.make_canary()
                self.before = snapshot_tree(self.canary)
        for place in ('/mnt', '/mnt/a', '/etc', '/etc/hostname', '/srv/file', '/run', '/dev'):
            self.assertTrue(seen[place, 'an absolute link'] and seen[place, 'a relative link'], seen)
        for place in ('/etc/hostname', '/srv/file'):
            self.assertTrue(seen[place, 'a dangling link'] and seen[place, 'a dangling relative link'], seen)

    def test_writable(self):
        self.sweep('plain')

    def test_writable_with_subordinate_ids_and_conf(self):
        self.sweep('subordinate')

    def test_read_only(self):
        self.sweep('read-only')

    def test_ephemeral_with_a_terminal(self):
        self.sweep('ephemeral')

    def test_a_fifo_as_a_database_does_not_block(self):
        for place in ('/etc/passwd', '/etc/group'):
            root = self.hostile(place, 'FIFO')
            r = self.croft(USER, 'run', '--map', 'self', '-u', '0:some', root, '--', '/bin/true', timeout=10)
            self.assertRefused(r, EXIT_CROFT, r"^croft: (root's /etc/(passwd|group)|group some)")

    def test_a_command_that_is_a_fifo_or_leads_out_is_not_run(self):
        outside = self.write(self.canary + '/outside', '#!/bin/sh\necho escaped\n', USER, 0o755)
        for what in (outside, '../' * 12 + outside, '/proc/self/root' + outside, '/proc/1/root' + outside, 'FIFO', 'SOCKET'):
            with self.subTest(what=what):
                r = self.croft(USER, 'run', '--map', 'self', self.hostile('/bin/prog', what), '--', '/bin/prog', timeout=10)
                self.assertIn(r.status, (126, 127), r)
                self.assertNotIn('escaped', r.out)


class TheGate(GateAttack, HostileTest):
    rules = test_gate_ids.IDS + 'allow everyone root /**\n'
    PLACES = ('/dev', '/proc', '/etc', '/mnt/a', '/etc/resolv.conf', '/srv/file')
    KINDS = ('an absolute link', 'a relative link', 'a dangling link', 'a link through /proc/1/root', 'a FIFO')

    def setUp(self):
        GateAttack.setUp(self)
        HostileTest.setUp(self)

    def test_a_sample_of_them_changes_nothing(self):
        for name in self.installations():
            started = refused = 0
            for place in self.PLACES:
                for kind in self.KINDS:
                    with self.subTest(place=place, is_now=kind):
                        root = self.hostile(place, replacements(place, self.canary)[kind])
                        r = self.gate('-v', self.data + ':/mnt/a/b', '-v', self.data + '/f:/srv/file:ro', root, '--', '/bin/sh', '-c',
                                      'cat /mnt/a/b/f; cat /proc/self/mountinfo', timeout=20)
                        self.assertUnchanged(self.canary, self.before)
                        self.assertEqual(mounts(), self.host_mounts)
                        if r.returncode == EXIT_CROFT:
                            self.assertRegex(r.err, r'\Acroft: .+\n(croft: hint: .+\n)?\Z')
                            refused += 1
                        else:
                            self.assertRan(r)
                            self.assertComplete(r)
                            started += 1
                        shutil.rmtree(root)
            self.assertGreater(started, 10, name)
            self.assertGreater(refused, 2, name)
