"""E6: the host's resolv.conf is written through a link

Broke: firejail (CVE-2016-10118).
Trick: /etc/resolv.conf of the root is a link to that of the host.
Croft: generated files are made in a tmpfs and mounted; a link of the root leads inside.
Gate: the same.
Covered by: test_run_table.test_what_is_taken_is_read_only
"""
import contextlib
import os

from attacks.attack import Attack, GateAttack, SELF, digest
from croft_test import EXIT_CROFT, USER


class ResolvConf(Attack):
    def test_the_hosts_resolv_conf_is_not_written_through_a_link(self):
        before = digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns
        root = self.build_root('sh', 'cat')
        for name in ('resolv.conf', 'hosts', 'hostname'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f'{root}/etc/{name}')
            os.symlink('../../../../../../../../../etc/' + name, f'{root}/etc/{name}')
        r = self.croft(USER, 'run', *SELF, root, '--', '/bin/sh', '-c', 'echo owned >/etc/resolv.conf')
        self.assertIn(r.status, (1, 2, EXIT_CROFT))
        self.assertEqual((digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns), before)


class ResolvConfAndTheGate(GateAttack):
    def test_nor_by_the_gate(self):
        before = digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns
        root = self.build_root('sh', 'cat')
        canary = self.text(self.home_dir(), 'canary', 'of the host')
        os.makedirs(root + '/etc', exist_ok=True)
        for name in ('resolv.conf', 'hosts', 'hostname'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f'{root}/etc/{name}')
            os.symlink('../' * 12 + canary.lstrip('/'), f'{root}/etc/{name}')
        for _ in self.installations():
            r = self.gate(root, '--', '/bin/sh', '-c', 'echo owned >/etc/resolv.conf')
            self.assertIn(r.status, (1, 2, EXIT_CROFT), r)
            with open(canary, encoding='ascii') as f:
                self.assertEqual(f.read(), 'of the host')
        self.assertEqual((digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns), before)

    def test_control_a_tool_that_opens_the_name_writes_there(self):
        root, canary = self.home_dir(), self.text(self.home_dir(), 'canary', 'of the host')
        os.mkdir(root + '/etc')
        os.symlink('../' * 12 + canary.lstrip('/'), root + '/etc/resolv.conf')
        self.root_in_own_namespace('import sys; open(sys.argv[1] + "/etc/resolv.conf", "w").write("nameserver")', root)
        with open(canary, encoding='ascii') as f:
            self.assertEqual(f.read(), 'nameserver')
