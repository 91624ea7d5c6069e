"""Runs a program of a test user's under the probe `fault`."""
import collections
import pwd
import re
import tempfile

from croft_test import Stage

Call = collections.namedtuple('Call', 'process name nth')
# lines: what the probe told. status: as in $?, None where it told of none.
Run = collections.namedtuple('Run', 'lines status out err')


def injected(test, user, argv, fault=None, command='', pass_fds=()):
    """fault: None, or (Call, errno). command: where it is executed, nothing fails any more."""
    words = ['-f', *map(str, fault[0]), str(fault[1])] if fault else []
    env = {'HOME': pwd.getpwnam(user).pw_dir, 'USER': user, 'LOGNAME': user}
    with tempfile.TemporaryFile('w+') as told:
        r = test.run_as('root', [test.probes + '/fault', '-u', user, '-o', str(told.fileno()), '-e', command, *words, *argv],
                        env=env, pass_fds=(told.fileno(), *pass_fds))
        test.assertRan(r)
        told.seek(0)
        lines = told.read().splitlines()
    status = [int(line.split()[1]) for line in lines if line.startswith('status ')]
    # where programs count what they run, the start of each opens a file for that, which is not what is tried here
    err = re.sub('LLVM Profile [^\n]*\n', '', r.err) if Stage.profiles else r.err
    return Run(lines, status[0] if status else None, r.out, err)


def calls_of(run):
    """[Call] of an undisturbed run, without those of the probe itself before it becomes the program."""
    words = [line.split() for line in run.lines]
    return [Call(w[1], w[2], int(w[3])) for w in words if w[0] == 'call' and w[1] != 'start']
