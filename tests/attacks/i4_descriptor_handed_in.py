"""I4: somebody outside hands a directory in

Broke: nobody by a number: it cannot be closed against the same user while both share a socket.
Trick: SCM_RIGHTS over a socket in a volume; the command opens what is below the directory.
Croft: with Landlock nothing below it is opened; without it SECURITY.md says what is not promised.
Gate: the same.
Covered by: test_network.test_abstract_sockets_of_the_host_are_reached_from_its_own_network_only
"""
import os
import socket

from attacks.attack import Attack, SELF
from croft_test import USER
from run_case import landlock_abi


class HandedIn(Attack):
    def handed_in(self, *options):
        """What a sandbox reads below a directory that was handed to it over a socket of a volume."""
        data, secret = self.home_dir(), self.home_dir()
        self.text(secret, 'name', 'outside\n')
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(data + '/s')
            os.chmod(data + '/s', 0o666)
            server.listen()
            p = self.popen_as(USER, [self.croft_path, 'run', *SELF, *options, '-v', data + ':/mnt', 'host', '--', 'python3', '-IS', '-c',
                                     'import os, socket\ns = socket.socket(socket.AF_UNIX); s.connect("/mnt/s")\n'
                                     '_, fds, _, _ = socket.recv_fds(s, 1, 1)\ntry:\n'
                                     '    print(open(os.open("name", os.O_RDONLY, dir_fd=fds[0])).read(), end="")\n'
                                     'except PermissionError:\n    print("denied")'])
            server.settimeout(20)
            peer, _ = server.accept()
            with peer:
                fd = os.open(secret, os.O_RDONLY | os.O_DIRECTORY)
                socket.send_fds(peer, [b'x'], [fd])
                os.close(fd)
                return p.communicate(timeout=20)[0]

    def test_with_landlock_nothing_below_it_is_opened(self):
        self.assertEqual(self.handed_in(), b'denied\n' if landlock_abi() >= 2 else b'outside\n')

    def test_control_without_landlock_it_is_read(self):
        self.assertEqual(self.handed_in('--landlock', 'off'), b'outside\n')

    def test_security_md_claims_no_more(self):
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(top + '/SECURITY.md', encoding='utf-8') as f:
            self.assertRegex(f.read(), r'(?s)## Not promised.*a descriptor can be passed over a socket in a volume')
