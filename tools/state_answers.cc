#include "tools/state_answers.h"

#include "server/base/json_text.h"
#include "tools/render.h"
#include "tools/resource.h"

namespace carillon::tools {
namespace {

constexpr int kValueConcise = 2'000;
constexpr int kValueDetailed = 10'000;
constexpr std::size_t kValueExtract = 600;
constexpr int kListedConcise = 120;
constexpr int kListedDetailed = 1'000;

bool is_whole(const StateView& view) { return view.bytes <= static_cast<std::int64_t>(view.text.size()); }

// A whole value as what it is; of a longer one the beginning of its JSON.
ordered_json shown(const StateView& view, std::size_t extract_max) {
  if (is_whole(view)) return ordered_json::parse(view.text);
  return extract(view.text, std::min(extract_max, view.text.size() - 1)).text + "…";
}

// The value's facts; none where there is only a lease.
void add_value(ordered_json& facts, const StateView& view, std::size_t extract_max) {
  facts["version"] = view.version;
  if (view.version == 0) return;
  facts["value"] = shown(view, extract_max);
  if (!is_whole(view)) facts["value_bytes"] = view.bytes;
}

struct Clockface {
  const std::string& zone;
  Instant now;
};

void add_end_and_lease(ordered_json& facts, const StateView& view, const Clockface& clock) {
  add_time(facts, "expires_at", view.expires_at, clock.zone, clock.now);
  add(facts, "held_by", view.holder);
  add_time(facts, "held_until", view.until, clock.zone, clock.now);
}

void add_writer(ordered_json& facts, const StateView& view, const Clockface& clock) {
  if (view.version == 0) return;
  facts["changed_at"] = say_time(view.changed_at, clock.zone, clock.now);
  facts["changed_by"] = view.changed_by;
}

void add_namespace(ordered_json& facts, const std::string& space) {
  if (space != kDefaultNamespace) facts["namespace"] = space;
}

// As JSON, so that the text "5" and the number 5 can be told apart.
ordered_json with_value_as_json(ordered_json facts) {
  if (facts.contains("value") && !facts.contains("value_bytes")) facts["value"] = dump(facts["value"]);
  return facts;
}

std::string line(const ordered_json& row, const std::vector<std::string_view>& bare) {
  return render_row(with_value_as_json(row), bare) + "\n";
}

}  // namespace

int value_bytes_shown(Format format) { return format == Format::concise ? kValueConcise : kValueDetailed; }
int listed_bytes_shown(Format format) { return format == Format::concise ? kListedConcise : kListedDetailed; }

Answer answer(const StateChanged& changed) {
  ordered_json facts{{"key", changed.key}};
  add_namespace(facts, changed.space);
  facts["op"] = changed.op;
  if (changed.fencing > 0) facts["fencing"] = changed.fencing;
  add_time(facts, changed.fencing > 0 ? "held_until" : "released_at", changed.until, changed.zone, changed.at);
  facts["version"] = changed.version;
  add(facts, "value", changed.value);
  if (changed.length > 0) facts["length"] = changed.length;
  add_time(facts, "expires_at", changed.expires_at, changed.zone, changed.at);
  add(facts, "warnings", changed.warnings);
  return tell(facts);
}

Answer answer(const StateDetail& detail, Format format) {
  const Clockface clock{detail.zone, detail.now};
  ordered_json facts{{"key", detail.entry.key}};
  add_namespace(facts, detail.space);
  add_value(facts, detail.entry, format == Format::concise ? kValueExtract : kValueDetailed);
  add_end_and_lease(facts, detail.entry, clock);
  add_writer(facts, detail.entry, clock);
  std::vector<ResourceLink> links;
  if (!is_whole(detail.entry)) {
    const std::string uri = state_uri(detail.space, detail.entry.key);
    facts["value_resource"] = uri;
    links.push_back({uri, "value", kJson, static_cast<std::size_t>(detail.entry.bytes)});
  }
  if (detail.entry.version == 0 && detail.entry.holder.empty()) facts["found"] = false;
  add(facts, "nearest", detail.nearest);
  std::string text = render(with_value_as_json(facts)) + "\n";
  for (const StateView& earlier : detail.earlier) {
    ordered_json row;
    add_value(row, earlier, static_cast<std::size_t>(listed_bytes_shown(format)));
    add_writer(row, earlier, clock);
    text += "earlier: " + line(row, {});
    facts["earlier"].push_back(std::move(row));
  }
  if (detail.next_cursor) {
    facts["next_cursor"] = *detail.next_cursor;
    text += "earlier ones with cursor " + *detail.next_cursor + "\n";
  }
  text.pop_back();
  return {.structured = json(facts), .text = std::move(text), .links = std::move(links)};
}

Answer answer(const StatePage& page, Format format) {
  const Clockface clock{page.zone, page.now};
  ordered_json facts;
  add_namespace(facts, page.space);
  std::string text = facts.empty() ? "" : render(facts) + "\n";
  facts["keys"] = ordered_json::array();
  for (const StateView& each : page.entries) {
    ordered_json row{{"key", each.key}};
    add_value(row, each, static_cast<std::size_t>(listed_bytes_shown(format)));
    add_end_and_lease(row, each, clock);
    if (format == Format::detailed) add_writer(row, each, clock);
    text += line(row, {"key"});
    facts["keys"].push_back(std::move(row));
  }
  if (page.entries.empty()) text += "no such keys\n";
  if (page.next_cursor) {
    facts["next_cursor"] = *page.next_cursor;
    text += "more with cursor " + *page.next_cursor + ", fewer with prefix\n";
  }
  text.pop_back();
  return {.structured = json(facts), .text = std::move(text)};
}

}  // namespace carillon::tools
