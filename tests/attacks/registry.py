"""The list of attacks, read from the first text of each file of this folder.

    A3: a directory as standard input, output or error

    Broke: whom it broke, with the number of the report.
    Trick: how.
    Croft: what a sandbox made as the caller does. Idmap: croft-idmap. Gate: croft-gate.
    Covered by: test_gate.test_A3_..., test_vet.c:...     (tests elsewhere; those of the file itself need no mention)
    Not applicable: why, where there is nothing to attack

A file may begin with several such cases. The result of a case is that of the tests of its file and of those that cover it.
docs/ATTACKS.md is made from this: python3 tests/attacks/registry.py > docs/ATTACKS.md
"""
import ast
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
# The numbers that are missing were never given, or are no attacks.
IDS = [*(f'A{n}' for n in (*range(1, 18), 20)), *(f'B{n}' for n in (*range(1, 8), 9, *range(11, 19))), *(f'C{n}' for n in range(1, 6)),
       *(f'D{n}' for n in (1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)), *(f'E{n}' for n in (1, 2, 3, 5, 6, 7, 8, 9, 10)),
       *(f'F{n}' for n in range(1, 7)), *(f'G{n}' for n in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)), 'H1', 'H2', 'H3', 'I1', 'I3', 'I4']
LEVELS = ('Croft', 'Idmap', 'Gate')
FIELDS = ('Broke', 'Trick', *LEVELS, 'Covered by', 'Not applicable')
SECTIONS = {'A': 'What the caller passes in', 'B': 'Races, and the process that is half privileged', 'C': 'Maps of ids', 'D': 'Sources of volumes',
            'E': 'Destinations and the root file system', 'F': 'Flags of mounts, propagation, cgroups', 'G': 'The policy', 'H': 'Other users',
            'I': 'Terminal and kernel'}


class Case:
    """id, title, module: of the file; broke, trick, croft, idmap, gate, covered_by, not_applicable: text, or None."""

    def __init__(self, module, number, title):
        self.module, self.id, self.title = module, number, title
        for field in FIELDS:
            setattr(self, attribute(field), None)

    def covered(self):
        """The tests elsewhere, MODULE.TEST or MODULE.c:TEST."""
        return [name.strip() for name in (self.covered_by or '').split(',') if name.strip()]

    def answers(self):
        """[(level, what it does)], or the reason why there is nothing to do."""
        if self.not_applicable:
            return [('not applicable', self.not_applicable)]
        return [(level, text) for level in LEVELS if (text := getattr(self, attribute(level)))]


def attribute(field):
    return field.lower().replace(' ', '_')


def parse(module, text):
    """The cases that a text begins with. Lines that go on are indented."""
    found, field = [], None
    for line in text.splitlines():
        head = re.match(r'([A-I]\d+): (\S.*)$', line)
        named = re.match(r'(%s): (\S.*)$' % '|'.join(FIELDS), line)
        if head:
            found.append(Case(module, *head.groups()))
            field = None
        elif named and found:
            field = attribute(named[1])
            if getattr(found[-1], field):
                raise ValueError(f'{module}: {found[-1].id} says {named[1]} twice')
            setattr(found[-1], field, named[2].strip())
        elif field and line.startswith(' '):
            setattr(found[-1], field, getattr(found[-1], field) + ' ' + line.strip())
        elif line.strip():
            raise ValueError(f'{module}: what is {line!r}?')
    return found


def cases(folder=HERE):
    """Every case, in the order of IDS; what is not in IDS comes last."""
    found = []
    for path in sorted(glob.glob(folder + '/[a-z]*.py')):
        module = os.path.basename(path)[:-3]
        if re.match(r'[a-i]\d+_|not_applicable$', module):
            with open(path, encoding='utf-8') as f:
                found += parse(module, ast.get_docstring(ast.parse(f.read())))
    order = {number: i for i, number in enumerate(IDS)}
    return sorted(found, key=lambda case: order.get(case.id, len(order)))


def is_unit(reference):
    return re.search(r'\.c(:|$)', reference)


def stands_for(reference, test_id):
    """Whether a test that ran is one of those that a reference means. Unit tests run as one test of test_units."""
    if is_unit(reference):
        return test_id == 'test_units.UnitTests.test_as_an_ordinary_user'
    module, _, test = reference.rpartition('.')
    parts = test_id.split('.')
    return parts[-1] == test and parts[-3] == module


def more(selected, every):
    """Of all tests those that cover the cases of which a test is selected."""
    modules = {t.split('.')[1] for t in selected if t.startswith('attacks.')}
    wanted = [r for case in cases() if case.module in modules for r in case.covered()]
    return {t for t in every if any(stands_for(r, t) for r in wanted)}


def result(case, verdicts):
    """(word, how many tests) of a case. verdicts: {id of a test: ok, FAIL or skip}."""
    groups = [[t for t in verdicts if t.startswith(f'attacks.{case.module}.')]]
    groups += [[t for t in verdicts if stands_for(r, t)] for r in case.covered()]
    tests = {t for group in groups for t in group}
    if any(verdicts[t] != 'ok' for t in tests):
        return 'FAIL', len(tests)
    return ('not run' if not all(groups) else 'n/a' if case.not_applicable else 'ok'), len(tests)


def table(verdicts, whole):
    """(lines, how many cases did not run as a whole, where all should): of those with a test that ran, of all where whole."""
    lines, bad = [], 0
    for case in cases():
        word, tests = result(case, verdicts)
        if not whole and not any(t.startswith(f'attacks.{case.module}.') for t in verdicts):
            continue
        bad += whole and word == 'not run'
        lines.append(f'{case.id:4} {word:7} {case.title}')
        lines.append(f'             broke {case.broke}')
        lines += [f'             {level.lower()}: {text}' for level, text in case.answers()]
        lines[-1] += f' ({tests} test{"s" if tests != 1 else ""})'
    return lines, bad


def cell(text):
    return text.replace('|', r'\|')


def page():
    """docs/ATTACKS.md."""
    out = ['# Attacks that broke others', '',
           'Made from `tests/attacks/` by `registry.py`, which says how; `tests/system/test_docs.py` checks that it is up to date. Each attack is tried on croft',
           'by the file named, and on something that lets itself be broken, so that the test is seen to see it. *Croft* is a sandbox made as the caller, *Idmap*',
           '`croft-idmap`, *Gate* `croft-gate`. `make check-system TESTS=attacks` runs them all, and ends with this table and its results.']
    for case in cases():
        section = case.id[0]
        if section in SECTIONS:
            out += ['', f'## {section}. {SECTIONS.pop(section)}', '', '| | attack | whom it broke | what croft does | test |', '|---|---|---|---|---|']
        answers = '<br>'.join(f'*{level}*: {text}' for level, text in case.answers())
        tests = ', '.join(f'`{name}`' for name in (case.module, *case.covered()))
        out.append(f'| {case.id} | {cell(case.title)}. {cell(case.trick)} | {cell(case.broke)} | {cell(answers)} | {tests} |')
    return '\n'.join(out) + '\n'


if __name__ == '__main__':
    print(page(), end='')
