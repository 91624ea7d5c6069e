/*
 * How a sandbox without croft-gate gets its id maps (frontend/supervise.c, frontend/idmap.c, sandbox/sandbox.c):
 * croft clones the child, has the maps written by a program, or writes them itself, and says go. Each process may
 * be killed between any two steps of its own.
 *
 * Must: a command runs only with both maps, written by the same hand; nobody waits for ever; no child outlives croft.
 * With BROKEN_GO, BROKEN_SELF, BROKEN_TIE or BROKEN_CLOSE one step is wrong, and spin has to find it.
 */
mtype = { NONE, SUBORDINATE, SELF };      /* who wrote a map */
mtype = { ASK_SELF, ASK_SUBORDINATE, ASK_AUTO };
mtype = { BOTH, GIDS, UIDS };             /* croft-idmap; newgidmap; newuidmap */
mtype = { UNKNOWN, DONE, REFUSED, ELSE }; /* how a program ended; ELSE: shadow's are tried */

mtype gid_map = NONE, uid_map = NONE;

/* The socket: who holds the outer end, and whether go is in it. */
bool outer_croft, outer_child, outer_program, go;
#define HUNG_UP (!outer_croft && !outer_child && !outer_program)

bool kill_croft, kill_child, kill_program; /* by anybody, at any time; or by croft */
bool croft_over, child_over, child_made, tied, running;

mtype program_status;
bool program_over;

#define WHOLE (gid_map != NONE && uid_map == gid_map)

/* Steps of its own, so that it may die between them. A map is written once: the kernel refuses a second time. */
proctype Program(mtype what)
{
	{
		outer_program = false; /* execve: it is O_CLOEXEC */
		if
		:: what == BOTH -> program_status = ELSE; goto out /* not installed, no privilege, another source */
		:: program_status = REFUSED; goto out
		:: skip
		fi;
		if
		:: what == UIDS
		:: what != UIDS ->
			atomic {
				if
				:: child_over || gid_map != NONE -> program_status = REFUSED; goto out
				:: else -> gid_map = SUBORDINATE
				fi
			}
		fi;
		if
		:: what == GIDS
		:: what != GIDS ->
			atomic {
				if
				:: child_over || uid_map != NONE -> program_status = REFUSED; goto out
				:: else -> uid_map = SUBORDINATE
				fi
			}
		fi;
		program_status = DONE;
out:		skip
	} unless { kill_program };
	atomic {
		outer_program = false;
		if
		:: program_status == DONE && !kill_program
		:: program_status == ELSE && !kill_program
		:: else -> program_status = REFUSED
		fi;
		program_over = true
	}
}

inline run_program(what)
{
	atomic {
		program_over = false;
		program_status = UNKNOWN;
		outer_program = true; /* fork: a copy, up to execve */
		run Program(what)
	}
	program_over
}

inline write_self(map, ok)
{
	atomic {
		if
		:: child_over || map != NONE -> ok = false
		:: else -> map = SELF
		fi
	}
}

proctype Croft(mtype ask)
{
	bool ok = true;

	{
		atomic {
			outer_child = true;
			run Child();
			child_made = true
		};
#ifdef BROKEN_GO
		go = true;
#endif
		if
		:: ask == ASK_SELF -> ok = false
		:: else ->
			run_program(BOTH);
			ok = program_status == DONE;
			if
			:: program_status == ELSE ->
				run_program(GIDS);
				ok = program_status == DONE;
				if
				:: ok ->
					run_program(UIDS);
					ok = program_status == DONE
				:: else
				fi
			:: else
			fi
		fi;
		if
		:: !ok && ask != ASK_SUBORDINATE ->
			ok = true;
			write_self(uid_map, ok);
#ifndef BROKEN_SELF
			if
			:: ok -> write_self(gid_map, ok)
			:: else
			fi
#endif
		:: else
		fi;
		if
		:: ok -> go = true
		:: else -> kill_child = true
		fi;
		skip;
end_wait:	child_over /* while the command runs */
	} unless { kill_croft };
	atomic {
		outer_croft = false;
		croft_over = true;
		if
		:: tied -> kill_child = true /* PR_SET_PDEATHSIG */
		:: else
		fi
	}
}

inline tie()
{
	tied = true;
#ifndef BROKEN_TIE
	if
	:: HUNG_UP -> goto out
	:: else
	fi
#endif
}

proctype Child()
{
	{
#ifndef BROKEN_CLOSE
		outer_child = false;
#endif
		tie();
		if
		:: go
		:: !go && HUNG_UP -> goto out
		fi;
		assert(WHOLE);
		tied = false; /* its ids change */
		tie();
		assert(WHOLE);
		running = true;
		if
		:: skip
		:: true ->
end_command:		false
		fi;
out:		skip
	} unless { kill_child };
	atomic {
		outer_child = false;
		running = false;
		child_over = true
	}
}

/* Each may be killed, once, at any time: or never, when the killer stops before. */
proctype Killer()
{
	if
	:: kill_croft = true
	:: skip
	fi;
	if
	:: kill_child = true
	:: skip
	fi;
end_killer:
	do
	:: !kill_program && outer_program -> kill_program = true
	:: !kill_program && !program_over && child_made -> kill_program = true
	od
}

init
{
	outer_croft = true;
	if
	:: run Croft(ASK_SELF)
	:: run Croft(ASK_SUBORDINATE)
	:: run Croft(ASK_AUTO)
	fi;
	run Killer()
}

ltl no_orphan { [] ((croft_over && child_made) -> <> child_over) }
ltl whole_while_running { [] (running -> WHOLE) }
/* Where the maps were not written, the child ends. */
ltl failure_ends { [] ((kill_child && child_made) -> <> child_over) }
ltl control_never_runs { [] !running }
ltl control_never_alone { [] !(uid_map == SELF && gid_map == SUBORDINATE) }
