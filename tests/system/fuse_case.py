"""A /dev/fuse that everybody may open, for roots that are images."""
import os
import subprocess

from croft_test import Stage


def fuse_for_all(cls):
    """Lets everybody open /dev/fuse while the tests of a class run, as udev does on most hosts; in the mount namespace of the
    tests. The node is PREFIX/fuse."""
    node = Stage.prefix + '/fuse'
    if not os.path.exists('/dev/fuse'):
        subprocess.run(['modprobe', 'fuse'], check=False)
    os.mknod(node, 0o020000, os.makedev(10, 229))
    os.chmod(node, 0o666)
    cls.addClassCleanup(os.unlink, node)
    subprocess.run(['mount', '--bind', node, '/dev/fuse'], check=True)
    cls.addClassCleanup(subprocess.run, ['umount', '--lazy', '/dev/fuse'], check=True)
