"""E5: a user mounts files of his own over /etc and asks a set-user-id program

Broke: Shifter and Sarus, which had lists of forbidden destinations.
Trick: a passwd and a shadow in which root has no password, then su.
Croft: no_new_privs, and every volume is nosuid: nobody gains anything.
Gate: the same.
Covered by: test_run_leaks.test_set_user_id_programs_give_nothing, test_run_table.test_set_user_id_programs_in_it_gain_nothing
"""
import pwd

from attacks.attack import Attack, GateAttack
from croft_test import USER


class OverEtc(Attack):
    def test_files_of_ones_own_over_etc_make_nobody_root(self):
        fake = self.home_dir()
        self.text(fake, 'passwd', 'root::0:0::/:/bin/sh\nme::1000:1000::/:/bin/sh\n')
        self.text(fake, 'shadow', 'root::1::::::\nme::1::::::\n')
        r = self.croft(USER, 'run', '-u', '1000', '-v', fake + '/passwd:/etc/passwd:ro', '-v', fake + '/shadow:/etc/shadow:ro', 'host', '--',
                       'bash', '-c', 'su root -c "id -u" </dev/null; unshare -r true; grep -E "^(NoNewPrivs|CapEff)" /proc/self/status')
        self.assertNotRegex(r.out, r'^0$')
        self.assertIn('NoNewPrivs:\t1', r.out)
        self.assertIn('CapEff:\t0000000000000000', r.out)


class OverEtcAndTheGate(GateAttack):
    SU = 'su root -c "id -u; cat /etc/shadow" </dev/null'

    def fakes(self):
        me, fake = pwd.getpwnam(USER), self.home_dir()
        self.text(fake, 'passwd', f'root::0:0::/:/bin/sh\n{USER}::{me.pw_uid}:{me.pw_gid}::/:/bin/sh\n')
        self.text(fake, 'shadow', f'root::1::::::\n{USER}::1::::::\n')
        return fake

    def test_nor_in_a_sandbox_of_the_gates(self):
        fake = self.fakes()
        for name in self.installations():
            r = self.gate('-v', fake + '/passwd:/etc/passwd:ro', '-v', fake + '/shadow:/etc/shadow:ro', 
                          *(() if name == 'plain' else ('-u', '1000')), 'host', '--', 'sh', '-c', self.SU)
            self.assertNotEqual(r.status, 0, r)
            self.assertNotRegex(r.out, '(?m)^0$')

    def test_control_without_both_su_believes_them(self):
        fake = self.fakes()
        script = ('mount --bind "$0/passwd" /etc/passwd && chmod 640 "$0/shadow" && chown 0:42 "$0/shadow" && mount --bind "$0/shadow" /etc/shadow && '
                  'exec setpriv --reuid "$1" --regid "$1" --clear-groups su root -c "id -u" </dev/null')
        r = self.run_as('root', ['unshare', '-m', 'sh', '-c', script, fake, USER])
        self.assertEqual(r.out, '0\n', r)
