"""The filter of system calls, from inside: what it refuses and what it leaves, its variants, the caller's own filters."""
import errno
import json
import os
import struct

from croft_test import EXIT_CROFT, USER, USER2
from run_case import RunTest, fields_of

EPERM, ENOSYS, EACCES = errno.EPERM, errno.ENOSYS, errno.EACCES
BASE = 'version 1\nallow everyone root host\nallow everyone ids subordinate\nallow everyone network none\nallow everyone volume /** ro\n'

# What of the probe's calls the filter answers by itself, for root inside with the default capabilities.
REFUSED = {
    'keyctl': EPERM, 'add_key': EPERM, 'request_key': EPERM, 'bpf': EPERM, 'perf_event_open': EPERM, 'userfaultfd': EPERM,
    'io_uring_setup': EPERM, 'clock_settime': EPERM, 'settimeofday': EPERM, 'quotactl': EPERM, 'move_pages': EPERM, 'mount': EPERM,
    'umount2': EPERM, 'mount_setattr': EPERM, 'open_tree': EPERM, 'setns': EPERM, 'clone3': ENOSYS, 'unshare user': EPERM,
    'clone user': EPERM, 'clone mount': EPERM, 'TIOCSTI': EPERM, 'TIOCSTI high': EPERM, 'TIOCLINUX': EPERM, 'TIOCLINUX high': EPERM,
    'socket vsock': EPERM, 'socket vsock high': EPERM, 'socket alg': EPERM, 'personality read implies exec': EPERM,
}
REFUSED_X86 = {'modify_ldt': ENOSYS, 'iopl': EPERM, 'ioperm': EPERM, 'sysfs': EPERM, 'ustat': EPERM}
MOUNTS = ('mount', 'umount2', 'mount_setattr', 'open_tree', 'setns', 'clone mount')
NO_ENTRY = 255  # of the probe: the machine has no entry for 32-bit programs

LD, JEQ, RET = 0x20, 0x15, 0x06  # classic BPF: load a word, jump if equal, return
ALLOW, REFUSE = 0x7fff0000, 0x00050000


def bpf(*instructions):
    return b''.join(struct.pack('=HBBI', *i) for i in instructions)


class SeccompTest(RunTest):
    def answers(self, *options, root='host', **kwargs):
        """{call: errno} of the probe, 0 for what was let through."""
        out = self.sandbox('-v', self.probes + ':/mnt:ro', *options, root, '--', '/mnt/calls', **kwargs)
        return {name: int(number) for name, _, number in (line.rpartition(' ') for line in out.splitlines())}

    def profile(self, content, name='p.json'):
        path = self.home_dir() + '/' + name
        self.write(path, content if isinstance(content, str) else json.dumps(content), USER)
        return path


