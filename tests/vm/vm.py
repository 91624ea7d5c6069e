"""A Debian machine with systemd and cgroup v2, emulated: no KVM is needed, and the host is not touched.

    vm.py [--dir DIR] [--suite SUITE] [--append 'KERNEL ARGUMENTS'] 'COMMAND LINE'

runs a line as root in a fresh machine and ends with its status. The image is made when it is missing (tests/vm/make-image, as
root, some minutes). What a machine writes is thrown away with it, so that each begins from the same state; booted once, its
memory is kept, and later ones go on from there in seconds. Kernel arguments make it boot anew.
"""
import argparse
import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = 'qemu-system-x86_64'
BOOT_SECONDS = 1200  # an emulated processor on a busy host
KERNEL = 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 audit=0'
# Ready when systemd is, and the manager of the first user with it, whom the tests' own users resemble.
SETTLE = 'systemctl is-system-running --wait >/dev/null; loginctl enable-linger t1; sleep 2; sync; echo 3 >/proc/sys/vm/drop_caches'


class Machine:
    """A machine that runs from `with` on. folder: where images are kept (VM_DIR)."""

    def __init__(self, folder, suite='bookworm', append='', memory=2048):
        self.folder, self.suite, self.append, self.memory = os.path.abspath(folder), suite, append, memory
        self.process = None

    def _file(self, kind):
        return f'{self.folder}/{self.suite}.{kind}'

    # --- images

    def prepare(self):
        """Makes what is missing: the image, then the memory of a booted machine."""
        if not os.path.exists(self._file('ext4')):
            print(f'making the image of {self.suite} in {self.folder}: some minutes', flush=True)
            subprocess.run([HERE + '/make-image', self.suite, self.folder], check=True)
        if os.path.exists(self._file('memory')) and self._newer('memory', 'ext4'):
            return
        print('booting it once', flush=True)
        for kind in ('memory', 'disk'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._file(kind))
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', self._file('ext4'), self._file('disk')],
                       check=True)
        with contextlib.ExitStack() as stack:
            self._start(stack, ['-drive', f'file={self._file("disk")},format=qcow2,if=virtio,cache=unsafe'])
            self.run(SETTLE)
            self._monitor('stop', f'migrate "exec:cat > {shlex.quote(self._file("memory.new"))}"', 'quit')
        os.rename(self._file('memory.new'), self._file('memory'))

    def _newer(self, kind, than):
        return os.path.getmtime(self._file(kind)) >= os.path.getmtime(self._file(than))

    # --- the process

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            if self.append:
                disk = ['-drive', f'file={self._file("ext4")},format=raw,if=virtio,cache=unsafe,snapshot=on']
            else:
                disk = ['-drive', f'file={self._file("disk")},format=qcow2,if=virtio,cache=unsafe,snapshot=on',
                        '-incoming', f'exec:cat {shlex.quote(self._file("memory"))}']
            self._start(stack, disk)
            self.run(f'date -s @{int(time.time())} >/dev/null')  # it slept
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_exc):
        self.stack.close()

    def _start(self, stack, disk):
        self.run_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix='croft-vm.'))
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(
            [QEMU, '-accel', 'tcg,thread=multi', '-machine', 'pc', '-cpu', 'max', '-smp', '2', '-m', str(self.memory), '-nodefaults',
             '-no-user-config', '-display', 'none', '-no-reboot', '-kernel', self._file('vmlinuz'),
             '-initrd', self._file('initrd'), '-append', f'{KERNEL} {self.append}',
             '-netdev', f'user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22',
             '-device', 'virtio-net-pci,netdev=n,romfile=', '-device', 'virtio-rng-pci',
             '-serial', f'file:{self.run_dir}/console', '-monitor', f'unix:{self.run_dir}/monitor,server=on,wait=off', *disk],
            stdin=subprocess.DEVNULL)
        stack.callback(self._stop)
        self._await()

    def _stop(self):
        subprocess.run([*self._ssh(), '-O', 'exit', 'root@127.0.0.1'], stderr=subprocess.DEVNULL, check=False)
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def _await(self):
        deadline = time.monotonic() + BOOT_SECONDS
        while subprocess.run([*self._ssh(), 'root@127.0.0.1', 'true'], stdin=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.run_dir + '/console', encoding='utf-8', errors='replace') as f:
                    raise SystemExit('the machine does not answer; its last words:\n' + f.read()[-3000:])
            time.sleep(0.5)
            if os.path.exists(self.run_dir + '/monitor'):  # QEMU may need a while to begin
                self._monitor('cont')  # it was kept while it stood still, and stands until its memory is read

    def _monitor(self, *commands):
        """Commands of QEMU's monitor, one after the other: each is done when its prompt comes."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.run_dir + '/monitor')
            s.settimeout(BOOT_SECONDS)
            for command in ('', *commands):
                if command:
                    s.sendall(command.encode() + b'\n')
                seen = b''
                while not seen.endswith(b'(qemu) '):
                    data = s.recv(65536)
                    if not data:
                        return
                    seen += data

    # --- commands

    def _ssh(self):
        return ['ssh', '-F', 'none', '-q', '-i', self.folder + '/key', '-p', str(self.port), '-o', 'StrictHostKeyChecking=no',
                '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=5', '-o', 'ControlMaster=auto',
                '-o', f'ControlPath={self.run_dir}/ssh', '-o', 'ControlPersist=600']

    def run(self, line, **kwargs):
        """Runs a shell line as root and returns its status; kwargs as of subprocess.run()."""
        kwargs.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.run([*self._ssh(), 'root@127.0.0.1', line], check=False, **kwargs).returncode

    def copy_in(self, folder, to):
        """Copies what is in a folder of the host, with its owners and modes, to a folder of the machine."""
        with subprocess.Popen(['tar', '-C', folder, '--numeric-owner', '-cf', '-', '.'], stdout=subprocess.PIPE) as tar:
            status = self.run(f'mkdir -p {shlex.quote(to)} && tar -C {shlex.quote(to)} -xpf -', stdin=tar.stdout)
        if status != 0 or tar.returncode != 0:
            raise SystemExit(f'copying {folder} into the machine failed')


def add_arguments(parser):
    parser.add_argument('--dir', default=os.environ.get('VM_DIR') or '/var/tmp/croft-vm', help='where images are kept')
    parser.add_argument('--suite', default=os.environ.get('VM_SUITE') or 'bookworm', help='release of Debian')
    parser.add_argument('--append', default=os.environ.get('VM_APPEND') or '', help='kernel arguments')


def machine(args):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # as an interrupt: the machine ends with us
    if not shutil.which(QEMU):
        raise SystemExit(f'{QEMU} is not installed: sh tools/install-packages vm')
    m = Machine(args.dir, args.suite, args.append)
    m.prepare()
    return m


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument('line', help='what a shell runs, as root')
    args = parser.parse_args()
    with machine(args) as m:
        return m.run(args.line)


if __name__ == '__main__':
    sys.exit(main())
