"""What the documents say about the programs is true where a program can tell."""
import os
import re

from croft_test import CroftTest, USER

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
        known = self.options('run') | self.options('root', 'build') | {'json', 'clean', 'map-auto', 'help'}
        for name in re.findall(r'(?<![\w-])--([a-z][a-z-]+)', read('README.md')):
            self.assertIn(name, known)
