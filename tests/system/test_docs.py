"""What the documents say about the programs is true where a program can tell."""
import os
import re

import debian_root
from croft_test import CroftTest, USER
from run_case import RunTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(TOP, *path), encoding='utf-8') as f:
        return f.read()


class Security(CroftTest):
    def test_every_test_that_security_names_exists(self):
        named = re.findall(r'`(test_\w+)(?:\.c)?(?:[.:](\w+))?`', read('SECURITY.md'))
        self.assertGreater(len(named), 40)
        for module, test in named:
            unit = os.path.join('tests', 'unit', module + '.c')
            path = unit if os.path.exists(os.path.join(TOP, unit)) else os.path.join('tests', 'system', module + '.py')
            if test in ('', 'c', 'py'):
                self.assertTrue(os.path.exists(os.path.join(TOP, path)), module)
            else:
                self.assertRegex(read(path), r'\b%s\b' % test, f'{module}: no test {test}')


class Manual(CroftTest):
    def options(self, *verb):
        result = self.croft(USER, *verb, '--help')
        self.assertRan(result)
        return set(re.findall(r'^\s+(?:-\w )?\s*--([a-z-]+)', result.out, re.MULTILINE)) - {'help'}

    def documented(self, page):
        """Long options that the page shows as items of a list."""
        items = re.findall(r'^\.It (.*)$', read('man', page), re.MULTILINE)
        return {name for item in items for name in re.findall(r'(?:Fl |, )-([a-z][a-z-]+)', item)}

    def test_every_option_of_run_is_in_the_manual_and_back(self):
        self.assertEqual(self.options('run'), self.documented('croft.1'))
        self.assertEqual(self.options('plan'), self.documented('croft.1'))

    def test_every_verb_is_in_the_manual(self):
        verbs = re.findall(r'^  ([a-z]+) +\S', self.croft(USER, 'help').out, re.MULTILINE)
        self.assertIn('run', verbs)
        synopsis = read('man', 'croft.1').split('.Sh DESCRIPTION', 1)[0]
        for verb in verbs:
            self.assertRegex(synopsis, r'\b%s\b' % verb)

    def test_readme_names_only_options_that_are_there(self):
        known = self.options('run') | self.options('root', 'build') | {'json', 'clean', 'help'}
        known |= {'map-auto', 'variant', 'numeric-owner', 'exclude'}  # of other programs
        for name in re.findall(r'(?<![\w-])--([a-z][a-z-]+)', read('README.md')):
            self.assertIn(name, known)


class Examples(RunTest):
    """What stands in the documents does what it says when it is pasted, line after line, into a shell of a user's."""

    time_limit = 600  # one of them makes the Debian root of the tests
    # The answer to a question is its status; standard input that ends, ends the shells.
    STATUS = {'croft policy explain volume /etc:rw': 1}

    def setUp(self):
        self.folder = self.home_dir()
        self.path = f'{self.folder}/bin:{os.path.dirname(self.croft_path)}:/usr/sbin:/usr/bin:/sbin:/bin'

    def paste(self, lines):
        self.assertGreater(len(lines), 1)
        for line in lines:
            with self.subTest(line):
                r = self.run_as(USER, ['bash', '-o', 'pipefail', '-c', line], cwd=self.folder, timeout=300,
                                env={'PATH': self.path, 'XDG_DATA_HOME': self.folder + '/data-home'})
                self.assertRan(r, self.STATUS.get(line.partition('  #')[0].strip(), 0))

    def stand_in_for_mmdebstrap(self):
        """Prints the archive that mmdebstrap has made for other tests."""
        os.mkdir(self.folder + '/bin')
        self.write(self.folder + '/bin/mmdebstrap', f'#!/bin/sh\ncat {debian_root.archive(self)}\n')
        os.chmod(self.folder + '/bin/mmdebstrap', 0o755)

    def test_the_examples_of_the_readme_work_when_pasted(self):
        self.stand_in_for_mmdebstrap()
        section = re.search(r'(?ms)^## Use$(.*?)^\|', read('README.md'))[1]
        lines = re.findall(r'(?m)^    (\S.*)$', section)
        self.assertIn('mmdebstrap', ' '.join(lines))
        self.paste(lines)

    def test_the_examples_of_the_manual_work_when_pasted(self):
        self.write(self.folder + '/script.sh', 'echo x >/new && ls /new\n', USER)
        os.mkdir(self.folder + '/data')
        self.give(self.folder + '/data', USER)
        for page in ('croft.1', 'croft-root.1'):
            section = re.search(r'(?ms)^\.Sh EXAMPLES$(.*?)^\.Sh', read('man', page))[1]
            if page == 'croft-root.1':
                self.run_as(USER, ['rm', '-rf', self.folder + '/rootfs'])
            self.paste([line.replace('\\(dq', '"') for line in re.findall(r'(?m)^(?:\.Dl )?(croft .*)$', section)])