class Default(SeccompTest):
    def setUp(self):
        self.open = self.answers('--seccomp', 'unconfined')
        self.refused_here = {**REFUSED, **{name: code for name, code in REFUSED_X86.items() if name in self.open}}

    def assertFiltered(self, got, refused):
        """What is refused is, and was not without the filter; everything else answers as without it."""
        for name, code in refused.items():
            self.assertEqual((name, got[name]), (name, code))
            self.assertNotEqual(self.open[name], code, f'{name} tells no difference')
        for name in self.open.keys() - refused.keys() - {'int80'}:
            self.assertEqual((name, got[name]), (name, self.open[name]))

    def test_refused_calls_answer_so_and_no_others(self):
        for options in ((), ('--no-init',), ('--map', 'self'), ('-u', '7'), ('--cap-drop', 'ALL'), ('--seccomp', 'default')):
            with self.subTest(options):
                self.assertFiltered(self.answers(*options), self.refused_here)

    def test_32_bit_calls_are_as_if_they_were_not_there(self):
        if self.open['int80'] == NO_ENTRY:
            return
        self.assertEqual(self.open['int80'], 0)
        self.assertEqual(self.answers()['int80'], ENOSYS)

    def test_sys_admin_gets_mounts_and_namespaces_but_no_user_namespaces(self):
        self.open = self.answers('--cap-add', 'SYS_ADMIN', '--seccomp', 'unconfined')
        refused = {name: code for name, code in self.refused_here.items() if name not in MOUNTS}
        self.assertFiltered(self.answers('--cap-add', 'SYS_ADMIN'), refused)

    def test_user_namespaces_where_they_are_allowed(self):
        self.open = self.answers('--allow-userns', '--seccomp', 'unconfined')
        gone = (*MOUNTS, 'unshare user', 'clone user', 'clone3')
        self.assertFiltered(self.answers('--allow-userns'), {n: c for n, c in self.refused_here.items() if n not in gone})
        self.assertEqual(self.shell('unshare --user --map-root-user --mount sh -c "mount -t tmpfs none /tmp && id -u"', '--allow-userns'), '0\n')

    def test_the_command_and_init_are_under_it(self):
        for options, expected in (((), '2'), (('--no-init',), '2'), (('--seccomp', 'unconfined'), '0'), (('-u', '7'), '2')):
            out = self.sandbox(*options, 'host', '--', 'cat', '/proc/self/status', '/proc/1/status')
            self.assertEqual([line.split()[1] for line in out.splitlines() if line.startswith('Seccomp:')], [expected] * 2, options)

    def test_a_new_program_does_not_shed_it(self):
        out = self.shell('sh -c "exec python3 -c \'print(open(\\"/proc/self/status\\").read())\'"')
        self.assertEqual(fields_of(out)['Seccomp'], '2')

    def test_nothing_can_be_typed_into_the_sandboxs_terminal_either(self):
        script = ('import errno, fcntl, os, sys\n'
                  'for request in (0x5412, 0x541c):\n'
                  '    try:\n'
                  '        fcntl.ioctl(0, request, b"x")\n'
                  '        print("let")\n'
                  '    except OSError as e:\n'
                  '        print(errno.errorcode[e.errno])\n')
        for options, expected in (((), 'EPERM EPERM '), (('--seccomp', 'unconfined'), r'(?!EPERM EPERM)\w+ \w+ ')):
            t = self.terminal(USER, [self.croft_path, 'run', *options, 'host', '--', 'sh', '-c',
                                     'exec python3 -c "$1" | tr "\\n" " "', 'sh', script])
            t.expect(expected)
            self.assertEqual(t.wait(), 0)

    def test_real_programs_run_under_it(self):
        self.needs_package('gcc', 'libc6-dev', 'strace')
        program = '#include <pthread.h>\nstatic void *f(void *p) { return p; }\n' \
                  'int main(void) { pthread_t t; return pthread_create(&t, 0, f, 0) || pthread_join(t, 0); }\n'
        for script in (f"cd /tmp && printf '%s' '{program}' >t.c && gcc -pthread -o t t.c && ./t",
                       'strace -f -o /tmp/trace sh -c "true | cat" && grep -q exit_group /tmp/trace',
                       'bash -c "for i in 1 2 3; do (echo $i) & done; wait"',
                       'apt-get --version && apt-cache policy >/dev/null',
                       'setarch -R true && nice -n 5 ionice -c 3 timeout 5 flock /tmp/l true',
                       'unshare true && chroot / true'):
            with self.subTest(script):
                self.shell(script)
        self.python('import asyncio, concurrent.futures, multiprocessing as mp, socket, subprocess, tempfile\n'
                    'with concurrent.futures.ThreadPoolExecutor(8) as p: assert sum(p.map(abs, range(100))) == 4950\n'
                    'mp.get_context("fork").Process(target=print).start()\n'
                    'asyncio.run(asyncio.sleep(0))\n'
                    'a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"\n'
                    's = socket.create_server(("127.0.0.1", 0)); socket.create_connection(s.getsockname())\n'
                    'subprocess.run(["true"], check=True)\n'
                    'mp.Lock(); mp.Queue()\n')

    def test_a_kernel_without_filters_is_said(self):
        words = [self.probes + '/nocall', 'seccomp', self.croft_path]
        run = [*words, 'run', '--map', 'self']
        self.assertRan(self.run_as(USER, [*run, '--seccomp', 'unconfined', 'host', 'true']))
        for options in ((), ('--no-init',)):
            r = self.run_as(USER, [*run, *options, 'host', 'true'])
            self.assertRefused(r, EXIT_CROFT, r'\Acroft: load the default seccomp filter: this kernel has no seccomp filters: '
                               r'it was built without CONFIG_SECCOMP_FILTER\ncroft: hint: without a filter: croft run --seccomp unconfined\n\Z')
        r = self.run_as(USER, [*words, 'doctor'])
        self.assertRefused(r, 1, r'\A\Z')
        self.assertRegex(r.out, r'(?m)^fail  filter +this kernel has no seccomp filters: .*CONFIG_SECCOMP_FILTER\n +mend: start a kernel built with CONFIG_SECCOMP_FILTER=y$')

    def test_plan_shows_it(self):
        for options, expected in (((), r'the default \(\d+ instructions\)'), (('--seccomp', 'unconfined'), 'all'),
                                  (('--cap-add', 'SYS_ADMIN'), r'the default, which leaves mounts and namespaces to CAP_SYS_ADMIN \(\d+ instructions\)'),
                                  (('--allow-userns',), r'the default, which leaves mounts and namespaces, user namespaces too \(\d+ instructions\)')):
            r = self.croft(USER, 'plan', *options, 'host', 'true')
            self.assertRan(r)
            self.assertRegex(r.out, f'(?m)^system calls {expected}$')
        plan = json.loads(self.croft(USER, 'plan', '--json', '--seccomp', 'unconfined', 'host', 'true').out)['plan']
        self.assertEqual(plan['seccomp'], 'unconfined')

    def test_the_policy_may_keep_it_on(self):
        own = self.profile({'defaultAction': 'SCMP_ACT_ALLOW'})
        program = bpf((RET, 0, 0, ALLOW))
        rows = ((('--seccomp', 'unconfined'), 'unconfined'), (('--seccomp', own), 'custom'), (('--seccomp-bpf', '0'), 'custom'))
        with self.policy(BASE + 'allow everyone seccomp unconfined\nallow everyone seccomp custom\n'):
            for words, _ in rows:
                self.sandbox(*words, 'host', 'true', input=program)
        with self.policy(BASE):
            self.sandbox('host', 'true')
            for words, word in rows:
                self.refused(rf'\Acroft: seccomp {word}: denied for {USER}: no rule allows it\n', *words, 'host', 'true', input=program)
        with self.policy(BASE + f'allow user {USER} seccomp custom\n'):
            self.sandbox('--seccomp', own, 'host', 'true')
            self.refused('seccomp unconfined: denied', '--seccomp', 'unconfined', 'host', 'true')
            self.refused('seccomp custom: denied', '--seccomp-bpf', '0', 'host', 'true', user=USER2, input=program)


