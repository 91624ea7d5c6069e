"""D2: the name is checked and used again, and the object is exchanged between

Broke: runc (CVE-2021-30465), Docker (CVE-2018-15664, moby #36020), buildkit (CVE-2024-23651), Kubernetes (CVE-2017-1002101, CVE-2021-25741), opa-docker-authz,
    NVIDIA's container toolkit (CVE-2024-0132, CVE-2025-23359), buildah (CVE-2024-1753), flatpak (CVE-2024-42472), firejail (2016), snap-confine (CVE-2021-44731, CVE-2022-3328).
Trick: a loop of RENAME_EXCHANGE between an allowed and a denied directory.
Croft: the source is opened, the decision is on that descriptor, and what is mounted must be the same object.
Gate: the same code, in a process that the caller cannot reach.
Covered by: test_gate.test_D2_an_exchanged_directory_is_never_the_wrong_one, test_gate_ids.test_D2_an_exchanged_directory_is_never_the_wrong_one, test_vet.c
"""
import os
import time

from attacks.attack import Attack, SELF, OK
from croft_test import EXIT_CROFT, USER

SECONDS = 8
SWAP = ('import ctypes, sys\n'
        'libc = ctypes.CDLL(None, use_errno=True)\n'
        'a, b = sys.argv[1].encode(), sys.argv[2].encode()\n'
        'while True:\n'
        '    for _ in range(1000):\n'
        '        if libc.renameat2(-100, a, -100, b, 2): sys.exit(1)\n')


class Exchanged(Attack):
    """The source is swapped between an allowed and a denied directory all the time."""

    def race(self):
        base = self.home_dir()
        for name in ('allowed', 'denied'):
            os.makedirs(f'{base}/{name}/sub')
            for folder in (name, name + '/sub'):
                self.text(f'{base}/{folder}', 'name', name + '\n')
                self.give(f'{base}/{folder}', USER)
            os.symlink(name, f'{base}/to-{name}')
        swapper = self.popen_as(USER, ['python3', '-c', SWAP, base + '/to-allowed', base + '/to-denied'])
        return base, swapper

    def test_a_swapped_source_never_shows_the_denied_one(self):
        base, swapper = self.race()
        policy = OK + f'allow everyone volume {base}/** ro\ndeny everyone volume {base}/denied/**\n'
        seen = {'allowed': 0, 'denied by policy': 0, 'caught between': 0}
        deadline = time.monotonic() + SECONDS
        sources = ('to-allowed', 'to-allowed/sub', 'to-allowed/name', 'to-allowed/../to-allowed/sub')
        tries = 0
        with self.policy(policy):
            while time.monotonic() < deadline:
                source = sources[tries % len(sources)]
                tries += 1
                show = '/mnt' if source.endswith('name') else '/mnt/name'
                r = self.croft(USER, 'run', *SELF, '-v', f'{base}/{source}:/mnt:ro', 'host', '--', 'cat', show)
                if r.status == 0:
                    self.assertEqual(r.out, 'allowed\n', f'after {tries} tries')
                    seen['allowed'] += 1
                else:
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: ')
                    between = 'became something else while the sandbox was started' in r.err
                    self.assertTrue(between or 'denied' in r.err, r)
                    seen['caught between' if between else 'denied by policy'] += 1
        self.assertIsNone(swapper.poll(), 'the swapper has ended')
        print(f'      D2: {tries} starts: {seen}', flush=True)
        self.assertGreater(min(seen.values()), 0, seen)

    def test_control_a_naive_check_is_fooled(self):
        """The positive control: look at where the name leads, then open the name."""
        base, swapper = self.race()
        fooled = tries = 0
        while tries < 200000 and not fooled:
            tries += 1
            if os.path.realpath(base + '/to-allowed').endswith('/allowed'):
                with open(base + '/to-allowed/name', encoding='ascii') as f:
                    fooled += f.read() == 'denied\n'
        swapper.kill()
        self.assertTrue(fooled, f'not in {tries} tries')
