"""B4: a false sandbox is joined

Broke: firejail (CVE-2022-31214).
Trick: a process in a namespace of the attacker's own looks like a sandbox, and the privileged program enters it.
Croft: nothing privileged enters; croft exec asks the croft of the sandbox, over a socket in a folder that is its user's alone, and whoever asks from inside of a sandbox is sent away.
Idmap: it enters nothing.
Gate: the same.
Covered by: test_named.test_a_folder_that_is_not_ones_own_is_refused, test_named.test_an_entry_that_stayed_is_no_sandbox, test_named.test_another_user_sees_nothing
"""
import os
import re
import socket

from attacks import registry
from attacks.attack import Attack, SELF
from croft_test import EXIT_CROFT, USER

ASK = ('import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns.connect(sys.argv[1])\n'
       's.settimeout(20)\ntry: s.send((16).to_bytes(4, sys.byteorder))\nexcept BrokenPipeError: pass\n'  # MSG_STOP; EPIPE: sent away already
       'try: said = s.recv(4096)\nexcept ConnectionResetError: said = s.recv(4096)\nprint(said[12:80])\n')  # said once, then comes what was sent


class FalseSandbox(Attack):
    def setUp(self):
        self.runtime = self.home_dir(mode=0o700)
        self.env = {'XDG_RUNTIME_DIR': self.runtime}

    def start(self, name, *options):
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, *options, '--name', name, 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300'], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        return p

    def test_who_asks_from_inside_is_sent_away(self):
        """A volume shows the socket of another sandbox, and the asker is its very user outside."""
        p = self.start('victim')
        r = self.croft(USER, 'run', *SELF, '-v', self.runtime + ':/mnt', 'host', '--', 'python3', '-IS', '-c', ASK, '/mnt/croft/victim/control')
        self.assertRan(r)
        self.assertIn('only its own user may ask, from outside of any sandbox', r.out)
        self.assertIsNone(p.poll())

    def test_control_from_outside_the_same_words_end_it(self):
        p = self.start('victim')
        r = self.run_as(USER, ['python3', '-IS', '-c', ASK, self.runtime + '/croft/victim/control'], env={'PATH': '/usr/bin'})
        self.assertRan(r)
        self.assertEqual(p.wait(20), 128 + 15)

    def test_an_entry_without_a_croft_is_not_believed(self):
        """Somebody inside who has the folder in a volume makes an entry with a socket of his own, and no lock."""
        os.makedirs(self.runtime + '/croft/false', 0o700)
        self.write(self.runtime + '/croft/false/lock', '', USER)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
            server.bind(self.runtime + '/croft/false/control')
            server.listen()
            for path in ('', '/false', '/false/control'):
                self.give(self.runtime + '/croft' + path, USER)
            os.chmod(self.runtime + '/croft', 0o700)
            self.assertRefused(self.croft(USER, 'exec', 'false', 'true', env=self.env), EXIT_CROFT, 'no sandbox with the name false is running')

    def test_no_program_enters_a_namespace(self):
        for folder in ('frontend', 'sandbox', 'helper', 'common'):
            for at, _, files in os.walk(f'{registry.TOP}/{folder}'):
                for name in files:
                    if name.endswith('.c') and '/filter' not in at:
                        with open(os.path.join(at, name), encoding='utf-8') as f:
                            self.assertFalse(re.search(r'\bsetns\b', f.read()), name)
