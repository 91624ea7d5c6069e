/*
 * What the sanitizers of `make sanitize` are told, linked into every program: a privileged program takes
 * nothing from its environment (AT_SECURE), and what the environment said would be seen in a sandbox.
 * Complaints go to standard error and end the program with 99, which no program of croft's ends with.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99"
	       /* programs end by execve(2), or by _exit(2) with what they hold */
	       ":detect_leaks=0"
	       /* signals, limits and what is there of /proc are croft's to change, and not the sanitizer's */
	       ":handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0"
	       ":use_sigaltstack=0:disable_coredump=0:symbolize=0"
	       /* `nasty env` has LD_PRELOAD in it */
	       ":verify_asan_link_order=0"
	       ":detect_stack_use_after_return=0:strict_string_checks=1";
}

const char *__ubsan_default_options(void)
{
	return "exitcode=99:print_stacktrace=0:handle_segv=0";
}
