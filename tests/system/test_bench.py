"""The benchmark (tests/bench/): that the floor is the same sandbox as croft's, and that all of it works. Never a time."""
import json
import os
import re
import shutil
import sys

from croft_test import CroftTest, Stage as Installed, USER

BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'tests', 'bench')
sys.path.insert(0, BENCH)
import peers  # noqa: E402
import report  # noqa: E402
import sections  # noqa: E402
from stage import Stage  # noqa: E402

PYTHON = '/usr/bin/python3'  # seen inside, whatever runs the tests


class BenchTest(CroftTest):
    time_limit = 120

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.enterClassContext(Stage(Installed.prefix, Installed.prefix + '/gen', USER))


class Floor(BenchTest):
    """The floor makes the sandbox that croft makes: each tells from inside what it is."""

    def seen(self, argv):
        done = self.there.run(argv, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        seen = json.loads(done.stdout)
        own = {name: link for name, link in seen['namespaces'].items() if link != os.readlink(f'/proc/self/ns/{name}')}
        return {**seen, 'namespaces': sorted(own)}

    def assertSame(self, *options, full=False):
        script = shutil.copy(BENCH + '/seen.py', self.there.folder)
        os.chmod(script, 0o644)
        floor, croft, _ = self.there.pair('floor', *options, full=full, command=[PYTHON, '-B', script])
        one, other = self.seen(floor), self.seen(croft)
        for what in other:
            self.assertEqual(one[what], other[what], what)
        return other

    def test_with_the_own_id_alone(self):
        seen = self.assertSame()
        # that these say something at all
        self.assertEqual(seen['status']['Seccomp'], ['2'])
        self.assertEqual(seen['user namespaces'], '0\n')
        self.assertIn('user', seen['namespaces'])
        self.assertNotIn('cgroup', seen['namespaces'])
        self.assertIn('/proc/sys', [mount[0] for mount in seen['mounts']])

    def test_with_subordinate_ids(self):
        self.assertEqual(len(self.assertSame(full=True)['maps'][0].splitlines()), 2)

    def test_with_volumes(self):
        a, b, c = self.there.folders('volumes', 3)
        seen = self.assertSame('-v', a + ':/mnt/a', '-v', b + ':/mnt/b:ro', '-v', c + ':/mnt/c/d')
        self.assertEqual({'/mnt/a', '/mnt/b', '/mnt/c/d'} - {mount[0] for mount in seen['mounts']}, set())

    def test_without_filter_landlock_and_network(self):
        with_all, without = self.assertSame(), self.assertSame(*sections.NONE)
        self.assertEqual(without['status']['Seccomp'], ['0'])
        self.assertNotIn('net', without['namespaces'])
        self.assertIn('net', with_all['namespaces'])
        if with_all['landlock']:
            self.assertEqual((with_all['landlock'], without['landlock']), (1, 0))

    def test_a_failure_of_the_floor_is_seen(self):
        [folder] = self.there.folders('volumes', 1)
        floor, _, _ = self.there.pair('floor', '-v', folder + ':/mnt')
        self.assertIsNone(self.there.why_not(floor))
        os.rmdir(folder)
        self.assertRegex(self.there.why_not(floor), r'^floor: call \d+: errno 002$')


class Harness(BenchTest):
    """A try with two rounds."""

    def setUp(self):
        super().setUp()
        missing = peers.Peer('nothing', 'croft-no-such-program', '', lambda subject: subject.command)
        self.bench = sections.Bench(self.there, 2, lambda what: None, [peers.BUBBLEWRAP, missing])

    def measured(self, section, *names):
        """The tables of a section, whose cells are numbers above zero but where names say otherwise."""
        tables = sections.SECTIONS[section](self.bench)
        for table in tables:
            self.assertTrue(table.rows, table.title)
            for row in table.rows if table.section == section else ():
                for header, key in table.columns:
                    if key in ('name', 'note', 'quartiles') or key in names:
                        continue
                    self.assertIn(key, row, (table.title, row))
                    self.assertGreater(row[key], 0, (table.title, header, row))
        return tables

    def test_starts_their_cost_and_the_report(self):
        tables = self.measured('start') + self.measured('cpu') + self.measured('calls', 'failed')
        self.assertEqual([table.section for table in tables], ['start'] * 2 + ['summary'] + ['cpu'] * 2 + ['calls'] * 2)
        for table in tables:
            names = [row['name'] for row in table.rows]
            self.assertEqual(names[:2], ['floor', 'croft'])
            self.assertNotIn('nothing', names)
        self.assertEqual(self.bench.left_out, {'nothing, ' + sections.MAP_SELF: 'not installed', 'nothing, ' + sections.MAP_FULL: 'it has no such start',
                                               'bubblewrap, ' + sections.MAP_FULL: 'it has no such start'})
        self.assertReported(tables)

    def assertReported(self, tables):
        folder = self.make_dir('root')
        document = folder + '/document.md'
        self.write(document, 'before\n<!-- bench: start -->\nold\n<!-- /bench -->\n<!-- bench: memory -->\nkept\n<!-- /bench -->\nafter\n', 'root')
        report.write(folder, {'Machine': 'this one'}, tables, {'other': 'a reason'}, [document])
        with open(folder + '/bench.json', encoding='utf-8') as f:
            self.assertEqual(len(json.load(f)['tables']), len(tables))
        with open(folder + '/bench.md', encoding='utf-8') as f:
            text = f.read()
        self.assertIn('Left out: other (a reason).', text)
        for table in tables:
            self.assertIn(table.title, text)
        with open(document, encoding='utf-8') as f:
            text = f.read()
        self.assertRegex(text, re.compile(r'before\n<!-- bench: start -->\n\*\*Start to exit.*\| croft \|.*<!-- /bench -->\n'
                                          r'<!-- bench: memory -->\nkept\n<!-- /bench -->\nafter\n', re.S))
        self.assertNotIn('old', text)
        self.assertEqual(os.path.exists(folder + '/bench.svg'), bool(shutil.which('gnuplot')))

    def test_memory(self):
        [table] = self.measured('memory', 'Slab', 'PageTables', 'KernelStack', 'Percpu')
        croft = next(row for row in table.rows if row['name'] == 'croft')
        self.assertEqual(croft['processes'], 2)

    def test_growth(self):
        self.assertEqual(len(self.measured('growth')), 5)

    def test_where_the_time_goes(self):
        namespaces, calls = self.measured('where', 'added')
        self.assertEqual([row['name'] for row in namespaces.rows][:3], ['none', 'user', 'mount'])
        counted = {row['name']: row['calls'] for row in calls.rows}
        self.assertLessEqual({'new proc', 'new sysfs', 'new tmpfs', 'bind mounts', 'seccomp filter', 'Landlock', 'the old root is left'}, counted.keys())
        self.assertGreater(counted['bind mounts'], 8)

    def test_in_parallel(self):
        self.measured('parallel')

    def test_confinement(self):
        [table] = self.measured('confinement', *(f'{who}{what}' for who in ('croft', 'floor') for what in ('', ' added', ' cpu')), 'ratio')
        names = {row['name'] for row in table.rows} | {name.split(': ')[-1] for name in self.bench.left_out}
        self.assertEqual(set(sections.SWITCHES) - names, set())
        self.assertTrue(all(row['croft'] > 0 for row in table.rows))

    def test_a_command_that_fails_ends_the_measurement(self):
        from measure import interleaved
        self.assertEqual(len(interleaved(self.there, 2, {'true': [self.there.command]})['true'].wall), 2)
        with self.assertRaisesRegex(RuntimeError, 'ended with status 1'):
            interleaved(self.there, 2, {'true': [self.there.command], 'false': ['/bin/false']})