class Profiles(SeccompTest):
    mkdir = {'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': errno.EXDEV}

    def test_one_refused_call(self):
        path = self.profile({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [self.mkdir]})
        self.shell('mkdir /tmp/x')
        for options in ((), ('--no-init',), ('--map', 'self')):
            r = self.croft(USER, 'run', *options, '--seccomp', path, 'host', '--', 'mkdir', '/tmp/x')
            self.assertRefused(r, 1, 'Invalid cross-device link')
        self.assertEqual(self.shell('touch /tmp/x; ls /tmp', '--seccomp', path), 'x\n')

    def test_the_command_alone_is_under_it_and_init_under_the_default(self):
        path = self.profile({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['waitid', 'rt_sigtimedwait'], 'action': 'SCMP_ACT_KILL_PROCESS'}]})
        r = self.croft(USER, 'run', '--seccomp', path, 'host', '--', 'cat', '/proc/self/status', '/proc/1/status')
        self.assertRan(r)
        self.assertEqual([line.split()[1] for line in r.out.splitlines() if line.startswith('Seccomp:')], ['2', '2'])
        self.assertEqual(self.answers('--seccomp', path)['keyctl'], 0)

    def test_a_list_of_what_is_allowed_as_docker_writes_it(self):
        native = {'x86_64': 'SCMP_ARCH_X86_64', 'aarch64': 'SCMP_ARCH_AARCH64'}.get(os.uname().machine, 'SCMP_ARCH_RISCV64')
        every = sorted(set('read write close fstat newfstatat mmap mprotect munmap brk rt_sigaction rt_sigprocmask pread64 access faccessat openat '
                           'execve exit exit_group arch_prctl set_tid_address set_robust_list rseq prlimit64 getrandom readlink ioctl lseek '
                           'fadvise64 getuid geteuid getgid getegid futex uname statfs getcwd a_call_of_tomorrow'.split()))
        path = self.profile({
            'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 1,
            'archMap': [{'architecture': native, 'subArchitectures': []}, {'architecture': 'SCMP_ARCH_S390X', 'subArchitectures': ['SCMP_ARCH_S390']}],
            'syscalls': [{'names': every, 'action': 'SCMP_ACT_ALLOW', 'args': [], 'comment': '', 'includes': {}, 'excludes': {}},
                         {'names': ['sync'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'caps': ['CAP_SYS_ADMIN']}},
                         {'names': ['ptrace'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'minKernel': '4.8'}}]})
        self.assertRan(self.croft(USER, 'run', '--seccomp', path, 'host', '--', 'cat', '/etc/hostname'))
        self.assertRefused(self.croft(USER, 'run', '--seccomp', path, 'host', '--', 'mkdir', '/tmp/x'), 1, 'Operation not permitted')
        # It allows no socket to croft's own process: the sentence comes another way.
        for options in ((), ('--no-init',)):
            self.assertRefused(self.croft(USER, 'run', *options, '--seccomp', path, 'host', '--', 'no-such'), 127,
                               r'\Acroft: run no-such: not found in the sandbox\n\Z')

    def test_capabilities_decide_what_is_included(self):
        path = self.profile({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{**self.mkdir, 'excludes': {'caps': ['CAP_SYS_ADMIN']}}]})
        self.assertRefused(self.croft(USER, 'run', '--seccomp', path, 'host', '--', 'mkdir', '/tmp/x'), 1, 'cross-device')
        self.shell('mkdir /tmp/x', '--cap-add', 'SYS_ADMIN', '--seccomp', path)

    def test_a_command_that_it_kills(self):
        path = self.profile({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_KILL_PROCESS'}]})
        r = self.croft(USER, 'run', '--seccomp', path, 'host', '--', 'mkdir', '/tmp/x')
        self.assertEqual(r.status, 128 + 31, r)

    def test_a_command_that_may_not_be_started(self):
        path = self.profile({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['execve'], 'action': 'SCMP_ACT_ERRNO', 'errno': 'EACCES'}]})
        self.assertRefused(self.croft(USER, 'run', '--seccomp', path, 'host', '--', '/bin/true'), 126, r'\Acroft: run /bin/true: Permission denied\n')

    def test_bad_files_are_refused(self):
        folder = self.home_dir()
        good = self.profile({'defaultAction': 'SCMP_ACT_ALLOW'})
        self.sandbox('--seccomp', good, 'host', 'true')
        rows = [('', 'line 1, column 1: the document ends too early'), ('{"defaultAction": }', 'line 1, column 19: unexpected character'),
                ('[]', 'the document is not an object'), ('{}', 'the member defaultAction is missing'),
                ('{"defaultAction": "SCMP_ACT_ALLOW", "x\\ny": 1}', r'the member x\\\\ny is not known'),
                ('{"defaultAction": "SCMP_ACT_NOTIFY"}', 'defaultAction: SCMP_ACT_NOTIFY needs a program that answers, which croft does not start'),
                ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "NO"}]}', r'syscalls\[0\].action: NO is not an action'),
                ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "op": "EQ"}]}]}',
                 r'syscalls\[0\].args\[0\].op: EQ is not a comparison'),
                ('{"defaultAction":' + '[' * 100, 'line 1, column 33: nesting too deep'), ('{"a": "' + 'x' * (1 << 20) + '"}', 'it is longer than 1048576 bytes')]
        for i, (text, why) in enumerate(rows):
            with self.subTest(text[:40]):
                path = f'{folder}/{i}.json'
                self.write(path, text, USER)
                r = self.refused(rf'\Acroft: option --seccomp: the profile {path}: {why}\n', '--seccomp', path, 'host', 'true')
                self.assertEqual(r.out, '')
                r = self.croft(USER, 'plan', '--seccomp', path, 'host', 'true')
                self.assertRefused(r, EXIT_CROFT, f'option --seccomp: the profile {path}: {why}')
        os.mkfifo(folder + '/fifo')
        self.write(folder + '/secret.json', '{"defaultAction": "SCMP_ACT_ALLOW"}', 'root')
        os.chmod(folder + '/secret.json', 0o600)
        for path, why in ((folder + '/none.json', 'open it: No such file or directory'), (folder, 'it is not a file'), ('/dev/null', 'it is not a file'),
                          (folder + '/secret.json', 'open it: Permission denied')):
            self.refused(rf'\Acroft: option --seccomp: the profile {path}: {why}\n', '--seccomp', path, 'host', 'true')
        for word in ('', 'none', 'Unconfined'):
            self.refused(r'option --seccomp: ', '--seccomp', word, 'host', 'true')

    def test_without_the_program_that_reads_them(self):
        path, program = self.profile({'defaultAction': 'SCMP_ACT_ALLOW'}), self.libexec + '/croft-seccomp'
        self.sandbox('--seccomp', path, 'host', 'true')
        os.rename(program, program + '.away')
        try:
            r = self.refused(f'the profile {path}: {program} is not there, which reads profiles\n', '--seccomp', path, 'host', 'true')
            self.assertIn('croft: hint: install croft again, with this program\n', r.err)
            self.sandbox('host', 'true')
        finally:
            os.rename(program + '.away', program)


