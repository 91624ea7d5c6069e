"""What a measurement stands on: croft as it is installed, a user, the programs of tests/bench/.

    with Stage(prefix, gen, user) as stage:
        stage.run(['croft', ...])
"""
import contextlib
import json
import os
import pwd
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [TOP + '/tests/system', TOP + '/tests', HERE]
import croft_test  # noqa: E402
import floor  # noqa: E402
from peers import Subject  # noqa: E402

SUBID = ('/etc/subuid', '/etc/subgid')
WITH_LIBC = ('starts', 'parallel', 'namespaces')
# No start-up code, no page that is not needed.
FLOOR_FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fno-stack-protector', '-fno-pie',
               '-fno-asynchronous-unwind-tables', '-no-pie', '-static', '-nostdlib', '-Wl,--build-id=none', '-Wl,-z,norelro',
               '-Wl,-z,noseparate-code']


class Programs:
    """Compiles the benchmark's own programs into a folder.

    gen: the folder of the sources that were made when croft was built; group: who may run the one with capabilities.
    """

    def __init__(self, folder, gen, group):
        self.folder, self.group, self.host = folder, group, floor.Host()
        with open(gen + '/capnames.c', encoding='ascii') as f:
            self.cap_names = re.findall(r'"(CAP_\w+)"', f.read())
        self.compiler = shlex.split(os.environ.get('CC') or 'gcc')
        with open(gen + '/seccomp_filters.c', encoding='ascii') as f:
            self.filter = re.search(r'struct sock_filter base\[\] = \{\n(.*?)\};', f.read(), re.S).group(1)

    def compile(self, name, *sources):
        """With libc where the source needs one."""
        raw = ['-I' + TOP, *FLOOR_FLAGS] if name not in WITH_LIBC else ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-static']
        path = f'{self.folder}/{name}'
        subprocess.run([*self.compiler, *raw, '-o', path, *sources], check=True)
        os.chmod(path, 0o755)
        return path

    def object(self, name):
        """What is the same for every plan, compiled once."""
        path = f'{self.folder}/{name}.o'
        return path if os.path.exists(path) else self.compile(name + '.o', '-c', f'{HERE}/{name}.c')

    def own(self, name):
        return self.compile(name, f'{HERE}/{name}.c')

    def floor(self, name, plan, uid_map, gid_map, mapped=False, times=False):
        """The floor of the plan; mapped: its maps are written by a program with capabilities; times: it tells how long each call took."""
        mapper = f'{self.folder}/{name}.mapper' if mapped else None
        calls = f'{self.folder}/{name}.c'
        seccomp = self.filter if plan['seccomp'] == 'default' else None
        with open(calls, 'w', encoding='utf-8') as f:
            f.write(floor.source(plan, self.host, uid_map, gid_map, mapper, seccomp))
        if mapper:
            self.compile(f'{name}.mapper', self.object('mapper'), calls)
            os.chown(mapper, 0, self.group)
            os.chmod(mapper, 0o750)  # it does not ask who calls
            subprocess.run(['setcap', 'cap_setuid,cap_setgid=ep', mapper], check=True)
        return self.compile(name, *(('-DFLOOR_TIMES', HERE + '/floor.c') if times else (self.object('floor'),)), calls)


def as_user(name):
    """Arguments of subprocess.run() for a command of the user's, who holds no capability."""
    user = pwd.getpwnam(name)
    return {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': [user.pw_gid], 'cwd': user.pw_dir, 'stdin': subprocess.DEVNULL,
            'env': {'HOME': user.pw_dir, 'USER': name, 'PATH': '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'LANG': 'C.UTF-8',
                    'XDG_RUNTIME_DIR': user.pw_dir + '/bench/run'}}


