/*
 * How a sandbox of croft-gate gets its id maps (sandbox/userns.c, sandbox/sandbox.c): its process forks a writer that
 * stays outside, enters its user namespace, lets the writer write, and takes its report. Each process may be killed
 * between any two steps of its own.
 *
 * Must: a command runs only with both maps; nobody waits for ever, in particular no writer without a sandbox; no
 * sandbox outlives croft. With BROKEN_END, BROKEN_REPORT or BROKEN_TIE one step is wrong, and spin has to find it.
 */
bool gid_map, uid_map;
#define WHOLE (gid_map && uid_map)

bool kill_croft, kill_sandbox, kill_writer;
bool croft_over, sandbox_over, writer_made, writer_over, tied, running;

/* Who holds which end of the two pipes, and what is in them. */
bool ready_r_sandbox, ready_w_sandbox, report_r_sandbox, report_w_sandbox;
bool ready_r_writer, ready_w_writer, report_r_writer, report_w_writer;
bool byte_there, report_there, report_good;

#define READY_HAS_READER (ready_r_sandbox || ready_r_writer)
#define READY_HAS_WRITER (ready_w_sandbox || ready_w_writer)
#define REPORT_HAS_READER (report_r_sandbox || report_r_writer)
#define REPORT_HAS_WRITER (report_w_sandbox || report_w_writer)

proctype Writer()
{
	bool good = true;

	{
#ifndef BROKEN_END
		ready_w_writer = false;
#endif
		report_r_writer = false;
		if
		:: byte_there -> byte_there = false
		:: !byte_there && !READY_HAS_WRITER -> goto out
		fi;
		atomic {
			if
			:: !sandbox_over -> gid_map = true
			:: good = false /* the kernel refuses, as it does when there is no such process any more */
			fi
		};
		atomic {
			if
			:: good && !sandbox_over -> uid_map = true
			:: good = false
			fi
		};
		atomic {
			if
			:: REPORT_HAS_READER -> report_good = good; report_there = true
			:: else
			fi
		};
out:		skip
	} unless { kill_writer };
	atomic {
		ready_r_writer = false;
		ready_w_writer = false;
		report_r_writer = false;
		report_w_writer = false;
		writer_over = true
	}
}

inline tie()
{
	tied = true;
#ifndef BROKEN_TIE
	if
	:: croft_over -> goto out
	:: else
	fi
#endif
}

inline close_all()
{
	ready_r_sandbox = false;
	ready_w_sandbox = false;
	report_r_sandbox = false;
	report_w_sandbox = false
}

proctype Sandbox()
{
	bool sent, good;

	{
		tie();
		tied = false; /* it becomes the owner */
		tie();
		atomic {
			ready_r_sandbox = true;
			ready_w_sandbox = true;
			report_r_sandbox = true;
			report_w_sandbox = true
		}
		if
		:: goto out /* no process can be made */
		:: atomic {
			ready_r_writer = true;
			ready_w_writer = true;
			report_r_writer = true;
			report_w_writer = true;
			writer_made = true;
			run Writer()
		}
		fi;
		ready_r_sandbox = false;
		report_w_sandbox = false;
		if
		:: goto out /* unshare fails: nobody is waited for */
		:: tied = false /* it gains capabilities */
		fi;
		atomic {
			if
			:: READY_HAS_READER -> byte_there = true; sent = true
			:: else -> sent = false
			fi
		}
		if
		:: sent ->
			if
			:: report_there -> good = report_good
#ifdef BROKEN_REPORT
			:: !report_there && !REPORT_HAS_WRITER -> good = true
#else
			:: !report_there && !REPORT_HAS_WRITER -> good = false
#endif
			fi
		:: else -> good = false
		fi;
		writer_over; /* waitpid */
		close_all();
		if
		:: good
		:: else -> goto out
		fi;
		assert(WHOLE);
		tied = false; /* it becomes root inside */
		tie();
		assert(WHOLE);
		running = true;
		if
		:: skip
		:: true ->
end_command:		false
		fi;
out:		skip
	} unless { kill_sandbox };
	atomic {
		close_all();
		running = false;
		sandbox_over = true
	}
}

proctype Croft()
{
	{
		skip;
end_wait:	sandbox_over
	} unless { kill_croft };
	atomic {
		croft_over = true;
		if
		:: tied -> kill_sandbox = true
		:: else
		fi
	}
}

proctype Killer()
{
	if
	:: kill_croft = true
	:: skip
	fi;
	if
	:: kill_writer = true
	:: skip
	fi;
	if
	:: kill_sandbox = true
	:: skip
	fi
}

init
{
	atomic {
		run Croft();
		run Sandbox();
		run Killer()
	}
}

ltl no_orphan { [] (croft_over -> <> sandbox_over) }
ltl no_writer_left { [] ((sandbox_over && writer_made) -> <> writer_over) }
ltl whole_while_running { [] (running -> WHOLE) }
ltl control_never_runs { [] !running }
