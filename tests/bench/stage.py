"""What a measurement stands on: croft installed in a folder that is seen inside, a user, the programs of tests/bench/.

    with Stage(build) as stage:
        stage.run(['croft', ...])

Made as root and removed at the end, with the functions of the system tests and a user of its own.
"""
import glob
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [TOP + '/tests/system', TOP + '/tests', HERE]
import croft_test  # noqa: E402
import floor  # noqa: E402

USER = 'croftbench'
# No start-up code, no page that is not needed.
FLOOR_FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fno-stack-protector', '-fno-pie',
               '-fno-asynchronous-unwind-tables', '-no-pie', '-static', '-nostdlib', '-Wl,--build-id=none', '-Wl,-z,norelro',
               '-Wl,-z,noseparate-code']


class Programs:
    """Compiles the benchmark's own programs into a folder. filters: the source of croft's seccomp filters."""

    def __init__(self, folder, filters):
        self.folder, self.host = folder, floor.Host()
        self.compiler = os.environ.get('CC') or 'gcc'
        with open(filters, encoding='ascii') as f:
            self.filter = re.search(r'struct sock_filter base\[\] = \{\n(.*?)\};', f.read(), re.S).group(1)

    def compile(self, name, *sources):
        """With libc where the source needs one."""
        raw = ['-I' + TOP, *FLOOR_FLAGS] if name != 'starts' else ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-static']
        path = f'{self.folder}/{name}'
        subprocess.run([self.compiler, *raw, '-o', path, *sources], check=True)
        os.chmod(path, 0o755)
        return path

    def own(self, name):
        return self.compile(name, f'{HERE}/{name}.c')

    def floor(self, name, plan, uid_map, gid_map, mapped=False):
        """The floor of the plan; mapped: its maps are written by a program with capabilities."""
        mapper = f'{self.folder}/{name}.mapper' if mapped else None
        calls = f'{self.folder}/{name}.c'
        seccomp = self.filter if plan['seccomp'] == 'default' else None
        with open(calls, 'w', encoding='utf-8') as f:
            f.write(floor.source(plan, self.host, uid_map, gid_map, mapper, seccomp))
        if mapper:
            self.compile(f'{name}.mapper', HERE + '/mapper.c', calls)
            subprocess.run(['setcap', 'cap_setuid,cap_setgid=ep', mapper], check=True)
        return self.compile(name, HERE + '/floor.c', calls)


def as_user(name):
    """Arguments of subprocess.run() for a command of the user's, who holds no capability."""
    user = pwd.getpwnam(name)
    return {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': [user.pw_gid], 'cwd': user.pw_dir, 'stdin': subprocess.DEVNULL,
            'env': {'HOME': user.pw_dir, 'USER': name, 'PATH': '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'LANG': 'C.UTF-8',
                    'XDG_RUNTIME_DIR': user.pw_dir + '/run'}}


class Stage:
    """croft below prefix, USER, and a folder of programs."""

    def __init__(self, build):
        self.build = build
        self.prefix = f'/usr/local/lib/croft-bench.{zlib.crc32(build.encode()):08x}'
        self.croft = self.prefix + '/bin/croft'

    def __enter__(self):
        import run  # after the users are ours
        self._run = run
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        self.remove()
        os.makedirs(self.prefix, mode=0o755)
        croft_test.Stage.prefix = self.prefix
        self._run.make(self.build, 'install')
        self._run.make_user(USER, True, 0o755)
        self.home = pwd.getpwnam(USER).pw_dir
        self.run(['mkdir', '-m', '700', self.home + '/run'], check=True)
        self.programs = Programs(self.prefix, self.build + '/gen/seccomp_filters.c')
        self.starts, self.command = self.programs.own('starts'), self.programs.own('true')

    def remove(self):
        problem = self._run.remove_user(USER)
        croft_test.remove_tree(self.prefix)
        return problem

    def __exit__(self, *_):
        problem = self.remove()
        if problem:
            print(f'bench: {problem}', file=sys.stderr)

    def run(self, argv, **more):
        return subprocess.run(argv, text=True, **{**as_user(USER), **more})

    def plan(self, *options, root='host', command=None):
        """The plan of `croft run OPTIONS`, and which arguments these are."""
        asked = [*options, root, '--', *(command or [self.command])]
        done = self.run([self.croft, 'plan', '--json', *asked], capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f'croft plan {asked}: {done.stderr}')
        return json.loads(done.stdout)['plan'], [self.croft, 'run', *asked]

    def maps(self, full):
        """(uid_map, gid_map): of the caller alone, or with his subordinate ids."""
        user, texts = pwd.getpwnam(USER), []
        for own, file in ((user.pw_uid, '/etc/subuid'), (user.pw_gid, '/etc/subgid')):
            lines, inside = [f'0 {own} 1\n'], 1
            for start, count in croft_test.sub_ranges(USER, file) if full else ():
                lines.append(f'{inside} {start} {count}\n')
                inside += count
            texts.append(''.join(lines))
        return texts

    def pair(self, name, *options, full=False, command=None):
        """(floor, croft): the arguments that start the same sandbox."""
        plan, croft = self.plan(*([] if full else ['--map', 'self']), *options, command=command)
        return [self.programs.floor(name, plan, *self.maps(full), mapped=full)], croft, plan
