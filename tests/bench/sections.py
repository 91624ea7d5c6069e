"""What is measured: a function a section, that returns tables (report.Table). Names are those of BENCH=."""
import os
import re
import statistics

import measure
import resting
import steps
from peers import BUBBLEWRAP, PEERS
from report import Table

ROUNDS_OF_A_TRY = 5
RATIO = ('ratio to the floor', 'ratio'), ('quartiles', 'quartiles')
MAP_SELF, MAP_FULL = 'own id alone (--map self)', 'subordinate ids (the default)'


class Bench:
    """stage, rounds, and what several sections need: the commands of a kind of start, and their runs."""

    def __init__(self, stage, rounds, log, peers=PEERS):
        self.stage, self.rounds, self.log, self.peers = stage, rounds, log, peers
        self.left_out = {}  # name -> reason
        self._runs, self._commands = {}, {}

    def few(self, share, least=10):
        """A part of the rounds, for what takes long."""
        return max(min(least, self.rounds), self.rounds // share)

    def sizes(self, usual, small):
        """What a try of the benchmark itself, with few rounds, has time for."""
        return usual if self.rounds >= ROUNDS_OF_A_TRY else small

    def commands(self, full):
        """{name: argv}: floor, croft, and each peer that works here."""
        if full in self._commands:
            return self._commands[full]
        floor, croft, plan = self.stage.pair('floor.full' if full else 'floor.self', full=full)
        commands = {'floor': floor, 'croft': croft}
        subject = self.stage.subject(plan, full)
        for peer in self.peers:
            argv = peer.argv(subject, full)
            reason = self.stage.why_not(argv) if argv else 'it has no such start'
            if reason:
                self.left_out[f'{peer.name}, {MAP_FULL if full else MAP_SELF}'] = reason
            else:
                commands[peer.name] = argv
        self._commands[full] = commands
        return commands

    def starts(self, full):
        if full not in self._runs:
            self.log('starts, ' + (MAP_FULL if full else MAP_SELF))
            self._runs[full] = measure.interleaved(self.stage, self.rounds, self.commands(full))
        return self._runs[full]

    def bubblewrap(self, plan):
        """{its name: argv}, where it works: the one peer that does the same for any plan."""
        if BUBBLEWRAP.name not in self.commands(False):
            return {}
        return {BUBBLEWRAP.name: BUBBLEWRAP.argv(self.stage.subject(plan, False), False)}

    def compare(self, name, *options, share, peer=False, around=None):
        """{name: Runs} of the floor, croft and, if asked, bubblewrap with the same options."""
        floor, croft, plan = self.stage.pair(name, *options)
        commands = {'floor': floor, 'croft': croft}
        if peer:
            commands.update(self.bubblewrap(plan))
        return measure.interleaved(self.stage, self.few(share), commands, around)


def start(bench):
    tables, notes = [], {peer.name: peer.note for peer in bench.peers}
    notes['floor'] = 'the system calls alone'
    for full in (False, True):
        runs = bench.starts(full)
        to_croft = {row['name']: row['ratio'] for row in measure.rows(runs, 'croft')}
        rows = [{**row, 'to croft': to_croft[row['name']], 'note': notes.get(row['name'], '')} for row in measure.rows(runs, 'floor')]
        tables.append(Table('start', 'Start to exit, ' + (MAP_FULL if full else MAP_SELF),
                            [('', 'name'), ('median, ms', 'median'), ('least, ms', 'least'), *RATIO, ('ratio to croft', 'to croft'),
                             ('not the same', 'note')], rows))
    return [*tables, summary(tables)]


def summary(tables):
    """The ratios alone, for the README."""
    columns = [('ratio to the floor: ' + ('subordinate ids', 'own id alone')[table is tables[0]], table.title) for table in tables]
    names = dict.fromkeys(row['name'] for table in tables for row in table.rows)
    rows = [{'name': name, **{table.title: row['ratio'] for table in tables for row in table.rows if row['name'] == name}} for name in names]
    return Table('summary', 'Start to exit of the same sandbox', [('', 'name'), *columns], rows)


def cpu(bench):
    return [Table('cpu', f'User and system CPU time, {MAP_FULL if full else MAP_SELF}', [('', 'name'), ('mean, ms', 'mean'), *RATIO],
                  measure.rows(bench.starts(full), 'floor', 'cpu')) for full in (False, True)]


def count_calls(stage, argv):
    """System calls, those that failed, programs executed, processes made: of a start, by strace -f as root."""
    log = stage.folder + '/calls'
    done = stage.trace(log, argv)
    if done.returncode != 0:
        raise RuntimeError(f'strace {argv[0]}: {done.stderr.strip()}')
    counts = {'calls': 0, 'failed': 0, 'execs': 0, 'processes': 1}
    with open(log, encoding='utf-8', errors='replace') as f:
        for line in f:
            call = re.match(r'\d+\s+(?:<\.\.\. )?(\w+)(\(| resumed>)', line)
            if not call:
                continue
            counts['calls'] += call[2] == '('
            results = re.findall(r'\)\s+= (-?\d+)', line)
            if not results:
                continue  # it goes on in another line, or has no result
            counts['failed'] += results[-1] == '-1'
            counts['execs'] += call[1] == 'execve' and results[-1] == '0'
            counts['processes'] += call[1] in ('fork', 'vfork', 'clone', 'clone3') and int(results[-1]) > 0
    os.unlink(log)
    return counts


def calls(bench):
    tables = []
    for full in (False, True):
        rows = []
        for name, argv in bench.commands(full).items():
            bench.log(f'system calls of {name}')
            try:
                rows.append({'name': name, **count_calls(bench.stage, argv)})
            except RuntimeError as e:
                bench.left_out[name + ' under strace'] = str(e)
        tables.append(Table('calls', f'System calls and programs, {MAP_FULL if full else MAP_SELF}',
                            [('', 'name'), ('calls', 'calls'), ('of them failed', 'failed'), ('execs', 'execs'), ('processes', 'processes')], rows))
    return tables


def memory(bench):
    at_once = bench.sizes(300, 3)
    stage, rows = bench.stage, []
    floor, croft, plan = stage.pair('floor.hold', command=[stage.programs.own('hold')])
    for name, argv in {'floor': floor, 'croft': croft, **bench.bubblewrap(plan)}.items():
        bench.log(f'memory of {at_once} sandboxes, {name}')
        rows.append({'name': name, **resting.memory(stage, argv, at_once)})
    return [Table('memory', f'Memory a sandbox at rest, {at_once} sleeping, KiB',
                  [('', 'name'), ('processes beside the command', 'processes'), ('private, outside', 'outside'), ('private, init', 'init'),
                   ('kernel: slab', 'Slab'), ('page tables', 'PageTables'), ('kernel stacks', 'KernelStack'), ('per CPU', 'Percpu')], rows)]


def grown(bench, kind, title, sizes, runs_of):
    """A table of how starts grow: a row a size, a pair of columns a command."""
    rows = []
    for size in sizes:
        bench.log(f'{title}: {size}')
        runs = runs_of(size)
        row = {'size': size}
        for r in measure.rows(runs, 'floor'):
            row[r['name']], row[r['name'] + ' ratio'], row['rounds'] = r['median'], r['ratio'], r['rounds']
        for r in measure.rows(runs, 'floor', 'cpu'):
            row[r['name'] + ' cpu'] = r['ratio']
        rows.append(row)
    columns = [(kind, 'size'), ('rounds', 'rounds')]
    for name in ('floor', 'croft', BUBBLEWRAP.name):
        if any(name in row for row in rows):
            columns += [(f'{name}, ms', name)] + [('ratio', name + ' ratio'), ('CPU ratio', name + ' cpu')] * (name != 'floor')
    return Table('growth', title, columns, rows)


def volumes(bench):
    def runs(count):
        folders = bench.stage.folders('volumes', count)
        options = [o for i, folder in enumerate(folders) for o in ('-v', f'{folder}:/mnt/{i}')]
        return bench.compare(f'floor.volumes.{count}', *options, share=2 if count < 100 else 10, peer=True)
    return grown(bench, 'volumes', 'Volumes', bench.sizes((1, 10, 100, 1000), (3,)), runs)


def host_mounts(bench):
    def runs(count):
        return bench.compare('floor.mounts', share=4, peer=True, around=lambda argv: bench.stage.with_mounts(count, argv))
    return grown(bench, 'mounts of the host', 'Mounts that the host has already', bench.sizes((20, 200, 2000), (40,)), runs)


def policy_rules(bench):
    def runs(count):
        with bench.stage.policy(count):
            return bench.compare('floor.policy', share=4)
    return grown(bench, 'rules', 'Rules of the policy', bench.sizes((0, 100, 10000), (100,)), runs)


def subid_lines(bench):
    def runs(count):
        with bench.stage.subid_lines(count):
            floor, croft, _ = bench.stage.pair('floor.subid', full=True)
            return measure.interleaved(bench.stage, bench.few(4), {'floor': floor, 'croft': croft})
    return grown(bench, 'lines of /etc/subuid', 'Lines of /etc/subuid and /etc/subgid (subordinate ids)', bench.sizes((1, 1000, 100000), (100,)), runs)


def present(bench):
    stage = bench.stage
    _, hold, _ = stage.pair('floor.hold', command=[stage.programs.own('hold')])

    def runs(count):
        with resting.Resting(stage, hold, count):
            return bench.compare('floor.present', share=4, peer=True)
    return grown(bench, 'sandboxes', 'Sandboxes that are there already', bench.sizes((0, 100, 1000), (2,)), runs)


def growth(bench):
    return [part(bench) for part in (volumes, host_mounts, policy_rules, subid_lines, present)]


def parallel(bench):
    """The median of some turns, in each of which every command has its own."""
    program, rows = bench.stage.programs.own('parallel'), []
    names = [name for name in ('floor', 'croft', BUBBLEWRAP.name, 'unshare') if name in bench.commands(False)]
    for jobs in bench.sizes((1, 2, 4, 8, 16, 32, 64), (2,)):
        bench.log(f'{jobs} at once')
        turns = [{name: starts_a_second(bench, program, jobs, name) for name in names} for _ in range(bench.sizes(5, 1))]
        rows.append({'size': jobs, **{name: statistics.median(turn[name] for turn in turns) for name in names}})
    return [Table('parallel', f'Starts a second, {MAP_SELF}', [('at once', 'size')] + [(name, name) for name in names], rows)]


def starts_a_second(bench, program, jobs, name):
    starts = max(2 * jobs, bench.rounds // 4)
    done = bench.stage.run([program, str(jobs), str(starts), *bench.commands(False)[name]], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return starts / (int(done.stdout) / 1e9)


NONE = ('--seccomp', 'unconfined', '--landlock', 'off', '--network', 'host')
SWITCHES = {'none of them': NONE, 'seccomp': ('--landlock', 'off', '--network', 'host'), 'Landlock': ('--seccomp', 'unconfined', '--network', 'host'),
            'network': ('--seccomp', 'unconfined', '--landlock', 'off'), 'cgroup': (*NONE, '--memory', '256M'), 'the default': ()}


def added(mine, none):
    """(median of the time, of the CPU time) above a start with none of them, of the same round: microseconds."""
    return [1000 * statistics.median(a - b for a, b in zip(*both)) for both in ((mine.wall, none.wall), (mine.cpu, none.cpu))]


def protection(name, runs, base):
    """A row: croft and its floor. The floor has no cgroup."""
    row = {'name': name}
    for who, mine in runs.items():
        row[who] = statistics.median(mine.wall)
        row[who + ' added'], row[who + ' cpu'] = added(mine, base[who])
    if 'floor' in runs:
        row['ratio'] = statistics.median(a / b for a, b in zip(runs['croft'].wall, runs['floor'].wall))
    return row


def confinement(bench):
    """Each switched on alone. All in turn, so that a difference is one of the same round."""
    commands = {}
    for name, options in SWITCHES.items():
        if name == 'cgroup':
            croft = bench.stage.plan('--map', 'self', *options)[1]
        else:
            commands[name, 'floor'], croft, _ = bench.stage.pair('floor.' + name.replace(' ', '-'), *options)
        reason = bench.stage.why_not(croft)
        if reason:
            bench.left_out['confinement: ' + name] = reason
        else:
            commands[name, 'croft'] = croft
    bench.log('confinement')
    runs = measure.interleaved(bench.stage, bench.rounds, commands)
    by_name = {name: {who: runs[name, who] for who in ('croft', 'floor') if (name, who) in runs} for name, _ in commands}
    rows = [protection(name, mine, by_name['none of them']) for name, mine in by_name.items()]
    columns = [('', 'name')]
    for who in ('croft', 'floor'):
        columns += [(who + ', ms', who), ('added, us', who + ' added'), ('added CPU, us', who + ' cpu')]
    return [Table('confinement', 'Each switched on alone (with the host\'s network its /sys is mounted instead of a new one)',
                  [*columns, RATIO[0]], rows)]


def where(bench):
    bench.log('single steps')
    return [steps.namespace_table(bench.stage, bench.rounds), steps.floor_table(bench.stage, bench.rounds)]


SECTIONS = {f.__name__: f for f in (start, cpu, where, calls, memory, growth, parallel, confinement)}
