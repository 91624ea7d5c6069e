"""B5: files that a later joiner reads are written inside

Broke: firejail (CVE-2019-12589).
Trick: the filter of system calls is a file in the jail, and who joins later gets none.
Croft: what croft exec starts, init has forked, which has the filter and keeps the plan in its memory; nothing inside is read for it.
Idmap: nobody joins.
Gate: the same.
Covered by: test_named.test_it_is_confined_as_the_first_command, test_gate.test_one_more_command_is_confined_as_the_first
"""
from attacks.attack import Attack, SELF
from croft_test import USER

LOOK = 'import re; print(re.findall(r"(?m)^(?:Seccomp|NoNewPrivs|CapBnd):\\s*(\\w+)", open("/proc/self/status").read()))'


class LaterJoiner(Attack):
    def test_whatever_is_written_inside_the_next_command_has_the_filter(self):
        env = {'XDG_RUNTIME_DIR': self.home_dir(mode=0o700)}
        # the croft inside is root there, and fills every folder that a joiner could think of
        script = 'for d in /run /run/croft /run/firejail /tmp /dev/shm; do mkdir -p $d/mnt; for f in seccomp seccomp.list plan state; do : >$d/$f; done; done; echo ready; exec sleep 300'
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'sh', '-c', script], env=env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        first = self.croft(USER, 'run', *SELF, 'host', '--', 'python3', '-IS', '-c', LOOK)
        second = self.croft(USER, 'exec', 'a', 'python3', '-IS', '-c', LOOK, env=env)
        self.assertRan(first)
        self.assertEqual((second.out, second.status), (first.out, 0), second)
        self.assertIn("'2'", second.out)

    def test_control_a_joiner_by_namespaces_alone_has_no_filter(self):
        env = {'XDG_RUNTIME_DIR': self.home_dir(mode=0o700)}
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300'], env=env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        with open(f'/proc/{p.pid}/task/{p.pid}/children', encoding='utf-8') as f:
            children = f.read().split()
        out = ''
        for child in children:  # the first process of the sandbox, and the keeper
            r = self.run_as('root', ['nsenter', '-t', child, '-m', '-p', 'python3', '-IS', '-c', LOOK])
            out += r.out
        self.assertIn("'0'", out)
        self.assertNotIn("'2'", out)