class Stage:
    """Where it is measured. prefix: where croft is installed, gen: what of the build describes it, user: who starts.

    The programs are in a folder below /usr, that is seen inside; it is there within a `with` block.
    """

    def __init__(self, prefix, gen, user):
        self.prefix, self.gen, self.user = prefix, gen, user
        self.croft = prefix + '/bin/croft'

    def __enter__(self):
        self.home = pwd.getpwnam(self.user).pw_dir
        os.makedirs('/usr/local/lib', exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix='croft-bench.', dir='/usr/local/lib')
        try:
            os.chmod(self.folder, 0o755)
            self.work = self.home + '/bench'
            self.run(['mkdir', '-p', self.work + '/run'])
            self.programs = Programs(self.folder, self.gen, pwd.getpwnam(self.user).pw_gid)
            self.starts, self.command = self.programs.own('starts'), self.programs.own('true')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        croft_test.remove_tree(self.folder)
        croft_test.remove_tree(self.work)

    def run(self, argv, around=None, **more):
        """As the user. around: a function that makes of the arguments others, which are run as root and become the user."""
        user = as_user(self.user)
        if around:
            argv = around(['setpriv', '--reuid', self.user, '--regid', self.user, '--init-groups', *argv])
            user = {key: user[key] for key in ('cwd', 'stdin', 'env')}
        return subprocess.run(argv, check=False, **{'text': True, **user, **more})

    def why_not(self, argv):
        """Why the command cannot be measured here, or None. It is started once."""
        if not os.path.exists(argv[0]):
            return 'not installed'
        done = self.run(argv, capture_output=True)
        said = [line for line in done.stderr.strip().splitlines() if not line.startswith('croft: hint: ')]
        return None if done.returncode == 0 else said[-1] if said else f'ends with status {done.returncode}'

    def trace(self, log, argv):
        """A run under strace, whose lines are in the file log. By root, since file capabilities are nothing to whom a user traces."""
        user = as_user(self.user)
        return subprocess.run(['strace', '-f', '-qq', '-s', '0', '-u', self.user, '-o', log, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False, cwd=user['cwd'], env=user['env'])

    def folders(self, name, count):
        """Directories of the user's."""
        paths = [f'{self.work}/{name}/{i}' for i in range(count)]
        for path in paths:
            os.makedirs(path, exist_ok=True)
        return paths

    def with_mounts(self, count, argv):
        [folder] = self.folders('mounts', 1)
        return [sys.executable, '-B', HERE + '/host_mounts.py', str(count), folder, *argv]

    @contextlib.contextmanager
    def policy(self, count):
        """A policy as the one compiled in, and so many rules that cover nothing."""
        file = self.prefix + '/etc/croft/policy.conf'
        folder = os.path.dirname(file)
        there = os.path.isdir(folder)
        os.makedirs(folder, exist_ok=True)
        with open(TOP + '/policy/built-in.conf', encoding='utf-8') as f:
            rules = f.read()
        rules += ''.join(f'allow user {self.user} volume /srv/data{i}/** ro\n' for i in range(count))
        try:
            with open(file, 'x', encoding='utf-8') as f:
                f.write(rules)
            yield
        finally:
            os.unlink(file)
            if not there:
                os.rmdir(folder)

    @contextlib.contextmanager
    def subid_lines(self, count):
        """So many lines, the user's last: mounted over the host's two files, in the mount namespace of the benchmark."""
        with contextlib.ExitStack() as stack:
            for file in SUBID:
                own = ''.join(f'{self.user}:{start}:{length}\n' for start, length in croft_test.sub_ranges(self.user, file))
                copy = f'{self.folder}/{os.path.basename(file)}'
                with open(copy, 'w', encoding='utf-8') as f:
                    f.write(''.join(f'other{i}:{3000000000 + i}:1\n' for i in range(count - 1)) + own)
                subprocess.run(['mount', '--bind', copy, file], check=True)
                stack.callback(subprocess.run, ['umount', file], check=True)
            yield

    def subject(self, plan, full):
        """What the peers need for this plan, made anew."""
        folder = tempfile.mkdtemp(prefix='peers.', dir=self.work)
        os.chmod(folder, 0o755)
        subject = Subject(plan, folder, self.maps(full), floor.Host.kind, self.programs.cap_names)
        subject.prepare()
        subprocess.run(['chown', '-R', f'{self.user}:{self.user}', folder], check=True)
        return subject

    def plan(self, *options, root='host', command=None):
        """The plan of `croft run OPTIONS`, and which arguments these are."""
        asked = [*options, root, '--', *(command or [self.command])]
        done = self.run([self.croft, 'plan', '--json', *asked], capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f'croft plan {asked}: {done.stderr}')
        return json.loads(done.stdout)['plan'], [self.croft, 'run', *asked]

    def maps(self, full):
        """(uid_map, gid_map): of the caller alone, or with his subordinate ids."""
        user, texts = pwd.getpwnam(self.user), []
        for own, file in zip((user.pw_uid, user.pw_gid), SUBID):
            lines, inside = [f'0 {own} 1\n'], 1
            for start, count in croft_test.sub_ranges(self.user, file) if full else ():
                lines.append(f'{inside} {start} {count}\n')
                inside += count
            texts.append(''.join(lines))
        return texts

    def pair(self, name, *options, full=False, command=None):
        """(floor, croft): the arguments that start the same sandbox."""
        plan, croft = self.plan(*([] if full else ['--map', 'self']), *options, command=command)
        return [self.programs.floor(name, plan, *self.maps(full), mapped=full)], croft, plan
