// What toml++ has read, as values in the order of the document. C++, as toml++ is; all that can be said in C
// is said in C.
#include <algorithm>
#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

extern "C" {
#include "common/text.h"
#include "frontend/from/document.h"
}

namespace
{

class reader
{
	struct arena *a;
	struct err *e;

      public:
	reader(struct arena *arena, struct err *err) : a(arena), e(err)
	{
	}
	int set(struct value *v, const toml::node &from, unsigned depth);
	int add(struct value *parent, const toml::node &from, const std::string *key, unsigned line,
		unsigned depth);
	int members(struct value *v, const toml::table &from, unsigned depth);
};

value_kind kind_of(const toml::node &from)
{
	switch (from.type()) {
	case toml::node_type::table:
		return VALUE_TABLE;
	case toml::node_type::array:
		return VALUE_LIST;
	case toml::node_type::string:
		return VALUE_TEXT;
	case toml::node_type::integer:
	case toml::node_type::floating_point:
		return VALUE_NUMBER;
	case toml::node_type::boolean:
		return VALUE_FLAG;
	case toml::node_type::none:
	case toml::node_type::date:
	case toml::node_type::time:
	case toml::node_type::date_time:
		break;
	}
	return VALUE_OTHER;
}

// A table of toml++ is sorted by name; where its keys stand says their order.
int reader::members(struct value *v, const toml::table &from, unsigned depth)
{
	std::vector<std::pair<toml::source_position, std::pair<const toml::key *, const toml::node *>>>
		in_order;

	for (auto &&[key, member] : from)
		in_order.push_back({key.source().begin, {&key, &member}});
	std::sort(in_order.begin(), in_order.end(),
		  [](const auto &x, const auto &y) { return x.first < y.first; });
	for (const auto &[at, member] : in_order) {
		const std::string key(member.first->str());

		if (add(v, *member.second, &key, at.line, depth) < 0)
			return -e->code;
	}
	return 0;
}

int reader::set(struct value *v, const toml::node &from, unsigned depth)
{
	if (depth > VALUE_DEPTH_MAX)
		return document_deep(v->line, e);
	if (const auto *table = from.as_table())
		return members(v, *table, depth + 1);
	if (const auto *list = from.as_array()) {
		for (const auto &item : *list)
			if (add(v, item, nullptr, item.source().begin.line, depth + 1) < 0)
				return -e->code;
		return 0;
	}
	if (const auto *s = from.as_string()) {
		const std::string &text = s->get();

		if (text.find('\0') != std::string::npos)
			return document_nul(v->line, e);
		return value_set_text(a, v, text.data(), text.size()) ? 0 : document_memory(e);
	}
	if (const auto *n = from.as_integer())
		return value_set_integer(a, v, n->get()) ? 0 : document_memory(e);
	if (const auto *d = from.as_floating_point())
		return value_set_real(a, v, d->get()) ? 0 : document_memory(e);
	if (const auto *flag = from.as_boolean())
		v->on = flag->get();
	return 0;
}

int reader::add(struct value *parent, const toml::node &from, const std::string *key, unsigned line,
		unsigned depth)
{
	if (key && key->find('\0') != std::string::npos)
		return document_nul(line, e);
	struct value *v = value_add(a, parent, kind_of(from), key ? key->c_str() : nullptr, line);

	return v ? set(v, from, depth) : document_memory(e);
}

} // namespace

// No exception leaves this function.
extern "C" int toml_document(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e)
{
	try {
		reader r(a, e);

		return r.members(ret, toml::parse(std::string_view(text, size)), 1);
	} catch (const toml::parse_error &why) {
		struct quoted q;

		return err_set(e, EINVAL, "line %u: %s", static_cast<unsigned>(why.source().begin.line),
			       quote(&q, std::string(why.description()).c_str()));
	} catch (const std::bad_alloc &) {
		return document_memory(e);
	} catch (const std::exception &why) {
		struct quoted q;

		return err_set(e, EINVAL, "%s", quote(&q, why.what()));
	}
}
