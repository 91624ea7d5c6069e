#include "sandbox/filter/compile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

enum {
	STRETCHES_MAX = 160,
	ENDS_MAX = 32,      /* different answers and checks */
	NUMBERS_SEEN = 480, /* about as many numbers as kernels walk the program for */
	/* What an instruction costs when it is translated, in instructions walked: measured, see
	 * tests/bench/filter.c. */
	TRANSLATE = 40,
};

/* Numbers from `first` up to the next stretch, all of them with one end. */
struct stretch {
	uint32_t first;
	uint8_t end;
};

/* The cheapest tree over the stretches i to j. */
struct best {
	uint32_t cost;
	uint8_t split; /* the stretch that the right half begins with; 0: see chain */
	bool chain; /* every second stretch is a single number, the others have one end: number after number
		     */
};

struct builder {
	struct filter_action end[ENDS_MAX];
	uint32_t nends;
	struct stretch stretch[STRETCHES_MAX];
	uint32_t nstretches;
	struct best best[STRETCHES_MAX][STRETCHES_MAX];
	struct filter_program *out;
	/* Jumps to ends are written as the number of the end, and put right when the ends have their place.
	 */
	bool to_end[FILTER_CODE_MAX][2];
	uint32_t place[ENDS_MAX];
	bool full;
};

/* --- stretches --------------------------------------------------------------------------------------------
 */

static uint8_t end_of(struct builder *b, const struct filter_action *a)
{
	uint32_t i;

	for (i = 0; i < b->nends; i++)
		if (b->end[i].check == a->check && (a->check || b->end[i].answer == a->answer))
			return (uint8_t)i;
	if (i == ENDS_MAX) {
		b->full = true;
		return 0;
	}
	b->end[b->nends++] = *a;
	return (uint8_t)i;
}

static void add_stretch(struct builder *b, uint32_t first, uint8_t end)
{
	if (b->nstretches && b->stretch[b->nstretches - 1].end == end)
		return;
	if (b->nstretches == STRETCHES_MAX) {
		b->full = true;
		return;
	}
	b->stretch[b->nstretches++] = (struct stretch){first, end};
}

static uint32_t width(const struct builder *b, uint32_t i)
{
	uint32_t first = b->stretch[i].first;
	uint32_t next = i + 1 < b->nstretches ? b->stretch[i + 1].first : NUMBERS_SEEN;

	return next > first ? next - first : 0;
}

static bool single(const struct builder *b, uint32_t i)
{
	return i + 1 < b->nstretches && b->stretch[i + 1].first == b->stretch[i].first + 1;
}

/* --- the cheapest tree -------------------------------------------------------------------------------------
 */

static uint32_t walked(const struct builder *b, uint32_t i, uint32_t j)
{
	uint32_t n = 0;

	for (; i <= j; i++)
		n += width(b, i);
	return n;
}

/* The cost of asking for each single number in turn; UINT32_MAX where that does not do. */
static uint32_t chain_cost(const struct builder *b, uint32_t i, uint32_t j)
{
	uint32_t cost = 0, n = 0;

	if ((j - i) % 2)
		return UINT32_MAX;
	for (uint32_t k = i + 1; k < j; k += 2) {
		if (!single(b, k) || b->stretch[k + 1].end != b->stretch[i].end)
			return UINT32_MAX;
		cost += TRANSLATE + ++n;
	}
	for (uint32_t k = i; k <= j; k += 2)
		cost += n * width(b, k);
	return cost;
}

