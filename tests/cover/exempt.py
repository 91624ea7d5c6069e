"""The system tests that need not hold where programs count what they run, and why. They are run: what they reach counts."""

UNJUDGED = {
    'test_faults.*': 'calls of the loader fail, too, which a program without counters does not have',
    'test_idmap.Faults.*': 'as test_faults',
}
