"""B18: the launcher is overwritten through /proc/PID/exe

Broke: runc and LXC (CVE-2019-5736), firejail (CVE-2019-12499).
Trick: the command opens /proc/1/exe with O_PATH, waits until nothing runs it, and writes.
Croft: init is not dumpable, so that its exe is closed to everybody inside.
Idmap: root's own file, which no sandbox has.
Gate: the same.
Covered by: test_run_leaks.test_croft_itself_cannot_be_written_through_proc
"""
import shutil

from attacks.attack import Attack, SELF, PYTHON, digest
from croft_test import USER


class Overwritten(Attack):
    def test_the_launcher_cannot_be_overwritten_from_inside(self):
        mine = self.home_dir() + '/croft'
        shutil.copy(self.croft_path, mine)
        self.give(mine, USER)
        before = digest(mine), digest(self.croft_path), digest(self.idmap_path)
        script = ('import os\n'
                  'for i in range(200):\n'
                  '  for pid in [p for p in os.listdir("/proc") if p.isdigit()]:\n'
                  '    try:\n'
                  '      fd = os.open(f"/proc/{pid}/exe", os.O_PATH)\n'
                  '      w = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC); os.write(w, b"owned"); print("WROTE", pid)\n'
                  '    except OSError: pass\n'
                  '    finally:\n'
                  '      try: os.close(fd)\n'
                  '      except (OSError, NameError): pass\n')
        for options in (SELF, (), ('--no-init',), ('--cap-add', 'ALL'), ('-u', '1')):
            r = self.run_as(USER, [mine, 'run', *options, 'host', '--', 'python3', '-IS', '-c', script])
            self.assertRan(r)
            self.assertEqual(r.out, '', options)
        self.assertEqual((digest(mine), digest(self.croft_path), digest(self.idmap_path)), before)

    def test_control_what_is_not_hidden_is_overwritten(self):
        mine = self.home_dir() + '/sleep'
        shutil.copy('/usr/bin/sleep', mine)
        self.give(mine, USER)
        before = digest(mine)
        script = ('import os, subprocess, sys, time\np = subprocess.Popen([sys.argv[1], "0.2"])\ntime.sleep(0.05)\nfd = os.open(f"/proc/{p.pid}/exe", os.O_PATH)\np.wait()\n'
                  'os.write(os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC), b"owned")')
        self.assertRan(self.run_as(USER, [PYTHON, '-IS', '-c', script, mine]))
        self.assertNotEqual(digest(mine), before)