class Programs(SeccompTest):
    """--seccomp-bpf"""

    def mkdir_refused(self):
        """A program that refuses mkdir and mkdirat."""
        numbers = {'x86_64': (83, 258)}.get(os.uname().machine, (34, 34))
        return bpf((LD, 0, 0, 0), (JEQ, 1, 0, numbers[0]), (JEQ, 0, 1, numbers[1]), (RET, 0, 0, REFUSE | errno.EXDEV), (RET, 0, 0, ALLOW))

    def by_fd(self, data, *words, run=None):
        """croft run --seccomp-bpf N, with data in a file that is descriptor N."""
        path = self.home_dir() + '/f.bpf'
        with open(path, 'wb') as f:
            f.write(data)
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        return fd, self.croft(USER, run or 'run', '--seccomp-bpf', str(fd), *words, pass_fds=(fd,))

    def test_a_program_is_loaded(self):
        self.shell('mkdir /tmp/x')
        for options in ((), ('--no-init',)):
            _, r = self.by_fd(self.mkdir_refused(), *options, 'host', '--', 'mkdir', '/tmp/x')
            self.assertRefused(r, 1, 'cross-device')
        fd, r = self.by_fd(self.mkdir_refused(), 'host', '--', 'sh', '-c', 'ls /proc/self/fd; grep ^Seccomp: /proc/self/status /proc/1/status')
        self.assertRan(r)
        self.assertEqual(r.out, '0\n1\n2\n3\n/proc/self/status:Seccomp:\t2\n/proc/1/status:Seccomp:\t2\n')
        self.assertEqual(self.sandbox('--seccomp-bpf', '0', 'host', '--', 'sh', '-c', 'mkdir /tmp/x 2>&1 | grep -o cross', input=self.mkdir_refused()), 'cross\n')
        self.assertRan(self.by_fd(bpf(*([(RET, 0, 0, ALLOW)] * 4096)), 'host', 'true')[1])

    def test_plan_shows_its_length(self):
        _, r = self.by_fd(self.mkdir_refused(), 'host', 'true', run='plan')
        self.assertRan(r)
        self.assertRegex(r.out, r'(?m)^system calls as your program says \(5 instructions\)$')

    def test_bad_ones_are_refused(self):
        allow = (RET, 0, 0, ALLOW)
        for data, why in ((b'', 'it has no instructions'), (bpf(allow)[:-1], 'its length, 7 bytes, is not a multiple of 8'),
                          (bpf(*([allow] * 4097)), 'it holds more than 4096 instructions'),
                          (bpf((JEQ, 0, 1, 0), allow), r'instruction 0 \(code 0x15\): it jumps beyond the end'),
                          (bpf(allow, (0x28, 0, 0, 0), allow), r'instruction 1 \(code 0x28\): seccomp\(2\) does not know it'),
                          (bpf((LD, 0, 0, 64), allow), r'instruction 0 \(code 0x20\): it loads from outside of struct seccomp_data'),
                          (bpf((LD, 0, 0, 0)), 'its last instruction is not a return'), (os.urandom(4096).replace(b'\x06', b'\xff'), 'instruction ')):
            with self.subTest(why):
                fd, r = self.by_fd(data, 'host', 'true')
                self.assertRefused(r, EXIT_CROFT, rf'\Acroft: option --seccomp-bpf: the program on descriptor {fd}: {why}')
                self.assertEqual(r.out, '')
        # Memory that is read before it is written: the kernel finds it, when the program is loaded.
        _, r = self.by_fd(bpf((0x60, 0, 0, 3), allow), 'host', 'true')
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: load the seccomp program: the kernel refuses the program as not well-formed')
        self.refused(r'\Acroft: option --seccomp-bpf: the program on descriptor 77: look at it: Bad file descriptor\n', '--seccomp-bpf', '77', 'host', 'true')
        self.refused('only one filter can be given', '--seccomp-bpf', '0', '--seccomp', 'default', 'host', 'true')
        for word in ('', '-1', 'x', '4294967296'):
            self.refused('option --seccomp-bpf: ', '--seccomp-bpf', word, 'host', 'true')

    def test_a_terminal_is_none(self):
        t = self.terminal(USER, [self.croft_path, 'run', '--seccomp-bpf', '0', 'host', 'true'])
        t.expect('option --seccomp-bpf: the program on descriptor 0: it is a terminal')
        self.assertEqual(t.wait(), EXIT_CROFT)
