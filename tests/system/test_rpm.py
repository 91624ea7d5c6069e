"""The RPM packages: rpmbuild takes the spec, and what they hold is what the Debian packages hold."""
import os
import re
import subprocess

from beside import Beside
from croft_test import USER, CroftTest, Stage, missing_packages
from test_packages import FILES, GATE

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IDMAP = '/usr/libexec/croft/croft-idmap'
# What rpm has in other places, or does not have.
ELSEWHERE = {'/usr/share/zsh/vendor-completions/_croft': '/usr/share/zsh/site-functions/_croft', '/usr/libexec/croft/grant': None,
             '/usr/share/croft-gate/choice': None, '/etc/croft/policy.d/': None}


_builds = []


def build():
    """make rpm, beside the tests; a Beside."""
    if not _builds:
        # Not optimised: what is in them is looked at, and not run.
        _builds.append(Beside([os.environ.get('MAKE', 'make'), '-C', TOP, 'rpm', f'O={Stage.prefix}/rpm', "RPM_FLAGS=--define 'optflags -O0 -U_FORTIFY_SOURCE -w'"],
                              env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'HOME': '/root'}))
    return _builds[0]


def begin():
    """Has it made while other tests run, where a whole run is going to need it."""
    if not missing_packages('rpm', 'git'):
        build()


class Rpm(CroftTest):
    time_limit = 300

    def query(self, package, form):
        """Lines of rpm's, of a package or of each of its files."""
        return subprocess.run(['rpm', '-q', '-p', '--qf', form, package], check=True, capture_output=True, text=True).stdout.splitlines()

    def files(self, package):
        """{path: (mode, capabilities, flags)} of what is no document."""
        lines = self.query(package, '[%{FILENAMES}|%{FILEMODES:perms}|%{FILECAPS}|%{FILEFLAGS:fflags}|%{FILEUSERNAME}:%{FILEGROUPNAME}\n]')
        rows = [line.split('|') for line in lines]
        self.assertEqual({owner for *_, owner in rows}, {'root:root'})
        return {path: (mode, caps, flags) for path, mode, caps, flags, _ in rows
                if not path.startswith(('/usr/share/doc/', '/usr/share/licenses/', '/usr/lib/.build-id')) and mode[0] != 'd'}

    def test_they_hold_what_the_debian_packages_hold_and_give_privilege_by_file_capabilities(self):
        self.needs_package('rpm', 'git')
        status, said = build().end()
        self.assertEqual(status, 0, said[-3000:])
        folder = Stage.prefix + '/rpm'
        packages = {re.sub(r'-\d.*', '', name): f'{folder}/rpm/{name}' for name in os.listdir(folder + '/rpm')}
        self.assertEqual(sorted(packages), ['croft', 'croft-gate'])
        caps = {IDMAP: 'cap_setgid,cap_setuid=p', GATE: 'cap_setgid,cap_setuid,cap_sys_admin=p'}
        conf = {'/etc/croft/policy.conf': 'cn', '/etc/croft/policy.d/croft-gate.conf': 'cn'}
        for name, expected in FILES.items():
            want = {ELSEWHERE.get(path, path.partition(' -> ')[0].removesuffix('.gz')): mode for path, mode in expected.items()}
            want.pop(None, None)
            found = self.files(packages[name])
            self.assertEqual({re.sub(r'\.gz$', '', path): mode for path, (mode, _, _) in found.items()}, want)
            self.assertEqual({path: c for path, (_, c, _) in found.items() if c}, {path: c for path, c in caps.items() if path in want})
            self.assertEqual({path: f for path, (_, _, f) in found.items() if 'c' in f}, {path: f for path, f in conf.items() if path in want})
        version = self.croft(USER, 'version').out.split()[1]
        self.assertEqual(self.query(packages['croft'], '%{VERSION}\n'), [version])
        self.assertIn(f'croft = {version}-1', self.query(packages['croft-gate'], '[%{REQUIRES} = %{REQUIREVERSION}\n]'))
