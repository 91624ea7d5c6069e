"""B9: the id -1, or one beyond 32 bits

Broke: sudo (CVE-2019-14287), polkit (CVE-2018-19788), doas outside OpenBSD (CVE-2019-15900, CVE-2019-15901).
Trick: 4294967295 means "leave it as it is" to the kernel, and other numbers wrap to 0.
Croft: a refusal.
Idmap: ids are plain decimal numbers up to 4294967294, compared before they are added.
Gate: the plan's ids have the same bounds.
Covered by: test_run_refusals.test_wrong_values, test_idmap.test_R3_arguments_are_plain_decimal_numbers, test_idmap.test_R1_R2_R3_R5_lines_that_are_refused, test_text.c
"""
from attacks.attack import Attack, PYTHON, CAPGET
from croft_test import EXIT_CROFT, USER


class MinusOne(Attack):
    def test_control_the_kernel_changes_nothing_and_says_it_did(self):
        r = self.run_as('root', [PYTHON, '-IS', '-c', CAPGET + 'n = 4294967295\nprint(libc.setresuid(ctypes.c_uint(n), ctypes.c_uint(n), ctypes.c_uint(n)), os.getuid())'])
        self.assertEqual(r.out, '0 0\n')

    def test_it_is_nobody(self):
        for value in ('-1', '4294967295', '4294967296', '18446744073709551615', '18446744073709551616', '-4294967296', '1:-1', '1:4294967295', '0x0', '00'):
            with self.subTest(value):
                r = self.croft(USER, 'run', '-u', value, 'host', '--', 'id', '-u')
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: ')
                self.assertEqual(r.out, '')
