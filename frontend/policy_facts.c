#include "frontend/policy_facts.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/text.h"
#include "frontend/privileged.h"
#include "frontend/probe.h"
#include "policy/decide.h"

enum { ORDINARY_ID = 65534 /* nobody */ };

/* ---- as an ordinary user ---- */

static int become_ordinary(void)
{
	const struct caps none = {.effective = 0};

	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) < 0 ||
	     setresuid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) < 0))
		return -errno;
	return caps_set(&none);
}

/* In a child. The step it failed in is the status of *e. */
static int try_userns(void *ctx, struct err *e)
{
	enum userns_step step = STEP_USER;
	int r = become_ordinary();

	(void)ctx;
	if (r == 0) {
		step = STEP_USERNS;
		r = unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
	}
	if (r == 0) {
		step = STEP_MOUNTS;
		r = unshare(CLONE_NEWNS) < 0 ? -errno : 0;
	}
	if (r < 0) {
		err_set(e, -r, "%s", strerror(-r));
		err_status(e, (int)step);
	}
	return r;
}

static void look_userns(const struct host_facts *h, struct userns_answer *ret)
{
	const struct probe p = {.run = try_userns};
	struct err e = {.code = 0};
	int r = probe_run(&p, &e);

	policy_level_userns(h, (enum userns_step)e.status, -r, ret);
}

/* ---- programs ---- */

static void look_program(const struct privileged *p, const struct host_facts *h, struct program_fact *ret)
{
	ret->set = privileged_file(p, h, &ret->why);
}

static enum gate_state gate_state(const struct program_fact *gate)
{
	if (gate->set == -ENOENT)
		return GATE_MISSING;
	if (gate->set < 0)
		return GATE_UNABLE;
	return gate->set == PRIVILEGED_GATE_IDS ? GATE_IDS : GATE_PLAIN;
}

/* Both serve the host itself, whatever their files have. */
static void refuse_nested(struct program_fact *f)
{
	if (f->set < 0)
		return;
	f->set = err_set(&f->why, EPERM, "it serves the host itself, and this is a user namespace");
	err_hint(&f->why, "start croft outside of the sandbox or container it is in");
}

void policy_facts_read(const struct policy *p, const struct host_facts *h, struct policy_facts *ret)
{
	*ret = (struct policy_facts){.gate_here = {.code = 0}};
	look_userns(h, &ret->userns);
	look_program(&privileged_gate, h, &ret->gate);
	look_program(&privileged_idmap, h, &ret->idmap);
	look_program(&privileged_newuidmap, h, &ret->newuidmap);
	look_program(&privileged_newgidmap, h, &ret->newgidmap);
	if (h->nested) {
		refuse_nested(&ret->gate);
		refuse_nested(&ret->idmap);
	}
	if (ret->gate.set >= 0)
		privileged_here(&privileged_gate, ret->gate.set, h, &ret->gate_here);
	ret->level = (struct level_facts){
		.userns = ret->userns.state,
		.userns_by_root = ret->userns.by_root,
		.gate = gate_state(&ret->gate),
		.installed = !p->built_in,
		.idmap = ret->idmap.set >= 0,
		.shadow = ret->newuidmap.set >= 0 || ret->newgidmap.set >= 0,
	};
}

/* ---- what follows ---- */

bool policy_facts_by_gate(const struct policy *p, const struct policy_facts *f)
{
	if (f->gate.set < 0 || f->gate_here.code || p->built_in)
		return false;
	return policy_enforced(p) || (f->userns.state != USERNS_OPEN && f->userns.state != USERNS_UNKNOWN);
}

int policy_facts_require(const struct policy *p, const struct policy_facts *f, struct err *e)
{
	const struct policy_rule *required = policy_line(p, POLICY_REQUIRED);
	char sentence[LEVEL_SENTENCE_MAX];

	if (!required || !policy_level_lacks(&f->level))
		return 0;
	err_set(e, EPERM, "%s:%u says require boundary, but here %s", QUOTE(required->file), required->line,
		policy_level_sentence(&f->level, sentence));
	return err_hint(e, "croft policy status");
}
