/*
 * The input is numbers in decimal: two rules, base, size, uid-min and uid-max each (0: none), and uids. What
 * the parser would take is consistent in 128-bit arithmetic: no range wraps, leaves the ids there are, meets
 * another or holds a uid that a rule is for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ids_rule.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 4096, UIDS_MAX = 16 };

__extension__ typedef __int128 wide;

struct span {
	wide first, last;
};

static bool meet(struct span a, struct span b)
{
	return a.first <= b.last && b.first <= a.last;
}

static struct span span_of(struct id_range r)
{
	return (struct span){r.start, (wide)r.start + r.count - 1};
}

/* The uids that get ids, and the ids, by division in 128 bits. */
static void count(const struct ids_rule *r, struct span *uids, struct span *ids)
{
	wide users = ((wide)IDS_RULE_LAST - r->base + 1) / r->size;
	wide most = r->uid_max == IDS_RULE_NO_MAX ? (wide)ID_NONE - 1 : r->uid_max;

	*uids = (struct span){r->uid_min, (wide)r->uid_min + users - 1};
	if (uids->last > most)
		uids->last = most;
	*ids = (struct span){r->base, r->base + (uids->last - uids->first + 1) * r->size - 1};
}

static bool wrong(const struct ids_rule *r)
{
	struct span uids, ids;

	if (r->size == 0 || r->base == 0 || (wide)r->base + r->size - 1 > IDS_RULE_LAST ||
	    r->uid_max < r->uid_min)
		return true;
	count(r, &uids, &ids);
	return (r->uid_max != IDS_RULE_NO_MAX && uids.last != r->uid_max) || meet(uids, ids);
}

static void must_give(const struct ids_rule *r, uint32_t uid)
{
	struct span uids, ids, got;
	struct id_range range;
	int said = ids_rule_range(r, uid, &range);

	count(r, &uids, &ids);
	MUST((said == -ENOENT) == !ids_rule_covers(r, uid));
	MUST(ids_rule_covers(r, uid) ==
	     (uid != 0 && uid != ID_NONE && uid >= r->uid_min && uid <= r->uid_max));
	MUST((said == 0) == (uid >= uids.first && uid <= uids.last));
	if (said != 0)
		return;
	got = span_of(range);
	MUST(got.first == r->base + ((wide)uid - r->uid_min) * r->size);
	MUST(range.count == r->size && got.first >= ids.first && got.last <= ids.last);
}

/* Whether a rule has no mistake of its own. */
static bool look_at(const struct ids_rule *r, const uint32_t *uid, size_t n)
{
	char text[512] = "";
	enum ids_rule_word word = IDS_RULE_WORD_COUNT;
	struct span uids, ids;

	MUST(ids_rule_mistake(r, &word, text, sizeof(text)) == wrong(r));
	if (wrong(r)) {
		MUST(word < IDS_RULE_WORD_COUNT && text[0]);
		return false;
	}
	count(r, &uids, &ids);
	MUST(span_of(ids_rule_uids(r)).first == uids.first && span_of(ids_rule_uids(r)).last == uids.last);
	MUST(span_of(ids_rule_region(r)).first == ids.first && span_of(ids_rule_region(r)).last == ids.last);
	MUST(ids_rule_last_uid(r) == uids.last);
	for (size_t i = 0; i < n; i++)
		must_give(r, uid[i]);
	must_give(r, (uint32_t)uids.first);
	must_give(r, (uint32_t)uids.last);
	must_give(r, (uint32_t)uids.last + 1);
	return true;
}

static void look_at_both(const struct ids_rule *a, const struct ids_rule *b)
{
	struct span auids, aids, buids, bids, arule = {a->uid_min, a->uid_max},
					      brule = {b->uid_min, b->uid_max};
	char text[512] = "";
	enum ids_rule_word word = IDS_RULE_WORD_COUNT;

	count(a, &auids, &aids);
	count(b, &buids, &bids);
	MUST(ids_rule_conflict(a, b, "f:1", &word, text, sizeof(text)) ==
	     (meet(arule, brule) || meet(aids, bids) || meet(aids, buids) || meet(bids, auids)));
	MUST(ids_rule_conflict(a, b, "f:1", &word, text, sizeof(text)) ==
	     ids_rule_conflict(b, a, "f:1", &word, text, sizeof(text)));
}

/* A value that the parser would not take ends the input. */
static bool fits(uint64_t v, bool id)
{
	return v > 0 && v <= (id ? IDS_RULE_LAST : ID_NONE - 1);
}

static bool rule_of(const uint64_t *v, struct ids_rule *ret)
{
	if (!fits(v[0], true) || !fits(v[1], true) || !fits(v[2], false) || (v[3] && !fits(v[3], false)))
		return false;
	*ret = (struct ids_rule){.base = (uint32_t)v[0],
				 .size = (uint32_t)v[1],
				 .uid_min = (uint32_t)v[2],
				 .uid_max = v[3] ? (uint32_t)v[3] : IDS_RULE_NO_MAX};
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t v[8 + UIDS_MAX];
	uint32_t uid[UIDS_MAX];
	struct ids_rule a, b;
	char *text, *s, *end;
	size_t n = 0, nuids = 0;

	if (size > BYTES_MAX)
		return 0;
	text = fuzz_copy(data, size);
	for (s = text; n < sizeof(v) / sizeof(v[0]); s = end) {
		v[n] = strtoull(s, &end, 10);
		if (end == s)
			break;
		n++;
	}
	free(text);
	for (size_t i = 8; i < n; i++)
		uid[nuids++] = (uint32_t)v[i];
	if (n >= 8 && rule_of(v, &a) && rule_of(v + 4, &b)) {
		bool both = look_at(&a, uid, nuids);

		if (look_at(&b, uid, nuids) && both)
			look_at_both(&a, &b);
	}
	return 0;
}
