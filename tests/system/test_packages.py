"""The Debian packages: built, looked into, installed in a fresh system, upgraded, removed."""
import gzip
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from beside import Beside
from croft_test import EXIT_CROFT, USER, CroftTest, Stage, missing_packages
from debian_host import DebianHost

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEBIAN = TOP + '/packaging/debian'
GATE = '/usr/libexec/croft/croft-gate'
CHOICE = '/etc/default/croft-gate'
IDS, PLAIN = 'cap_setgid,cap_setuid,cap_sys_admin=p', 'cap_sys_admin=p'

# Beside what each package has below /usr/share/doc and /usr/share/lintian.
FILES = {
    'croft': {'/etc/croft/policy.conf': '-rw-r--r--', '/etc/croft/policy.d/': 'drwxr-xr-x', '/usr/bin/croft': '-rwxr-xr-x',
              '/usr/share/bash-completion/completions/croft': '-rw-r--r--',
              '/usr/share/fish/vendor_completions.d/croft.fish': '-rw-r--r--',
              '/usr/share/zsh/vendor-completions/_croft': '-rw-r--r--',
              **{f'/usr/libexec/croft/{name}': '-rwxr-xr-x' for name in (
                  'croft-from', 'croft-idmap', 'croft-import', 'croft-root', 'croft-scope', 'croft-seccomp', 'croft-subid', 'grant')},
              **{f'/usr/libexec/croft/gitlab/{name}': '-rwxr-xr-x' for name in ('cleanup', 'config', 'prepare', 'run', 'settings')},
              **{f'/usr/share/man/{page}.gz': '-rw-r--r--' for page in (
                  'man1/croft.1', 'man1/croft-doctor.1', 'man1/croft-exec.1', 'man1/croft-plan.1', 'man1/croft-policy.1', 'man1/croft-root.1',
                  'man1/croft-run.1', 'man5/croft-file.5', 'man5/croft-policy.5', 'man7/croft.7', 'man8/croft-idmap.8')},
              **{f'/usr/share/man/man1/croft-{verb}.1.gz -> croft-exec.1.gz': 'lrwxrwxrwx' for verb in ('attach', 'logs', 'ps', 'stop')}},
    'croft-gate': {GATE: '-rwxr-xr-x', '/etc/croft/policy.d/croft-gate.conf': '-rw-r--r--', '/usr/share/croft-gate/choice': '-rw-r--r--',
                   '/usr/share/man/man8/croft-gate.8.gz': '-rw-r--r--'},
}


# The same commit, built twice: where it is, and elsewhere, at another time, by somebody with another environment.
FOLDERS = {'here': '/packages', 'elsewhere': '/packages-again/another/folder'}
OTHERS = {'TZ': 'Asia/Kathmandu', 'LC_ALL': 'C', 'SOURCE_DATE_EPOCH': '86400', 'CFLAGS': '-O0', 'PREFIX': '/opt'}
_builds = {}


def needed():
    """The packages that build them, and look at them."""
    with open(DEBIAN + '/control', encoding='utf-8') as f:
        names = re.search(r'(?m)^Build-Depends:((?:.*\n)(?:[ \t].*\n)*)', f.read())[1]
    return ['dpkg-dev', 'git', 'lintian', *[re.match(r'\s*([a-z0-9+.-]+)', word)[1].removesuffix('-compat') for word in names.split(',')]]


def build(which):
    """make deb, in a folder of its own below the prefix, beside the tests; a Beside."""
    if which not in _builds:
        env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'DEB_BUILD_OPTIONS': 'nocheck', **(OTHERS if which == 'elsewhere' else {})}
        _builds[which] = Beside([os.environ.get('MAKE', 'make'), '-C', TOP, 'deb', 'O=' + Stage.prefix + FOLDERS[which]], env=env)
    return _builds[which]


def begin():
    """Has both made while other tests run, where a whole run is going to need them, and what builds them is installed."""
    if not missing_packages(*needed()):
        for which in FOLDERS:
            build(which)


