"""D15: the propagation of mounts in another namespace is changed

Broke: the kernel (CVE-2025-38498).
Trick: mount(2) with a descriptor of a mount that is not one's own.
Not applicable: the kernel's to mend; croft changes the propagation of its own mounts alone.

E10: a hook of the host runs with the environment of the image

Broke: NVIDIA's container toolkit (CVE-2025-23266).
Trick: LD_PRELOAD in the image.
Not applicable: there are no hooks.

G11: a signature is checked on something else than what is run

Broke: Singularity (CVE-2020-13845, CVE-2020-13846, CVE-2020-13847).
Trick: metadata that is not signed, a list that can be got around.
Not applicable: there are no images and no signatures.
"""
import os
import re

from attacks import registry
from attacks.attack import Attack
from croft_test import EXIT_CROFT, USER

WORDS = {'E10': ('hook', 'hooks', 'prestart'), 'G11': ('verify', 'sign', 'image', 'pull')}


class Reasons(Attack):
    """The reasons are true: who adds such a thing has to move its case to a file of its own."""

    def verbs_and_options(self):
        text = self.croft(USER, 'help').out + self.croft(USER, 'run', '--help').out + self.croft(USER, 'root', 'build', '--help').out
        return set(re.findall(r'(?m)^  ([a-z]+) +\S', text)) | set(re.findall(r'--([a-z-]+)', text))

    def test_there_is_no_verb_and_no_option_of_the_kind(self):
        known = self.verbs_and_options()
        self.assertLessEqual({'run', 'plan', 'doctor', 'seccomp', 'volume'}, known)
        for number, words in WORDS.items():
            self.assertEqual(known & set(words), set(), number)
            for word in words:
                self.assertRefused(self.croft(USER, word, 'x'), EXIT_CROFT, f'^croft: unknown verb {word}')

    def test_no_privileged_program_joins_a_namespace_or_runs_a_hook(self):
        for name in ('idmap', 'gate'):
            with open(f'{registry.TOP}/helper/{name}/imports.allowed', encoding='utf-8') as f:
                self.assertFalse({'setns', 'system', 'popen'} & set(re.findall(r'(?m)^\w+', f.read())), name)

    def test_control_these_words_would_be_found(self):
        text = self.croft(USER, 'help').out + '  sign    signs a root\n'
        self.assertIn('sign', re.findall(r'(?m)^  ([a-z]+) +\S', text))
        self.assertTrue(os.path.isdir(registry.TOP + '/helper'))
