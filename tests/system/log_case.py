"""What privileged programs say to the system log."""
import contextlib
import json
import os
import socket
import subprocess
import time

from croft_test import CroftTest


class LogTest(CroftTest):
    @contextlib.contextmanager
    def log_lines(self, program):
        """What a program says meanwhile, as it sends it: to a daemon of the host's own, else to a socket in its place."""
        got = []
        if os.path.lexists('/dev/log'):
            since = time.strftime('%Y-%m-%d %H:%M:%S')
            yield got
            subprocess.run(['journalctl', '--sync'], check=True)
            for line in subprocess.run(['journalctl', '-o', 'json', '-t', program, '--since', since], check=True, capture_output=True, text=True).stdout.splitlines():
                e = json.loads(line)
                got.append(f'<{8 * int(e["SYSLOG_FACILITY"]) + int(e["PRIORITY"])}>{program}[{e["SYSLOG_PID"]}]: {e["MESSAGE"]}')
            return
        s = self.log_socket()
        try:
            yield got
            s.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while True:
                    got.append(s.recv(4096).decode())
        finally:
            os.unlink('/dev/log')
            s.close()

    @staticmethod
    def log_socket():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind('/dev/log')
        os.chmod('/dev/log', 0o666)
        return s

    def silent_log(self):
        """A log that takes nothing: its queue is full. Returns what reads a line of it."""
        if os.path.lexists('/dev/log'):
            os.rename('/dev/log', '/dev/log.croft-test')
            self.addCleanup(os.rename, '/dev/log.croft-test', '/dev/log')
        s = self.log_socket()
        self.addCleanup(s.close)
        self.addCleanup(os.unlink, '/dev/log')
        sent = True
        while sent:  # a sender's own buffer may be full before the queue is
            sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.addCleanup(sender.close)
            sender.setblocking(False)
            sent = False
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.sendto(b'x', '/dev/log')
                    sent = True
        return s