class PackagesTest(CroftTest):
    time_limit = 1200
    built = None  # the folder of the packages
    base = None   # a DebianHost that has them and what they need at hand, and nothing of it installed

    def setUp(self):
        self.needs_package(*needed())
        PackagesTest.built = PackagesTest.built or self.packages_of('here')

    def packages_of(self, which):
        status, said = build(which).end()
        self.assertEqual(status, 0, said[-3000:])
        return Stage.prefix + FOLDERS[which] + '/deb'

    def packages(self):
        """{name of the package: path}"""
        return {name.partition('_')[0]: f'{self.built}/{name}' for name in os.listdir(self.built) if name.endswith('.deb')}

    def field(self, package, name):
        return subprocess.run(['dpkg-deb', '-f', self.packages()[package], name], check=True, capture_output=True,
                              text=True).stdout.strip()


class Built(PackagesTest):
    def test_each_holds_its_files_with_their_modes(self):
        for package, expected in FILES.items():
            out = subprocess.run(['dpkg-deb', '-c', self.packages()[package]], check=True, capture_output=True, text=True).stdout
            lines = [line.split(None, 5) for line in out.splitlines()]
            self.assertEqual({owner for _, owner, *_ in lines}, {'root/root'})
            found = {path.removeprefix('.'): mode for mode, _, _, _, _, path in lines}
            folders = {path for path in found if any(other != path and other.startswith(path) for other in found)}
            self.assertEqual({found[path] for path in folders}, {'drwxr-xr-x'})
            # where AppArmor has a word for user namespaces, else where it loads nothing
            profiles = [found.pop(path, None) for path in ('/etc/apparmor.d/croft', '/usr/share/apparmor/extra-profiles/croft')]
            self.assertEqual(sorted(filter(None, profiles)), ['-rw-r--r--'] if package == 'croft' else [])
            self.assertEqual({path: mode for path, mode in found.items() if path not in folders
                              and not path.startswith(('/usr/share/doc/', '/usr/share/lintian/'))}, expected)

    def test_there_are_two_and_their_debug_symbols(self):
        self.assertEqual(sorted(self.packages()), ['croft', 'croft-dbgsym', 'croft-gate', 'croft-gate-dbgsym'])

    def test_only_the_gate_needs_the_other(self):
        version = self.field('croft', 'Version')
        self.assertIn(f'croft (= {version})', self.field('croft-gate', 'Depends'))
        for name in ('Depends', 'Recommends', 'Pre-Depends'):
            self.assertNotIn('croft-gate', self.field('croft', name))

    def test_the_version_is_that_of_the_programs(self):
        r = self.croft(USER, '--version')
        self.assertRan(r)
        self.assertEqual(self.field('croft', 'Version').rpartition('-')[0], r.out.split()[1])

    def test_the_policies_are_conffiles_and_nothing_else_is(self):
        for package, conffiles in (('croft', ['/etc/croft/policy.conf']), ('croft-gate', ['/etc/croft/policy.d/croft-gate.conf'])):
            out = subprocess.run(['dpkg-deb', '--ctrl-tarfile', self.packages()[package]], check=True, capture_output=True).stdout
            r = subprocess.run(['tar', '-xO', '-f', '-', './conffiles'], input=out, capture_output=True, check=False)
            self.assertEqual(r.stdout.decode().split(), conffiles)

    def test_pages_name_the_paths_of_the_package(self):
        folder = self.make_dir('root')
        for package, page, path in (('croft', 'man5/croft-policy.5', '/usr/share/doc/croft/policy.conf'),
                                    ('croft', 'man8/croft-idmap.8', '/usr/libexec/croft/croft-idmap'),
                                    ('croft-gate', 'man8/croft-gate.8', GATE)):
            subprocess.run(['dpkg-deb', '-x', self.packages()[package], folder], check=True)
            with gzip.open(f'{folder}/usr/share/man/{page}.gz', 'rt', encoding='utf-8') as f:
                text = f.read()
            self.assertIn(path, text)
            self.assertNotIn('/usr/local', text)
            self.assertTrue(os.path.exists(folder + path), path)

    def test_lintian_finds_nothing(self):
        folder = self.make_dir(USER)  # it wants to be an ordinary user's
        for name in os.listdir(self.built):
            shutil.copy(f'{self.built}/{name}', f'{folder}/{name}')
        changes = [f'{folder}/{name}' for name in os.listdir(folder) if name.endswith('.changes')]
        self.assertEqual(len(changes), 1)
        lintian = ['lintian', '--fail-on', 'error,warning']
        alone = ['--no-override', f'{folder}/{os.path.basename(self.packages()["croft-gate"])}']
        with ThreadPoolExecutor() as pool:  # at once: each takes long, on one processor
            r, whole = pool.map(lambda words: self.run_as(USER, [*lintian, *words], timeout=300, env={'TMPDIR': folder}), (alone, changes))
        self.assertEqual(r.status, 2, r)
        self.assertIn('W: croft-gate: shared-library-lacks-prerequisites', r.out)
        self.assertRan(whole)
        self.assertEqual(whole.out, '')

    def test_a_build_elsewhere_and_at_another_time_gives_the_same_bytes(self):
        again = self.packages_of('elsewhere')
        self.assertEqual(len(self.packages()), 4)
        archives = [name for name in os.listdir(self.built) if '.tar.' in name]
        self.assertEqual(len(archives), 2, archives)  # that of make dist is one of them
        for path in [*self.packages().values(), *(f'{self.built}/{name}' for name in archives)]:
            with open(path, 'rb') as one, open(f'{again}/{os.path.basename(path)}', 'rb') as other:
                self.assertTrue(one.read() == other.read(), path)


