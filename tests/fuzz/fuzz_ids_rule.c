/*
 * The input is numbers in decimal: two rules, base, size, uid-min and uid-max each (0: none), and uids. What
 * the parser would take is consistent in 128-bit arithmetic: no range wraps, leaves the ids there are, meets
 * another or holds a uid that a rule is for.
 */
#include <errno.h>
#include <string.h>

#include "policy/ids_rule.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/ids.h"

enum { BYTES_MAX = 4096, UIDS_MAX = 16, NUMBERS_MAX = 8 + UIDS_MAX };

static bool same(struct id_range r, struct span s)
{
	return s.first == r.start && s.last == (wide)r.start + r.count - 1;
}

static void must_give(const struct ids_rule *r, uint32_t uid)
{
	struct span uids, ids, want = {0, 0};
	struct id_range got;
	int said = ids_rule_range(r, uid, &got);

	reference_rule(r, &uids, &ids);
	MUST(said == reference_rule_range(r, uid, &want));
	MUST(ids_rule_covers(r, uid) == (said != -ENOENT));
	MUST((said == 0) == (uid >= uids.first && uid <= uids.last));
	MUST(said != 0 || (same(got, want) && want.first >= ids.first && want.last <= ids.last));
}

/* Whether a rule has no mistake of its own. */
static bool look_at(const struct ids_rule *r, const uint64_t *uid, size_t n)
{
	char text[512] = "";
	enum ids_rule_word word = IDS_RULE_WORD_COUNT;
	struct span uids, ids;

	MUST(ids_rule_mistake(r, &word, text, sizeof(text)) == reference_rule_wrong(r));
	if (reference_rule_wrong(r)) {
		MUST(word < IDS_RULE_WORD_COUNT && text[0]);
		return false;
	}
	reference_rule(r, &uids, &ids);
	MUST(same(ids_rule_uids(r), uids) && same(ids_rule_region(r), ids) &&
	     ids_rule_last_uid(r) == uids.last);
	for (size_t i = 0; i < n; i++)
		must_give(r, (uint32_t)uid[i]);
	must_give(r, (uint32_t)uids.first);
	must_give(r, (uint32_t)uids.last);
	must_give(r, (uint32_t)uids.last + 1);
	return true;
}

static void look_at_both(const struct ids_rule *a, const struct ids_rule *b)
{
	char text[512] = "";
	enum ids_rule_word word = IDS_RULE_WORD_COUNT;
	bool conflict = reference_rules_conflict(a, b);

	MUST(ids_rule_conflict(a, b, "f:1", &word, text, sizeof(text)) == conflict);
	MUST(ids_rule_conflict(b, a, "f:1", &word, text, sizeof(text)) == conflict);
}

/* False: a value that the parser does not take. */
static bool rule_of(const uint64_t *v, struct ids_rule *ret)
{
	if (v[0] - 1 >= IDS_RULE_LAST || v[1] - 1 >= IDS_RULE_LAST || v[2] - 1 >= ID_NONE - 1 ||
	    v[3] >= ID_NONE)
		return false;
	*ret = (struct ids_rule){.base = (uint32_t)v[0],
				 .size = (uint32_t)v[1],
				 .uid_min = (uint32_t)v[2],
				 .uid_max = v[3] ? (uint32_t)v[3] : IDS_RULE_NO_MAX};
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t v[NUMBERS_MAX];
	struct ids_rule a, b;
	size_t n;
	bool good;

	if (size > BYTES_MAX)
		return 0;
	n = fuzz_numbers(data, size, v, NUMBERS_MAX);
	if (n < 8 || !rule_of(v, &a) || !rule_of(v + 4, &b))
		return 0;
	good = look_at(&a, v + 8, n - 8);
	if (look_at(&b, v + 8, n - 8) && good)
		look_at_both(&a, &b);
	return 0;
}
