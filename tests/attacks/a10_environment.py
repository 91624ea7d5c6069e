"""A10: a privileged program, or what it starts or loads, reads the environment

Broke: glibc (CVE-2023-4911), util-linux (CVE-2026-53614, CVE-2022-0563), firejail (CVE-2016-10122), libfuse (CVE-2015-3202), ntfs-3g (CVE-2017-0358).
Trick: LD_*, GLIBC_TUNABLES, LIBMOUNT_*, INPUTRC, MODPROBE_OPTIONS: each variable is input that nobody thought of.
Croft: is static; the environment goes to the command alone, and of it what was asked for.
Idmap: empties its environment first, imports no getenv, starts and loads nothing.
Gate: the same.
Covered by: test_idmap.test_A10_the_environment_is_not_read, test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter,
    test_network.test_nothing_of_the_callers_reaches_the_program
"""
import os
import re

from attacks.attack import Attack
from croft_test import USER


class EnvironmentOfHelpers(Attack):
    EVIL = {'LD_PRELOAD': '/home/evil.so', 'GLIBC_TUNABLES': 'glibc.malloc.check=3', 'PATH': '/home/evil', 'MALLOC_CHECK_': '3'}

    def test_control_a_weak_helper_loads_what_a_variable_names(self):
        weak, evil = self.weak_helper(), self.home_dir()
        self.text(evil, 'sitecustomize.py', 'print("loaded with", [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")][0])\n')
        r = self.run_as(USER, [weak, '-c', 'pass'], env={'PYTHONPATH': evil})
        self.assertEqual(r.out, f'loaded with {0xc0:016x}\n')

    def test_no_import_of_the_helpers_reads_it_or_starts_anything(self):
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        for name in ('idmap', 'gate'):
            with open(f'{top}/helper/{name}/imports.allowed', encoding='utf-8') as f:
                allowed = set(re.findall(r'(?m)^\w+', f.read()))
            self.assertIn('openat', allowed | {'openat' for a in allowed if a.startswith('open')})
            bad = {'getenv', 'secure_getenv', '__secure_getenv', 'system', 'popen', 'posix_spawn', 'dlopen', 'dlsym', 'getpwnam', 'getpwuid', 'setlocale', 'iconv_open'}
            bad |= set() if name == 'gate' else {'execve', 'execv', 'fork', 'vfork', 'execvp'}
            self.assertEqual(allowed & bad, set(), name)

    def test_what_it_names_is_never_opened(self):
        lines = self.trace('%file', 'env', *(f'{name}={value}' for name, value in self.EVIL.items()), self.croft_path, 'run', 'host', '--', '/bin/true')
        self.assertTrue(any('/home/evil.so' in line for line in lines), 'env itself, and the command, load it')
        pids = {line.split()[0] for line in lines if 'execve(' in line and '/croft-idmap"' in line}
        self.assertEqual(len(pids), 1)
        helper = [line for line in lines if line.split()[0] in pids]
        helper = helper[next(i for i, line in enumerate(helper) if '/croft-idmap"' in line) + 1:]
        self.assertTrue(any('/etc/subuid' in line for line in helper), helper)
        self.assertFalse([line for line in helper if 'evil' in line])
