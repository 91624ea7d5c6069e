"""B16: user namespaces are off, and the error does not say by what

Broke: nobody; users switch the wrong protection off to make an error go away.
Trick: EPERM is Debian's knob, a chroot or a filter; ENOSPC is max_user_namespaces; EACCES is AppArmor or SELinux.
Croft: names the knob.
Covered by: test_doctor.test_a_limit_of_zero_is_enospc_and_named, test_doctor.test_a_filter_is_eperm_and_named, test_doctor.test_a_chroot_is_eperm_and_named,
    test_diagnose.c
"""
from attacks.attack import Attack
from croft_test import USER


class Knobs(Attack):
    def test_control_the_kernel_alone_says_only_that_it_did_not_work(self):
        r = self.run_as(USER, [self.probes + '/nouserns', '/usr/bin/unshare', '-U', 'true'])
        self.assertRefused(r, 1, '^unshare: unshare failed: Operation not permitted$')
        r = self.run_as(USER, ['unshare', '-r', 'sh', '-c', 'echo 0 >/proc/sys/user/max_user_namespaces; exec unshare -U true'])
        self.assertRefused(r, 1, '^unshare: unshare failed: No space left on device$')