class Installed(PackagesTest):
    def setUp(self):
        super().setUp()
        if not PackagesTest.base:
            PackagesTest.base = self.make_base()
        self.host = DebianHost(self, self.make_dir('root'), self.base)

    def make_base(self):
        """The mirror is asked once, here; what apt-get installs later is what the packages say they need."""
        folder = self.prefix + '/packages/base'
        os.mkdir(folder)
        base = DebianHost(self, folder)
        os.mkdir(folder + '/packages')
        for package in FILES:
            shutil.copy(self.packages()[package], f'{folder}/packages/{package}.deb')
            self.renew(package, folder)
        base.ran('apt-get', 'update', '-qq')
        base.ran('apt-get', 'install', '-qq', '--no-install-recommends', '--download-only', '/packages/croft.deb',
                 *self.needs_of_the_main_job())
        return base

    def renew(self, package, folder):
        """The package with the next version, as packages/PACKAGE-new.deb below folder."""
        tree = self.make_dir('root')
        subprocess.run(['dpkg-deb', '-R', self.packages()[package], tree], check=True)
        version = self.field(package, 'Version')
        with open(tree + '/DEBIAN/control', encoding='utf-8') as f:
            text = f.read()
        self.write(tree + '/DEBIAN/control', text.replace(version, version + '+1'))
        subprocess.run(['dpkg-deb', '--root-owner-group', '-b', tree, f'{folder}/packages/{package}-new.deb'], check=True,
                       stdout=subprocess.DEVNULL)

    @staticmethod
    def needs_of_the_main_job():
        with open(DEBIAN + '/tests/control', encoding='utf-8') as f:
            return re.search(r'(?m)^Depends: @, (.*)$', f.read())[1].split(', ')

    def install(self, *names, command='install'):
        return self.host.ran('apt-get', command, '-q', '-y', '--no-install-recommends',
                             *(name if '.' not in name else '/packages/' + name for name in names))

    def upgrade(self):
        self.install('croft-new.deb', 'croft-gate-new.deb')
        self.assertRegex(self.host.ran('dpkg-query', '-W', 'croft-gate'), r'\+1$')

    def users(self, *names):
        for name in names:
            self.host.ran('useradd', '-m', name)

    def caps(self, path=GATE):
        return self.host.ran('getcap', path).partition(' ')[2].strip()

    def mode(self, path=GATE):
        return self.host.ran('stat', '-c', '%a %U %G', path).strip()

    def choose(self, word):
        os.makedirs(self.host.root + '/etc/default', exist_ok=True)
        self.write(self.host.root + CHOICE, f'# ours\nCROFT_GATE={word}\n')

    def gate(self, user):
        return self.host.run('croft', 'run', '--gate', 'host', '--', 'sh', '-c', 'id -u; cat /proc/self/uid_map', user=user)

    def assertMakesIds(self, user):
        r = self.gate(user)
        self.assertRan(r)
        self.assertRegex(r.out, r'^0\n +0 +\d+ +1\n +1 +\d+ +65536\n$')

    def assertMakesPlain(self, user):
        r = self.gate(user)
        self.assertRan(r)
        self.assertEqual(r.out.split(), [self.host.ran('id', '-u', user).strip(), '0', '0', '4294967295'])

    def ours(self):
        """What is there of the packages."""
        return sorted(self.host.ran('find', '/', '-xdev', '(', '-path', '/packages', '-o', '-path', '/source', ')', '-prune',
                             '-o', '-name', '*croft*', '-print').split())

    def test_the_main_job_works_with_what_the_package_brings(self):
        self.install('croft.deb')
        self.users('alice')
        self.assertEqual(self.caps('/usr/libexec/croft/croft-idmap'), 'cap_setgid,cap_setuid=p')
        r = self.host.run('croft', 'run', 'host', '--', 'sh', '-c', 'id -u; cat /proc/self/uid_map', user='alice')
        self.assertRan(r)
        self.assertRegex(r.out, r'^0\n +0 +\d+ +1\n +1 +\d+ +65536\n$')
        self.assertRegex(self.host.ran('croft', 'policy', 'check', user='alice'), 'no mistakes')

    def test_the_packages_own_test_passes(self):
        self.install('croft.deb', *self.needs_of_the_main_job())
        os.mkdir(self.host.root + '/source')
        shutil.copytree(DEBIAN, self.host.root + '/source/debian')
        shutil.copytree(TOP + '/tools', self.host.root + '/source/tools')
        out = self.host.ran('sh', '-c', 'cd /source && ./debian/tests/main-job')
        self.assertRegex(out, r'(?m)^all of it as an ordinary user, without sudo$')

    def test_the_gate_does_not_come_with_croft(self):
        self.install('croft.deb')
        self.users('alice')
        self.assertFalse(self.host.there(GATE))
        self.assertFalse(self.host.there('/usr/share/man/man8/croft-gate.8.gz'))
        self.assertRefused(self.gate('alice'), EXIT_CROFT, r'croft-gate is not installed.*\n.*: sudo apt-get install croft-gate$')
        self.install('croft-gate.deb')
        self.assertMakesIds('alice')

    def test_the_gate_comes_with_a_policy_that_keeps_the_kernel_closed(self):
        ask = ('croft', 'policy', 'explain', 'userns', 'inside')
        self.install('croft.deb')
        self.users('alice')
        self.assertRan(self.host.run(*ask, user='alice'))
        self.install('croft-gate.deb')
        r = self.host.run(*ask, user='alice')
        self.assertEqual(r.status, 1, r)
        self.assertIn('/etc/croft/policy.d/croft-gate.conf', r.out)
        for option, what in ((('--allow-userns',), 'userns inside'), (('--seccomp', 'unconfined'), 'seccomp unconfined'), (('--unmask',), 'proc unmasked')):
            r = self.host.run('croft', 'run', '--gate', *option, 'host', '--', 'true', user='alice')
            self.assertRefused(r, EXIT_CROFT, f'{what}: denied for alice: /etc/croft/policy.d/croft-gate.conf:[0-9]+ denies it')
        self.assertRegex(self.host.ran('croft', 'policy', 'check', user='alice'), 'no mistakes')

    def test_the_gate_has_three_capabilities_before_and_after_an_upgrade(self):
        self.install('croft.deb', 'croft-gate.deb')
        self.users('alice')
        for _ in range(2):
            self.assertEqual(self.caps(), IDS)
            self.assertEqual(self.mode(), '755 root root')
            self.assertMakesIds('alice')
            self.upgrade()
        self.assertEqual(self.caps(), IDS)

    def test_a_choice_made_before_it_is_installed_is_kept(self):
        self.choose('plain')
        self.install('croft.deb', 'croft-gate.deb')
        self.users('alice')
        for _ in range(2):
            self.assertEqual(self.caps(), PLAIN)
            self.assertEqual(self.host.read(CHOICE), '# ours\nCROFT_GATE=plain\n')
            self.assertMakesPlain('alice')
            self.upgrade()

    def test_a_choice_made_later_is_kept(self):
        self.install('croft.deb', 'croft-gate.deb')
        self.users('alice')
        self.assertIn('CROFT_GATE=ids', self.host.read(CHOICE))
        for word, caps in (('plain', PLAIN), ('ids', IDS), ('"plain"', PLAIN)):
            self.choose(word)
            self.host.ran('dpkg-reconfigure', 'croft-gate')
            self.assertEqual(self.caps(), caps)
        self.assertMakesPlain('alice')
        self.upgrade()
        self.assertEqual(self.caps(), PLAIN)

    def test_a_choice_that_is_none_gives_no_privilege(self):
        self.choose('all')
        r = self.host.run('apt-get', 'install', '-q', '-y', '--no-install-recommends', '/packages/croft.deb', '/packages/croft-gate.deb')
        self.assertRefused(r, 100, '.')
        self.assertIn(f'croft-gate: {CHOICE}: CROFT_GATE must be ids or plain: all', r.out + r.err)
        self.assertEqual((self.caps(), self.mode()), ('', '755 root root'))
        self.choose('plain')
        self.host.ran('dpkg', '--configure', '-a')
        self.assertEqual(self.caps(), PLAIN)

    def test_a_group_that_the_administrator_chose_stays(self):
        self.host.ran('groupadd', '--system', 'croft')
        self.users('alice', 'bob')
        self.host.ran('usermod', '-a', '-G', 'croft', 'alice')
        self.host.ran('dpkg-statoverride', '--add', 'root', 'croft', '0750', GATE)
        self.install('croft.deb', 'croft-gate.deb')
        for _ in range(2):
            self.assertEqual((self.caps(), self.mode()), (IDS, '750 root croft'))
            self.assertMakesIds('alice')
            self.assertRefused(self.gate('bob'), EXIT_CROFT, 'croft-gate: Permission denied')
            self.upgrade()

    def without_file_capabilities(self):
        """Installs on a file system without extended attributes; (mode of croft-idmap, mode of croft-gate, messages)."""
        script = '''mkdir -p /usr/libexec/croft && mount -t ramfs -o mode=755 none /usr/libexec/croft
            apt-get install -q -y --no-install-recommends /packages/croft.deb /packages/croft-gate.deb 2>&1 && cd /usr/libexec/croft &&
            getcap croft-idmap croft-gate && stat -c '%a %U %G' croft-idmap croft-gate'''
        lines = self.host.ran('sh', '-c', script).splitlines()
        return lines[-2], lines[-1], '\n'.join(lines[:-2])

    def test_without_file_capabilities_they_are_setuid_root(self):
        idmap, gate, messages = self.without_file_capabilities()
        self.assertEqual((idmap, gate), ('4755 root root', '4755 root root'))
        self.assertIn(f'no file capabilities on this file system, {GATE} becomes setuid root', messages)

    def test_without_file_capabilities_a_plain_gate_has_no_privilege(self):
        # setuid root it would make sandboxes with ids
        self.choose('plain')
        idmap, gate, messages = self.without_file_capabilities()
        self.assertEqual((idmap, gate), ('4755 root root', '755 root root'))
        self.assertIn(f'no file capabilities on this file system, {GATE} stays without privilege', messages)

    def test_a_policy_that_was_changed_survives_an_upgrade(self):
        self.install('croft.deb', 'croft-gate.deb')
        text = self.host.read('/etc/croft/policy.conf') + 'deny everyone network host\n'
        self.write(self.host.root + '/etc/croft/policy.conf', text)
        self.upgrade()
        self.assertEqual(self.host.read('/etc/croft/policy.conf'), text)

    def test_removed_they_leave_what_was_configured_and_purged_nothing(self):
        before = self.ours()
        self.assertEqual(before, [])
        self.install('croft.deb', 'croft-gate.deb')
        self.assertIn(GATE, self.ours())
        self.install('croft', 'croft-gate', command='remove')
        self.assertEqual([path for path in self.ours() if not path.startswith('/var/lib/dpkg/info/')], ['/etc/croft', '/etc/croft/policy.d/croft-gate.conf', CHOICE])
        self.install('croft', 'croft-gate', command='purge')
        self.assertEqual(self.ours(), [])
