#include "transport/tool_listing.h"

#include <algorithm>
#include <array>

#include "transport/base64.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kListsKept = 8;

struct KnownMember {
  const char* name;
  Revision since;
  Revision until = kNewestModern;
};
constexpr auto kMembers = std::to_array<KnownMember>({
    {"annotations", Revision::v2025_03_26},
    {"title", Revision::v2025_06_18},
    {"outputSchema", Revision::v2025_06_18},
    {"_meta", Revision::v2025_06_18},
    {"icons", Revision::v2025_11_25},
    {"execution", Revision::v2025_11_25, Revision::v2025_11_25},
});

TaskSupport task_support_in(const ToolEntry& tool) {
  const auto execution = tool.find("execution");
  if (execution == tool.end() || !execution->is_object()) return TaskSupport::forbidden;
  const std::string word = execution->value("taskSupport", "forbidden");
  if (word == "required") return TaskSupport::required;
  return word == "optional" ? TaskSupport::optional : TaskSupport::forbidden;
}

}  // namespace

ordered_json entry_for(ordered_json entry, Revision revision) {
  // What a person reads was an annotation before it had a member of its own.
  if (revision == Revision::v2025_03_26 && entry.contains("title")) entry["annotations"]["title"] = entry["title"];
  for (const auto& member : kMembers)
    if (revision < member.since || revision > member.until) entry.erase(member.name);
  // Until 2025-11-25 an output schema describes an object.
  if (!is_modern(revision) && entry.contains("outputSchema") && entry["outputSchema"].value("type", "") != "object")
    entry.erase("outputSchema");
  return entry;
}

ToolListings::Derived& ToolListings::derived(Kept& kept, const std::shared_ptr<const ToolList>& list) {
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const Derived& each) { return each.list == list; });
  if (found != kept.end()) return *found;
  if (kept.size() >= kListsKept) kept.erase(kept.begin());
  Derived fresh{list, {}, {}, {}};
  for (const auto& tool : list->tools) {
    fresh.task_support.emplace(tool.value("name", ""), task_support_in(tool));
    auto params = header_params(tool.value("inputSchema", ordered_json::object()));
    if (auto* valid = std::get_if<std::vector<HeaderParam>>(&params); valid != nullptr && !valid->empty())
      fresh.headers.emplace(tool.value("name", ""), std::move(*valid));
  }
  return kept.emplace_back(std::move(fresh));
}

std::optional<std::shared_ptr<const std::string>> ToolListings::page(const std::shared_ptr<const ToolList>& list,
                                                                     Revision revision,
                                                                     const std::optional<std::string>& cursor) {
  std::size_t first = 0;
  if (cursor && !cursor->empty()) {
    const auto last_seen = from_base64url(*cursor);
    const auto at = std::find_if(list->tools.begin(), list->tools.end(), [&](const ToolEntry& tool) {
      return last_seen && tool.value("name", "") == *last_seen;
    });
    if (at == list->tools.end()) return std::nullopt;
    first = static_cast<std::size_t>(at - list->tools.begin()) + 1;
  }
  return kept_.with([&](Kept& kept) {
    auto& text = derived(kept, list).pages[{revision, cursor.value_or("")}];
    if (!text) text = std::make_shared<const std::string>(write_page(*list, revision, first));
    return text;
  });
}

std::string ToolListings::write_page(const ToolList& list, Revision revision, std::size_t first) const {
  ordered_json result{{"tools", ordered_json::array()}};
  const std::size_t end = std::min(list.tools.size(), first + rules_.page_size);
  for (std::size_t i = first; i < end; ++i) result["tools"].push_back(entry_for(list.tools[i], revision));
  if (end < list.tools.size()) result["nextCursor"] = to_base64url(list.tools[end - 1].value("name", ""));
  if (is_modern(revision)) {
    result["resultType"] = "complete";
    result["ttlMs"] = rules_.ttl.count();
    result["cacheScope"] = rules_.cache_scope;
    result["_meta"][meta_key::kServerInfo] = ordered_json::parse(rules_.server_info.dump());
  }
  return result.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::vector<HeaderParam> ToolListings::header_params_of(const std::shared_ptr<const ToolList>& list,
                                                        const std::string& tool) {
  return kept_.with([&](Kept& kept) {
    const auto& headers = derived(kept, list).headers;
    const auto found = headers.find(tool);
    return found == headers.end() ? std::vector<HeaderParam>{} : found->second;
  });
}

std::optional<TaskSupport> ToolListings::task_support_of(const std::shared_ptr<const ToolList>& list,
                                                         const std::string& tool) {
  return kept_.with([&](Kept& kept) -> std::optional<TaskSupport> {
    const auto& support = derived(kept, list).task_support;
    const auto found = support.find(tool);
    if (found == support.end()) return std::nullopt;
    return found->second;
  });
}

}  // namespace carillon::transport
