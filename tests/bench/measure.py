"""Interleaved starts (starts.c) and what is said about them: medians, and ratios taken pair by pair."""
import statistics


class Runs:
    """All starts of one command: nanoseconds, and CPU in microseconds."""

    def __init__(self):
        self.wall, self.cpu = [], []

    def add(self, nanoseconds, user, system):
        self.wall.append(nanoseconds / 1e6)
        self.cpu.append((user + system) / 1e3)


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3


def interleaved(stage, rounds, commands, around=None):
    """commands: {name: argv}. Starts each once a round, in turn: {name: Runs}. around: what makes of the arguments those of root's."""
    argv = [stage.starts, str(rounds)]
    for command in commands.values():
        argv += [*command, ';']
    done = stage.run(argv[:-1], capture_output=True, around=around)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    runs = [Runs() for _ in commands]
    for line in done.stdout.splitlines():
        index, *numbers = map(int, line.split())
        runs[index].add(*numbers)
    return dict(zip(commands, runs))


def rows(runs, base, of='wall'):
    """A row a command: median, mean, least, and the quartiles of its ratio to the base's start of the same round."""
    result = []
    for name, mine in runs.items():
        values, floor = getattr(mine, of), getattr(runs[base], of)
        q1, ratio, q3 = quartiles([a / b for a, b in zip(values, floor) if b])
        result.append({'name': name, 'median': statistics.median(values), 'mean': statistics.fmean(values), 'least': min(values),
                       'ratio': ratio, 'q1': q1, 'q3': q3, 'rounds': len(values)})
    return result
