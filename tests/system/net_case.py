"""A small world for the network tests: a "host" on whose network croft is started, and an "outside" beyond it.

Both are network namespaces of the test's own, joined by a pair of interfaces with addresses for documentation (RFC
5737, RFC 3849), so that no packet ever leaves the machine.
"""
import os
import pwd
import subprocess
import time

from croft_test import USER, Stage
from run_case import RunTest

HOST, OUTSIDE = '198.51.100.1', '198.51.100.2'
HOST6, OUTSIDE6 = '2001:db8:1::1', '2001:db8:1::2'
TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'net_tool.py')
PROGRAMS = {'pasta': '/usr/bin/passt', 'slirp4netns': '/usr/bin/slirp4netns'}

# In a mount namespace of its own: $1 a /dev/net/tun, $2 a resolv.conf, $3 the number of pairs FILE PLACE, the pairs, then
# the ids and the command.
ENTER = '''
set -e
mount --bind "$1" /dev/net/tun
[ -z "$2" ] || mount --bind "$2" /etc/resolv.conf
n=$3
shift 3
while [ "$n" -gt 0 ]; do mount --bind "$1" "$2"; shift 2; n=$((n - 1)); done
exec setpriv --reuid="$1" --regid="$2" --init-groups --inh-caps=-all -- "${@:3}"
'''


def make_tun(path, mode):
    """A node for the device from which interfaces come."""
    os.mknod(path, 0o020000, os.makedev(10, 200))
    os.chmod(path, mode)
    if not os.path.exists('/dev/net/tun'):
        subprocess.run(['modprobe', 'tun'], check=False)
    return path


def tun_for_all(cls):
    """Lets everybody open /dev/net/tun while the tests of a class run, as udev does on most hosts; in the mount namespace of
    the tests."""
    node = make_tun(Stage.prefix + '/tun', 0o666)
    cls.addClassCleanup(os.unlink, node)
    subprocess.run(['mount', '--bind', node, '/dev/net/tun'], check=True)
    cls.addClassCleanup(subprocess.run, ['umount', '--lazy', '/dev/net/tun'], check=True)


class NetworkTest(RunTest):
    only = None  # the one of PROGRAMS that is there for croft, or None for all

    def setUp(self):
        self.needs_package('passt', 'slirp4netns', 'iproute2')
        self.folder = self.make_dir('root')
        self.tun = self.make_tun(0o666)
        self.tool = self.write(self.folder + '/net_tool.py', open(TOOL, encoding='utf-8').read())
        self.nothing = self.write(self.folder + '/nothing', '')
        self.resolv = self.write(self.folder + '/resolv.conf', f'nameserver {OUTSIDE}\n')
        self.host, self.outside = self.namespace(), self.namespace()
        self.connect()

    def make_tun(self, mode):
        return make_tun(f'{self.folder}/tun{mode:o}', mode)

    def namespace(self):
        """The pid of a process in a network namespace of its own."""
        p = subprocess.Popen(['unshare', '--net', 'sh', '-c', 'ip link set lo up && echo ready && exec sleep infinity'],
                             stdout=subprocess.PIPE)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        return p.pid

    def ip(self, where, *words):
        subprocess.run(['nsenter', f'--net=/proc/{where}/ns/net', 'ip', *words], check=True)

    def connect(self):
        self.ip(self.host, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1', 'netns', str(self.outside))
        for where, name, address, address6 in ((self.host, 'up0', HOST, HOST6), (self.outside, 'up1', OUTSIDE, OUTSIDE6)):
            self.ip(where, 'address', 'add', address + '/24', 'dev', name)
            self.ip(where, 'address', 'add', address6 + '/64', 'dev', name, 'nodad')
            self.ip(where, 'link', 'set', name, 'up')
        self.ip(self.host, 'route', 'add', 'default', 'via', OUTSIDE)
        self.ip(self.host, '-6', 'route', 'add', 'default', 'via', OUTSIDE6)

    # --- commands

    def there(self, where, *argv, **kwargs):
        """Starts a command of root's in a namespace."""
        return self.popen_as('root', ['nsenter', f'--net=/proc/{where}/ns/net', *argv], **kwargs)

    def serve(self, where, *words):
        p = self.there(where, 'python3', '-IS', self.tool, *words)
        self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        return p

    def ask(self, where, *words):
        """What a client in a namespace is told."""
        return self.run_as('root', ['nsenter', f'--net=/proc/{where}/ns/net', 'python3', '-IS', self.tool, 'ask', *words]).out.strip()

    def argv(self, *argv, user=USER, tun=None, resolv=None, net=True, replace=None):
        """The command that runs argv as the user, on the network of the host of this world (or, without net, of the real
        one), with a file in another's place ({place: file}); nothing of what is mounted for that is seen outside."""
        entry = pwd.getpwnam(user)
        places = dict(replace or {})
        if self.only:
            places.update({path: self.nothing for name, path in PROGRAMS.items() if name != self.only and path not in places})
        pairs = [word for place, file in places.items() for word in (file, place)]
        enter = ['nsenter', f'--net=/proc/{self.host}/ns/net'] if net else []
        return [*enter, 'unshare', '--mount', '--propagation', 'private', 'bash', '-c', ENTER, 'bash', tun or self.tun,
                (resolv or self.resolv) if net else '', str(len(places)), *pairs, str(entry.pw_uid), str(entry.pw_gid), *argv]

    def env(self, user=USER):
        return {'HOME': pwd.getpwnam(user).pw_dir, 'USER': user, 'LOGNAME': user}

    def croft(self, user, *args, env=None, timeout=60, **kwargs):
        popen = {key: kwargs.pop(key) for key in ('input', 'stdin', 'stdout', 'stderr', 'pass_fds', 'cwd') if key in kwargs}
        return self.run_as('root', self.argv(self.croft_path, *args, user=user, **kwargs),
                           env={**self.env(user), **(env or {})}, timeout=timeout, **popen)

    def start(self, *args, user=USER, popen=None, **kwargs):
        """Starts croft run ARGS; its process is croft's own soon."""
        return self.popen_as('root', self.argv(self.croft_path, 'run', *args, user=user, **kwargs), env=self.env(user), **(popen or {}))

    def ask_inside(self, *words, options=('--network', 'user'), **kwargs):
        """What a client in a sandbox is told."""
        return self.croft(USER, 'run', *options, '-v', self.tool + ':/mnt/net_tool.py:ro', 'host', '--', 'python3', '-IS',
                          '/mnt/net_tool.py', 'ask', *words, **kwargs).out.strip()

    def programs_of(self, pid):
        """{pid: name} of the pastas and slirp4netnses that are children of a process."""
        found = {}
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                with open(f'/proc/{entry}/stat', encoding='utf-8', errors='replace') as f:
                    name, _, rest = f.read().partition('(')[2].rpartition(')')
            except OSError:
                continue
            if int(rest.split()[1]) == pid and name.startswith(('pasta', 'passt', 'slirp4netns')):
                found[int(entry)] = name
        return found

    def program_of(self, p, seconds=20):
        """The pid of the one program that serves a croft that was started."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.programs_of(p.pid)
            if found:
                return next(iter(found))
            time.sleep(0.02)
        raise AssertionError('no pasta or slirp4netns')

    def listeners(self):
        """What is listened on, on the network of the host of this world: lines of ss(8)."""
        r = self.run_as('root', ['nsenter', f'--net=/proc/{self.host}/ns/net', 'ss', '-Hltun'])
        return r.out.splitlines()
