"""The system tests that cannot hold where programs are built with sanitizers, and why. `make sanitize` says them, too."""
AS = 'the shadow alone takes more address space than the limit of the test allows'
EXEMPT = {
    'test_faults.*': 'each call of the start of the sanitizer itself would fail, and it ends the program then',
    'test_idmap.Faults.*': 'as test_faults',
    'test_idmap.StartState.test_A4_limits_that_do_not_suffice_are_said': AS,
    'test_life.Limits.test_little_address_space': AS,
    'test_life.Nasty.test_states_in_which_it_cannot_work': AS,
    'test_mask.GateWithIds.test_what_is_moved_while_it_is_decided_is_refused': 'strace counts its calls, of which the sanitizer makes the first',
    'test_packages.*': 'a package is built without',
    'test_seccomp.Profiles.test_a_list_of_what_is_allowed_as_docker_writes_it': 'the sanitizer ends by a call that is not in the list',
    'test_load.*': 'the shadow of each process is memory that croft does not use',
}
