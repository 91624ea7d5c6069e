"""The machine that was measured on, in words."""
import os
import re
import shutil
import subprocess


def _read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''


def _processor():
    text = _read('/proc/cpuinfo')
    model = re.search(r'^(?:model name|CPU part)\s*: (.*)', text, re.M)
    return (model[1] if model else 'unknown') + (' in a virtual machine' if re.search(r'^flags.*\bhypervisor\b', text, re.M) else '')


def _distribution():
    name = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read('/etc/os-release'), re.M)
    return name[1] if name else 'unknown'


def version(program):
    """The first number with a dot that it says of itself."""
    for option in ('--version', '-V'):
        done = subprocess.run([program, option], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, 'USER': 'root'})  # charliecloud asks for it
        found = re.search(r'\d+\.[\w.+-]*\w', done.stdout + done.stderr)
        if found:
            return found[0]
    return 'unknown'


def describe(croft, rounds, peers):
    memory = int(re.search(r'MemTotal:\s+(\d+)', _read('/proc/meminfo'))[1]) // 1024 // 1024
    with open(croft, 'rb') as f:
        static = b'ld-linux' not in f.read(65536)
    versions = [f'{p.name} {version(p.program)}' for p in peers if shutil.which(p.program)]
    return {
        'Machine': f'{_processor()}, {len(os.sched_getaffinity(0))} processors, {memory} GiB of memory',
        'System': f'Linux {os.uname().release}, {os.uname().machine}, {_distribution()}',
        'croft': f'{version(croft)}, {"static" if static else "dynamic"}',
        'Others': ', '.join(versions) or 'none',
        'Load when it began': f'{os.getloadavg()[0]:.1f}',
        'Rounds': f'{rounds}, all commands in turn, warm cache',
    }
