"""What the documents say about the programs is true where a program can tell."""
import os
import re
import unittest
from xml.etree import ElementTree

from attacks import registry
from croft_test import CroftTest, USER
from run_case import RunTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(TOP, *path), encoding='utf-8') as f:
        return f.read()


class Security(CroftTest):
    def test_every_test_that_security_names_exists(self):
        named = re.findall(r'`((?:test|[a-i]\d+)_\w+)(?:\.(?:c|py))?((?:[.:]\w+)*)`', read('SECURITY.md'))
        self.assertGreater(len(named), 40)
        for module, names in named:
            paths = [p for p in (f'tests/unit/{module}.c', f'tests/system/{module}.py', f'tests/attacks/{module}.py') if os.path.exists(os.path.join(TOP, p))]
            self.assertEqual(len(paths), 1, module)
            for name in re.findall(r'\w+', names):  # of a class, and of a test
                self.assertRegex(read(paths[0]), r'\b%s\b' % name, f'{module}: no test {name}')

    def test_every_promise_names_its_test(self):
        """The tables of promises have two columns, and the second is tests alone."""
        section = re.search(r'(?ms)^## Promises.*?(?=^## )', read('SECURITY.md'))[0]
        rows = [line for line in section.splitlines() if line.startswith('| ') and not line.startswith('| promise')]
        self.assertGreater(len(rows), 60)
        for row in rows:
            tests = row.rstrip(' |').rpartition(' | ')[2]
            self.assertRegex(tests, r'^`[a-z]\w+(\.c)?([.:]\w+){0,2}`(, `[a-z]\w+(\.c)?([.:]\w+){0,2}`)*$', row)


class Attacks(CroftTest):
    """The list of attacks is whole, and says what is so."""

    @staticmethod
    def tests():
        """The names of all tests of tests/system and tests/attacks."""
        tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        suites = [unittest.TestLoader().discover(tests + '/system', 'test_*.py'), unittest.TestLoader().discover(tests + '/attacks', '[a-i][0-9]*_*.py', tests)]
        todo, names = suites, set()
        while todo:
            item = todo.pop()
            if isinstance(item, unittest.TestSuite):
                todo += item
            else:
                names.add(item.id())
        return names

    def test_every_row_has_its_case_and_no_case_another_row(self):
        self.assertEqual([case.id for case in registry.cases()], registry.IDS)
        for case in registry.cases():
            self.assertTrue(case.broke and case.trick and case.answers(), case.id)
            self.assertTrue(case.not_applicable or case.module.startswith(case.id.lower() + '_'), case.module)

    def test_what_covers_a_case_exists(self):
        names = self.tests()
        for case in registry.cases():
            for reference in case.covered():
                with self.subTest(case.id, reference=reference):
                    if registry.is_unit(reference):
                        module, _, test = reference.partition('.c')
                        self.assertRegex(read('tests', 'unit', module + '.c'), r'\b%s\b' % test.lstrip(':'))
                    else:
                        self.assertTrue(any(registry.stands_for(reference, name) for name in names))

    def test_every_case_has_a_positive_control(self):
        for case in registry.cases():
            self.assertRegex(read('tests', 'attacks', case.module + '.py'), r'(?m)^    def test_control_', case.module)

    def test_the_page_is_made_of_the_cases(self):
        self.assertEqual(read('docs', 'ATTACKS.md'), registry.page(), 'python3 tests/attacks/registry.py > docs/ATTACKS.md')

    def test_security_names_each_that_does_not_apply(self):
        section = re.search(r'(?ms)^## Attacks that broke others.*?(?=^## )', read('SECURITY.md'))[0]
        for case in registry.cases():
            if case.not_applicable:
                self.assertRegex(section, r'(?m)^\| %s \|' % case.id)