static void find_best(struct builder *b, uint32_t i, uint32_t j)
{
	struct best *best = &b->best[i][j];
	uint32_t node = TRANSLATE + walked(b, i, j);

	*best = (struct best){.cost = chain_cost(b, i, j), .chain = true};
	for (uint32_t k = i + 1; k <= j; k++) {
		uint32_t cost = node + b->best[i][k - 1].cost + b->best[k][j].cost;

		if (cost < best->cost)
			*best = (struct best){.cost = cost, .split = (uint8_t)k};
	}
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static uint32_t put(struct builder *b, uint16_t code, uint32_t k)
{
	struct filter_program *p = b->out;

	if (p->count == FILTER_CODE_MAX) {
		b->full = true;
		return 0;
	}
	p->code[p->count] = (struct sock_filter){.code = code, .k = k};
	return p->count++;
}

static void jump_to_end(struct builder *b, uint32_t at, bool yes, uint32_t end)
{
	*(yes ? &b->out->code[at].jt : &b->out->code[at].jf) = (uint8_t)end;
	b->to_end[at][yes] = true;
}

/* To the next instruction that will be written. */
static void jump_here(struct builder *b, uint32_t at, bool yes)
{
	*(yes ? &b->out->code[at].jt : &b->out->code[at].jf) = (uint8_t)(b->out->count - at - 1);
}

static void put_tree(struct builder *b, uint32_t i, uint32_t j);

static void put_branch(struct builder *b, uint32_t at, bool yes, uint32_t i, uint32_t j)
{
	if (i == j) {
		jump_to_end(b, at, yes, b->stretch[i].end);
		return;
	}
	jump_here(b, at, yes);
	put_tree(b, i, j);
}

/* The stretches i to j, more than one: which of them has the number in A. As deep as there are stretches. */
static void put_tree(struct builder *b, uint32_t i, uint32_t j)
{
	const struct best *best = &b->best[i][j];
	uint32_t at = 0;

	if (!best->chain) {
		at = put(b, BPF_JMP | BPF_JGE | BPF_K, b->stretch[best->split].first);
		put_branch(b, at, false, i, best->split - 1u);
		put_branch(b, at, true, best->split, j);
		return;
	}
	for (uint32_t k = i + 1; k < j; k += 2) {
		at = put(b, BPF_JMP | BPF_JEQ | BPF_K, b->stretch[k].first);
		jump_to_end(b, at, true, b->stretch[k].end); /* else on to the next */
	}
	jump_to_end(b, at, false, b->stretch[i].end);
}

static uint32_t return_value(uint16_t answer)
{
	return answer == FILTER_ALLOW ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | answer;
}

/* The end that answers so without a check; added where there is none. */
static uint32_t plain_end(struct builder *b, uint16_t answer)
{
	const struct filter_action a = {NULL, answer};

	return end_of(b, &a);
}

static void put_check(struct builder *b, const struct filter_check *c)
{
	uint32_t at = 0;

	/* The low half comes first in every architecture that croft is built for. */
	put(b, BPF_LD | BPF_W | BPF_ABS,
	    (uint32_t)(offsetof(struct seccomp_data, args) + sizeof(uint64_t) * c->argument));
	for (uint8_t i = 0; i < c->ntests; i++) {
		at = put(b, BPF_JMP | (c->test[i].how == FILTER_IS ? BPF_JEQ : BPF_JSET) | BPF_K,
			 c->test[i].value);
		jump_to_end(b, at, true, plain_end(b, c->test[i].answer)); /* else on to the next */
	}
	jump_to_end(b, at, false, plain_end(b, c->otherwise));
}

/* Checks first: they go on to the answers, which they may add. */
static void put_ends(struct builder *b)
{
	for (uint32_t i = 0; i < b->nends; i++)
		if (b->end[i].check) {
			b->place[i] = b->out->count;
			put_check(b, b->end[i].check);
		}
	for (uint32_t i = 0; i < b->nends; i++)
		if (!b->end[i].check) {
			b->place[i] = b->out->count;
			put(b, BPF_RET | BPF_K, return_value(b->end[i].answer));
		}
}

static void put_right(struct builder *b)
{
	for (uint32_t at = 0; at < b->out->count; at++) {
		struct sock_filter *f = &b->out->code[at];

		if (b->to_end[at][true])
			f->jt = (uint8_t)(b->place[f->jt] - at - 1);
		if (b->to_end[at][false])
			f->jf = (uint8_t)(b->place[f->jf] - at - 1);
	}
}

int filter_compile(const struct filter_action *action, uint32_t arch, struct filter_program *ret,
		   struct err *e)
{
	struct builder b = {.out = ret};
	uint32_t unknown = plain_end(&b, ENOSYS), at;

	ret->count = 0;
	for (uint32_t nr = 0; nr < FILTER_NUMBERS_MAX; nr++)
		add_stretch(&b, nr, end_of(&b, &action[nr]));
	add_stretch(&b, FILTER_NUMBERS_MAX, (uint8_t)unknown); /* x32 too, whose numbers begin at 1 << 30 */
	for (uint32_t length = 1; length <= b.nstretches; length++)
		for (uint32_t i = 0; i + length <= b.nstretches; i++)
			find_best(&b, i, i + length - 1);

	put(&b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, arch));
	at = put(&b, BPF_JMP | BPF_JEQ | BPF_K, arch);
	jump_to_end(&b, at, false, unknown);
	put(&b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, nr));
	if (b.nstretches > 1)
		put_tree(&b, 0, b.nstretches - 1);
	put_ends(&b);
	if (b.full)
		return err_set(e, E2BIG, "the filter is longer than %d instructions", FILTER_CODE_MAX);
	put_right(&b);
	return 0;
}
