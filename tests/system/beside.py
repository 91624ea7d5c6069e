"""What takes long, and what tests wait for later, runs beside them."""
import os
import signal
import subprocess
import tempfile

_begun = []


class Beside:
    """A command of root's, which gives way to the tests until somebody waits for its end."""

    def __init__(self, argv, **popen):
        self.output = tempfile.TemporaryFile()
        self.answer = None
        self.process = subprocess.Popen(['nice', '-n', '19', *argv], stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
                                        start_new_session=True, **popen)
        _begun.append(self)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self):
        """(exit status, what it said), once it has ended."""
        if not self.answer:
            status = self.process.wait()
            self.output.seek(0)
            self.answer = status, self.output.read().decode(errors='replace')
        return self.answer


def kill_all():
    """Before the folder that they work in is removed."""
    for one in _begun:
        one.kill()