class Helpers(CroftTest):
    def test_the_files_that_the_reading_order_names_exist(self):
        rows = re.findall(r'(?m)^\| \d+ \| `([^`]+)` \| (\d+) \|', read('helper', 'README.md'))
        self.assertGreater(len(rows), 20)
        for names, lines in rows:
            counted = 0
            prefix, _, rest = names.partition('{')
            for name in (rest.partition('}')[0].split(',') if rest else ['']):
                counted += read(*f'{prefix}{name}{rest.partition("}")[2]}'.split('/')).count('\n')
            self.assertLess(abs(counted - int(lines)), counted / 5 + 10, f'{names}: {counted} lines')


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
        # --json is plan's alone
        self.assertEqual(self.options('run') - {'json'}, self.documented('croft-run.1'))
        self.assertEqual(self.options('plan'), self.documented('croft-run.1') | self.documented('croft-plan.1'))

    # The verbs that other pages describe.
    PAGES = {'croft-root.1': [('root', verb) for verb in ('build', 'import', 'list', 'rm')], 'croft-doctor.1': [('doctor',)],
             'croft-policy.1': [('policy', verb) for verb in ('show', 'check', 'explain', 'test', 'status')]}
    NAMED = ('exec', 'ps', 'stop', 'logs', 'attach')

    def rows(self, *verb):
        """[(short or None, long)] of the options of a verb."""
        result = self.croft(USER, *verb, '--help')
        self.assertRan(result)
        return [row for row in re.findall(r'(?m)^ +(?:-(\w) )? *--([a-z-]+)', result.out) if row[1] != 'help']

    def assertNamed(self, verb, text):
        for short, name in self.rows(*verb):
            found = re.findall(r'\bFl (?:-%s\b|[a-z]*%s[a-z]*\b(?!-))' % (name, short or '-'), text)
            self.assertTrue(found, f'{" ".join(verb)} --{name}')

    def test_every_option_of_the_other_verbs_is_in_their_page_and_back(self):
        for page, verbs in self.PAGES.items():
            known = set()
            for verb in verbs:
                self.assertNamed(verb, read('man', page))
                known |= self.options(*verb)
            self.assertTrue(known)
            self.assertEqual(self.documented(page) - known, set(), page)

    def test_every_option_for_sandboxes_with_a_name_is_in_the_manual(self):
        section = re.search(r'(?ms)^\.Sh DESCRIPTION$(.*?)^\.Sh', read('man', 'croft-exec.1'))[1]
        for verb in self.NAMED:
            item = re.search(r'(?ms)^\.It Cm %s\b(.*?)(?=^\.It |^\.El)' % verb, section)[1]
            self.assertNamed((verb,), item)

    def test_every_verb_is_in_the_manual_and_has_its_page(self):
        """A page of its own, or its name as that of another's."""
        verbs = re.findall(r'^  ([a-z]+) +\S', self.croft(USER, 'help').out, re.MULTILINE)
        self.assertIn('run', verbs)
        items = ' '.join(re.findall(r'(?m)^\.It Cm (.*)$', read('man', 'croft.1')))
        for verb in verbs:
            self.assertRegex(items, r'\b%s\b' % verb)
            if verb not in ('help', 'version'):
                with open(f'{self.prefix}/share/man/man1/croft-{verb}.1', encoding='utf-8') as f:
                    self.assertRegex(f.read(), r'(?m)^\.Nm croft-%s\b' % verb)

    def test_readme_names_only_options_that_are_there(self):
        known = self.options('run') | self.options('root', 'build') | self.options('root', 'import') | {'json', 'clean', 'help'}
        known |= {'map-auto', 'variant', 'numeric-owner', 'exclude'}  # of other programs
        for name in re.findall(r'(?<![\w-])--([a-z][a-z-]+)', read('README.md')):
            self.assertIn(name, known)


class Recording(RunTest):
    """The picture of the README shows what croft says."""

    @staticmethod
    def lines(svg):
        """The text, without what differs: when, how long, how much, and the names that `ls` finds in a root made on another host."""
        text = [element.text for element in ElementTree.fromstring(svg) if element.tag.endswith('}text')]
        return [re.sub(r'[0-9.]+ (files|MiB|s)\b', r'N \1', line) for line in text if not re.match(r'(bin|dev) ', line)]

    def test_it_is_what_a_user_sees(self):
        self.needs_package('procps')
        folder = self.home_dir()
        script = self.write(folder + '/record', read('tools', 'record'), USER)
        r = self.run_as(USER, ['/usr/bin/python3', script, self.croft_path])
        self.assertRan(r)
        now = [line.replace(USER, 'alice') for line in self.lines(r.out)]
        self.assertGreater(len(now), 12)
        self.assertEqual(now, self.lines(read('docs', 'demo.svg')))
