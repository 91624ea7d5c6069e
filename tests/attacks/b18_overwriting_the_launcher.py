"""B18: the launcher is overwritten through /proc/PID/exe

Broke: runc and LXC (CVE-2019-5736), firejail (CVE-2019-12499).
Trick: the command opens /proc/1/exe with O_PATH, waits until nothing runs it, and writes.
Croft: init, and what croft exec comes in by, is not dumpable, so that its exe is closed to everybody inside; a croft that a link there leads exec to is held busy by init, and Landlock keeps it from being opened.
Idmap: root's own file, which no sandbox has.
Gate: the same.
Covered by: test_run_leaks.test_croft_itself_cannot_be_written_through_proc
"""
import os
import re
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

    def test_nor_by_way_of_a_later_command(self):
        """As runc was: a link in the root leads `croft exec NAME sh` to /proc/self/exe, which is croft, of the caller's own this time; the command inside
        has every /proc/PID/exe open while it is there, and writes when croft has gone."""
        mine = self.home_dir() + '/croft'
        shutil.copy(self.croft_path, mine)
        self.give(mine, USER)
        before = digest(mine), digest(self.croft_path)
        env = {'XDG_RUNTIME_DIR': self.home_dir(mode=0o700)}
        script = ('import os, sys, time\n'
                  'os.symlink("/proc/self/exe", "/tmp/sh"); open("/tmp/script", "w").write("#!/proc/self/exe\\n"); os.chmod("/tmp/script", 0o755)\n'
                  'print("ready", flush=True)\n'
                  'held = {}\n'
                  'while not os.path.exists("/tmp/end"):\n'
                  '  for pid in [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:\n'
                  '    try: held.setdefault(os.open(f"/proc/{pid}/exe", os.O_PATH), pid) if len(held) < 900 else 0\n'
                  '    except OSError: pass\n'
                  'def croft(fd):\n'
                  '  try: return os.stat(f"/proc/self/fd/{fd}").st_size == int(sys.argv[1])\n'
                  '  except OSError: return False\n'
                  'print("held", sum(croft(fd) for fd in held), flush=True)\n'
                  'for fd in held:\n'
                  '  try: w = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC); os.write(w, b"owned"); print("WROTE")\n'
                  '  except OSError: pass\n')
        for options in (SELF, ('--cap-add', 'ALL')):
            p = self.popen_as(USER, [mine, 'run', *options, '--name', 'a', '--ulimit', 'nofile=1024', 'host', '--', 'python3', '-IS', '-c', script,
                                     str(os.path.getsize(mine))], env=env)
            self.assertEqual(p.stdout.readline(), b'ready\n')
            for word in ('/tmp/sh', '/tmp/script', 'true', '/proc/1/exe', '/proc/self/exe') * 2:
                self.run_as(USER, [mine, 'exec', 'a', word, 'doctor'], env=env)
            self.run_as(USER, [mine, 'exec', 'a', 'touch', '/tmp/end'], env=env)  # 137 where the sandbox ends before touch
            held = re.fullmatch(r'held (\d+)\n', p.communicate(timeout=30)[0].decode())
            self.assertTrue(held, 'something was written')
            if options != SELF:  # without Landlock croft is started there, and held
                self.assertGreater(int(held[1]), 0)
        self.assertEqual((digest(mine), digest(self.croft_path)), before)

    def test_control_what_is_not_hidden_is_overwritten(self):
        mine = self.home_dir() + '/sleep'
        shutil.copy('/usr/bin/sleep', mine)
        self.give(mine, USER)
        before = digest(mine)
        script = ('import os, subprocess, sys, time\np = subprocess.Popen([sys.argv[1], "0.2"])\ntime.sleep(0.05)\nfd = os.open(f"/proc/{p.pid}/exe", os.O_PATH)\np.wait()\n'
                  'os.write(os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC), b"owned")')
        self.assertRan(self.run_as(USER, [PYTHON, '-IS', '-c', script, mine]))
        self.assertNotEqual(digest(mine), before)
