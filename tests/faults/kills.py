"""One start that is disturbed at a random moment, in a random state of its surroundings; everything follows from a seed."""
import collections
import contextlib
import fcntl
import os
import random
import resource
import signal
import subprocess
import termios
import time

WAYS = {
    'self': ('--map', 'self'),
    'subordinate': ('--map', 'subordinate'),
    'gate': ('--gate', '--map', 'none'),
    'gate with ids': ('--gate', '--map', 'subordinate'),
}
EVENTS = ('KILL', 'TERM', 'STOP and CONT', 'HUP', 'KILL of one', 'STOP of one', 'nothing')
LIMITS = {
    'no process': lambda rng: (resource.RLIMIT_NPROC, 0),
    'no file may grow': lambda rng: (resource.RLIMIT_FSIZE, 0),
    'little memory': lambda rng: (resource.RLIMIT_AS, rng.randrange(16, 256) << 20),
    'few files': lambda rng: (resource.RLIMIT_NOFILE, rng.randrange(3, 40)),
}
# A line of shell for root, in a mount namespace of the start's own. $1: the folder of the helpers.
MOUNTS = {
    'no /proc': 'mount -t tmpfs none /proc',
    'helpers without privilege': 'mount --bind "$1" "$1" && mount -o remount,bind,nosuid "$1"',
    'a full disk': 'mount -t tmpfs -o size=4k,mode=1777 none /tmp && { head -c 8192 /dev/zero >/tmp/full 2>/dev/null || :; }',
}
LONGEST = 0.05  # seconds: a start and an end take less

Trial = collections.namedtuple('Trial', 'way state event moment command rng')


def trial(seed, number):
    rng = random.Random(f'{seed} {number}')
    state = rng.choice(('as usual', 'as usual', 'as usual', *LIMITS, *MOUNTS))
    moment = rng.uniform(0, LONGEST * (1.5 if state in MOUNTS else 1))
    return Trial(rng.choice(tuple(WAYS)), state, rng.choice(EVENTS), moment, rng.choice(('600', '0.01', '0')), rng)


class Start:
    """croft, started as a trial wants it. Ends with stop()."""

    def __init__(self, t, argv, popen_args, libexec, user):
        self.master = None
        setup = []
        if t.state in LIMITS:
            which, value = LIMITS[t.state](t.rng)
            setup.append(lambda: resource.setrlimit(which, (value, value)))
        if t.state in MOUNTS:
            popen_args = {k: v for k, v in popen_args.items() if k not in ('user', 'group', 'extra_groups')}
            argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', MOUNTS[t.state] + ' && shift && exec "$@"', 'sh', libexec,
                    'setpriv', '--reuid', user, '--regid', user, '--init-groups', *argv]
            popen_args['env'] = {**popen_args['env'], 'XDG_RUNTIME_DIR': '/tmp'}
        stdin = subprocess.DEVNULL
        if t.event == 'HUP':
            self.master, slave = os.openpty()
            stdin = slave
            setup.append(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        preexec_fn=(lambda: [do() for do in setup]) if setup else None, **popen_args)
        if t.event == 'HUP':
            os.close(slave)

    def disturb(self, t, others):
        """others: the pids of the user's processes by now. Returns whether it hit somebody."""
        word = t.event.split()[0]
        if t.event == 'nothing':
            return True
        if t.event == 'HUP':
            self.hang_up()
            return True
        if t.event.endswith('of one'):
            if not others:
                return False
            whom = t.rng.choice(others)
            with contextlib.suppress(ProcessLookupError):
                os.kill(whom, getattr(signal, 'SIG' + word))
                if word == 'STOP':
                    time.sleep(t.rng.uniform(0, 0.01))
                    os.kill(whom, signal.SIGCONT)
            return True
        if self.process.poll() is not None:
            return False
        self.process.send_signal(getattr(signal, 'SIG' + word))
        if word == 'STOP':
            time.sleep(t.rng.uniform(0, 0.01))
            self.process.send_signal(signal.SIGCONT)
        return True

    def hang_up(self):
        if self.master is not None:
            os.close(self.master)
            self.master = None

    def stop(self, seconds):
        """Its exit status as of Popen; TERM, where it would go on. TimeoutExpired: it does not end."""
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(0.06)
            self.process.terminate()
            return self.process.wait(seconds)
        finally:
            self.hang_up()
