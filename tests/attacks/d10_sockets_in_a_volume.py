"""D10: a socket or a FIFO answers through a read-only volume

Broke: every tool that takes read-only for harmless (no number); whoever mounts the socket of a container engine gives root away.
Trick: connect(2) asks no mount for the right to write.
Croft: a socket or a FIFO is no volume without the word sockets; one inside a volume answers, and croft-run(1) says so.
Gate: the same.
Covered by: test_run_refusals.test_sockets_devices_and_kernel_file_systems
"""
import os
import socket

from attacks.attack import Attack, GateAttack, SELF, OK, PYTHON
from croft_test import USER


class Sockets(Attack):
    def test_a_socket_answers_through_a_read_only_volume_and_is_no_volume_itself(self):
        """Documented in croft-run(1): a read-only mount keeps nobody from talking to a socket in it."""
        data = self.home_dir()
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(data + '/s')
        os.chmod(data + '/s', 0o666)
        server.listen()
        out = self.python('import socket\ns = socket.socket(socket.AF_UNIX); s.connect("/mnt/s"); print("connected")', *SELF,
                          '-v', data + ':/mnt:ro')
        self.assertEqual(out, 'connected\n')
        self.refused(r'^croft: volume .*/s:/mnt: denied for \w+: .*no socket or FIFO\n', *SELF, '-v', f'{data}/s:/mnt:ro', 'host', '--', 'true')
        os.mkfifo(data + '/p')
        self.refused(r'^croft: volume .*/p:/mnt: denied for \w+: .*no socket or FIFO\n', *SELF, '-v', f'{data}/p:/mnt:ro', 'host', '--', 'true',
                     timeout=10)
        with self.policy(OK + f'allow everyone volume {data}/s ro sockets\n'):
            self.assertRan(self.croft(USER, 'run', *SELF, '-v', f'{data}/s:/tmp/s:ro', 'host', '--', 'test', '-S', '/tmp/s'))
        self.refused(r'denied for', *SELF, '-v', '/run:/mnt:ro', 'host', '--', 'true')
        with open(os.path.dirname(os.path.abspath(__file__)) + '/../../man/croft-run.1', encoding='utf-8') as f:
            self.assertIn('Read-only does not stop anybody from talking to a socket or a FIFO in a volume', f.read())


class SocketsAndTheGate(GateAttack):
    def test_the_gate_refuses_it_as_a_volume(self):
        data = self.home_dir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(data + '/s')
        os.mkfifo(data + '/p')
        for _ in self.installations():
            for name in ('s', 'p'):
                self.refused(rf'^croft: volume .*/{name}:/mnt: denied for \w+: .*no socket or FIFO\n', '-v', f'{data}/{name}:/mnt:ro', 'host', '--', 'true', timeout=10)
            self.refused('denied for', '-v', '/run:/mnt:ro', 'host', '--', 'true')

    def test_control_it_answers_through_a_read_only_bind(self):
        data = self.home_dir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(data + '/s')
            os.chmod(data + '/s', 0o666)
            server.listen()
            r = self.shell_in_own_namespace('touch /tmp/x; mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -IS -c "$3" "$1"', data, PYTHON,
                                            'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1] + "/s"); print("connected")')
        self.assertEqual(r.out, 'connected\n', r)
        os.unlink('/tmp/x')
