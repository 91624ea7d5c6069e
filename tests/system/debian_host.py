"""A Debian system in a container, to install packages in: the root of debian_root.py, in namespaces made by root."""
import os
import shutil
import subprocess

import debian_root

# Not a chroot: the kernel lets nobody make a user namespace in one. The mounts of the host go, so that nothing reaches them.
ENTER = '''set -e
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
pivot_root . mnt
umount -l /mnt
shift
exec chroot . "$@"'''


class DebianHost:
    """A system below a folder. Each run() has new namespaces; what is on disk stays."""

    def __init__(self, test, folder, like=None):
        """Made in an empty folder; like: a DebianHost of which it is a copy (on write)."""
        self.test, self.root = test, folder
        if like:
            self.root = folder + '/root'
            for name in ('root', 'upper', 'work'):
                os.mkdir(f'{folder}/{name}')
            subprocess.run(['mount', '-t', 'overlay', '-o', f'lowerdir={like.root},upperdir={folder}/upper,workdir={folder}/work',
                            'none', self.root], check=True)
            return
        subprocess.run(['tar', '-C', folder, '-xf', debian_root.archive(test), '--numeric-owner', '-p',
                        '--exclude=./dev/*'], check=True)
        shutil.copy('/etc/resolv.conf', folder + '/etc/resolv.conf')

    def run(self, *argv, user=None, timeout=300):
        """Runs argv in it, as root or as a user of it without any capability; returns a Result."""
        if user:
            # A second exec (env) leaves every capability of root's behind.
            argv = ('setpriv', '--reuid=' + user, '--regid=' + user, '--init-groups', '--inh-caps=-all', '--ambient-caps=-all',
                    '--reset-env', 'env', '--chdir=/home/' + user, *argv)
        return self.test.run_as('root', ['unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child',
                                         '--propagation', 'private', 'sh', '-c', ENTER, 'sh', self.root, *argv],
                                timeout=timeout, env={'DEBIAN_FRONTEND': 'noninteractive'})

    def ran(self, *argv, **kwargs):
        """run(), which must succeed; returns what it wrote to standard output."""
        result = self.run(*argv, **kwargs)
        self.test.assertRan(result)
        return result.out

    def read(self, path):
        with open(self.root + path, encoding='utf-8') as f:
            return f.read()

    def there(self, path):
        return os.path.lexists(self.root + path)
