"""Compiles one changed file and links programs with it, by the commands that make itself would use."""
import os
import shlex
import subprocess
import tempfile

import run  # tests/system

# What makes a compiler slow, and means nothing for whether a test passes.
SLOW = ('-W', '-M', '-g', '-O', '-fstack', '-fcf', '-D_FORTIFY')
PROGRAMS = ('croft', 'croft-idmap', 'croft-gate')


class Commands:
    """Of a build folder, whose targets are built already."""

    def __init__(self, build, *make_args):
        self.build = build
        text = run.run_make('-n', 'O=' + build, *make_args).replace('\\\n', ' ')
        self.compiles, self.links = {}, {}
        for line in text.splitlines():
            if ' -o ' not in line or line.startswith(('printf', 'mkdir')):
                continue
            words = shlex.split(line)
            target = words[words.index('-o') + 1]
            if '-c' in words:
                self.compiles.setdefault(words[-1], {})[target] = words
            else:
                self.links[target] = words

    def object(self, source, kind):
        return f'{self.build}/{kind}/{source[:-2]}.o'

    def includes(self, source):
        """What the compiler is told of a file that another parser of C has to know, too."""
        words = next(iter(self.compiles[source].values()))
        return [w for w in words if w.startswith(('-I', '-D'))]

    def compile(self, source, kind, text, folder):
        """The object of the changed text, in folder; None where that is no C."""
        target = self.object(source, kind)
        words = list(self.compiles[source][target])
        changed = f'{folder}/{os.path.basename(source)}'
        with open(changed, 'w', encoding='utf-8') as f:
            f.write(text)
        words[words.index('-o') + 1] = made = f'{folder}/mutant.o'
        words[-1] = changed
        words = [w for w in words if not w.startswith(SLOW)] + ['-w', '-O0']
        done = subprocess.run(words, cwd=run.TOP, stdin=subprocess.DEVNULL, capture_output=True)
        return made if done.returncode == 0 else None

    def link(self, target, source, kind, made, to):
        """target, with the changed object instead of its own. Before an archive it is found first."""
        words = list(self.links[target])
        own = self.object(source, kind)
        if own in words:
            words[words.index(own)] = made
        else:
            words.insert(next(i for i, w in enumerate(words) if w.startswith(self.build) and w.endswith('.a')), made)
        words[words.index('-o') + 1:words.index('-o') + 2] = [to, '-Wl,-S']
        done = subprocess.run(words, cwd=run.TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode == 0

    def defines(self, object_file):
        done = subprocess.run(['nm', '-g', '--defined-only', object_file], capture_output=True, text=True, check=True)
        return {line.split()[-1] for line in done.stdout.splitlines() if line}


def folder():
    return tempfile.TemporaryDirectory(prefix='croft-mutant.')
