"""A Debian root file system for the tests: made by mmdebstrap once a run, unpacked by croft once a user."""
import os
import pwd
import unittest

from beside import Beside
from croft_test import Stage, missing_packages

_making = {}  # prefix of the run -> the mmdebstrap that makes the archive
_roots = {}  # (prefix, user) -> path of the root


def _suite():
    """The release of the host where it is Debian, whose keys and mirror are known to work here."""
    with open('/etc/os-release', encoding='utf-8') as f:
        fields = dict(line.rstrip('\n').split('=', 1) for line in f if '=' in line)
    return fields.get('VERSION_CODENAME', 'stable') if fields.get('ID') == 'debian' else 'stable'


def begin():
    """Has the archive made while other tests run, where a whole run is going to need it."""
    if Stage.prefix not in _making and not missing_packages('mmdebstrap'):
        tmp = Stage.prefix + '/debian.tmp'
        os.mkdir(tmp)
        # In a mount namespace of its own, so that no mount of the making is seen, or left, outside.
        _making[Stage.prefix] = Beside(
            ['unshare', '--mount', 'mmdebstrap', '--quiet', '--mode=root', '--variant=minbase',
             '--aptopt=Acquire::Languages "none"', '--dpkgopt=path-exclude=/usr/share/doc/*',
             '--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*',
             '--dpkgopt=force-unsafe-io', _suite(), Stage.prefix + '/debian.tar'], env={**os.environ, 'TMPDIR': tmp})


def archive(test):
    """The path of the archive (root's, 0644); skips the test where it cannot be made."""
    test.needs_package('mmdebstrap')
    begin()
    status, said = _making[Stage.prefix].end()
    if status != 0:
        raise unittest.SkipTest(f'mmdebstrap: {said[-500:]}')
    return Stage.prefix + '/debian.tar'


def unpacked(test, user):
    """The path of a root in the user's home, which tests share: start it with --ephemeral or --read-only.

    Unpacked in a sandbox, by root inside: 0 is the user, N is his subordinate id N - 1. Device nodes cannot be made
    there, and croft has its own.
    """
    key = (Stage.prefix, user)
    if key not in _roots:
        tar = archive(test)
        root = pwd.getpwnam(user).pw_dir + '/debian'
        os.mkdir(root)
        test.give(root, user)
        r = test.croft(user, 'run', '-v', root + ':/mnt/root', '-v', tar + ':/mnt/debian.tar:ro', 'host', '--',
                       'tar', '-C', '/mnt/root', '-xf', '/mnt/debian.tar', '--numeric-owner', '-p', '--exclude=./dev/*')
        test.assertRan(r)
        _roots[key] = root
    return _roots[key]
