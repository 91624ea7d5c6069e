"""G9: an option that was made for something else changes who is asked about, or by which file

Broke: sudo (CVE-2025-32462: -h, made for listing).
Trick: any option or variable that names a host, a user or a policy.
Croft: there is none: who asks comes from the kernel, the place of the policy is compiled in.
Idmap: the same.
Gate: the same.
Covered by: test_docs.test_every_option_of_run_is_in_the_manual_and_back, b15_identity_from_the_request.test_the_kernel_says_who_asks
"""
from attacks.attack import GateAttack
from croft_test import EXIT_CROFT, USER


class Context(GateAttack):
    def test_control_a_tool_with_such_a_variable_follows_it(self):
        r = self.run_as(USER, ['sh', '-c', 'cat "${CROFT_POLICY:-/dev/null}"'], env={'CROFT_POLICY': self.text(self.home_dir(), 'p', 'mine')})
        self.assertEqual(r.out, 'mine')

    def test_no_option_or_variable_is_a_way_around_a_refusal(self):
        fake = self.home_dir()
        self.text(fake, 'policy.conf', 'version 1\nallow everyone volume /**\n')
        env = dict.fromkeys(('CROFT_POLICY', 'CROFT_CONFIG', 'CROFT_SYSCONFDIR', 'XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS', 'SYSCONFDIR'), fake)
        options = ((), ('-u', '0'), ('--hostname', 'other'), ('--name', 'root'), ('--conf', fake), ('-w', fake), ('-e', 'USER=root'), ('--map', 'self'), ('--read-only',), ('--network', 'host'),
                   ('--proc-subset', 'pid'))
        for words in options:
            r = self.croft(USER, 'run', *words, '-v', '/etc:/mnt:ro', 'host', '--', 'true', env=env, cwd=fake)
            self.assertRefused(r, EXIT_CROFT, f'^croft: (volume /etc:/mnt: denied for {USER}: |option --proc-subset|unknown option)')
        for _ in self.installations():
            for words in options[2:7]:
                self.assertRefused(self.gate(*words, '-v', '/etc:/mnt:ro', 'host', '--', 'true', env=env, cwd=fake), EXIT_CROFT, f'^croft: volume /etc:/mnt: denied for {USER}: ')
        for word in ('policy', 'config', 'sysconf', 'as-user', 'host='):
            self.assertNotIn('--' + word, self.croft(USER, 'run', '--help').out)
