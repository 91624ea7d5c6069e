"""Many sandboxes at rest: hold.c is their command."""
import os
import re
import resource
import subprocess

from stage import as_user

KERNEL = ('Slab', 'PageTables', 'KernelStack', 'Percpu')
PER_SANDBOX = 4  # descriptors, at most


class Resting:
    """`with Resting(stage, argv, count):` count sandboxes are there. Their common standard input ends them."""

    def __init__(self, stage, argv, count):
        self.user, self.argv, self.count = stage.user, argv, count
        self.running = []

    def __enter__(self):
        ready, say = os.pipe()
        stdin, self.end = os.pipe()
        try:
            for _ in range(self.count):
                self.running.append(subprocess.Popen(self.argv, **{**as_user(self.user), 'stdin': stdin}, stdout=say))
            os.close(say)
            self._await(ready)
        except BaseException:
            self.__exit__()
            raise
        finally:
            os.close(ready)
            os.close(stdin)
        return self

    def _await(self, ready):
        there = 0
        while there < self.count:
            got = os.read(ready, self.count - there)
            if not got:
                raise RuntimeError(f'{self.argv[0]}: {there} of {self.count} sandboxes are there')
            there += len(got)

    def __exit__(self, *_):
        os.close(self.end)
        for process in self.running:
            process.wait()


def kernel_memory():
    with open('/proc/meminfo', encoding='ascii') as f:
        text = f.read()
    return {name: int(re.search(rf'^{name}: +(\d+)', text, re.M)[1]) for name in KERNEL}


def private(pid):
    """KiB that belong to the process alone."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        return sum(int(n) for n in re.findall(r'^Private_\w+: +(\d+)', f.read(), re.M))


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as f:
        return [int(n) for n in f.read().split()]


def tree(pid):
    """[(pid, depth)] of a process and all below it."""
    found = [(pid, 0)]
    for pid_, depth in found:
        found += [(child, depth + 1) for child in children(pid_)]
    return found


def is_init(pid):
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as f:
        numbers = re.search(r'^NSpid:\s+(.*)', f.read(), re.M)[1].split()
    return len(numbers) > 1 and numbers[-1] == '1'


def own_memory(pid):
    """Of what is left beside the command, which is the deepest: (processes, KiB outside, KiB of init)."""
    processes = tree(pid)
    command = max(processes, key=lambda p: p[1])[0]
    beside = [p for p, _ in processes if p != command]
    outside = sum(private(p) for p in beside if not is_init(p))
    return len(beside), outside, sum(private(p) for p in beside if is_init(p))


def memory(stage, argv, count):
    """Per sandbox, KiB."""
    before = kernel_memory()
    with Resting(stage, argv, count) as resting:
        after = kernel_memory()
        each = [own_memory(process.pid) for process in resting.running]
    processes, outside, init = (sum(column) / count for column in zip(*each))
    return {'processes': processes, 'outside': outside, 'init': init, **{name: (after[name] - before[name]) / count for name in KERNEL}}


def allow_many(count):
    """Descriptors and processes for so many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, PER_SANDBOX * count + 256), hard))
