#include "tools/suggestions.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "server/base/ascii.h"
#include "server/domain/run_handle.h"
#include "server/domain/schedule/zone.h"
#include "server/engine/engine.h"
#include "tools/downstream.h"
#include "tools/help.h"

namespace carillon::tools {
namespace {

constexpr auto kWhenPhrases = std::to_array<std::string_view>(
    {"in 20m", "in 2 hours", "today 18:00", "tomorrow 9am", "friday 17:00", "every 15m", "every 2h from 08:00",
     "every 15m between 08:00 and 18:00 on weekdays", "every day at 07:30", "weekdays at 09:00", "mon,thu at 18:15",
     "every 2 weeks on tue at 10:00", "1st of month at 08:00", "last weekday of month at 17:00",
     "last friday of month at 17:00", "cron 0 9 * * 1-5", "rrule FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0", "manual"});

constexpr auto kMoments = std::to_array<std::string_view>(
    {"now", "today", "tomorrow", "yesterday", "today 23:59", "tomorrow 09:00", "in 1h", "in 24h", "in 3 days",
     "in 7 days", "in 14 days", "in 30 days", "24h ago", "7d ago"});

// Those that begin with the typed text, then those that contain it, each in the order they came in.
template <class Range>
Suggestions fitting(const Range& candidates, const std::string& typed) {
  const std::string wanted = lower_case(typed);
  std::vector<std::string> first;
  std::vector<std::string> later;
  for (const std::string_view candidate : candidates) {
    const std::size_t at = lower_case(candidate).find(wanted);
    if (at == std::string::npos) continue;
    (at == 0 ? first : later).emplace_back(candidate);
  }
  first.insert(first.end(), later.begin(), later.end());
  Suggestions found{.values = std::move(first), .total = 0};
  found.total = found.values.size();
  if (found.values.size() > kSuggestionsMax) found.values.resize(kSuggestionsMax);
  return found;
}

Result<Suggestions> names_of(const SuggestCall& call, Naming naming) {
  const auto named = call.ports.engine.find_names(
      call.caller, {.naming = naming, .part = call.typed, .limit = static_cast<int>(kSuggestionsMax)});
  if (!named.ok()) return named.error();
  return Suggestions{.values = named->names, .total = static_cast<std::size_t>(named->total)};
}

// The newest runs; of one task once its name and the `#` are typed.
Result<Suggestions> newest_runs(const SuggestCall& call, std::vector<RunState> states) {
  ListRuns query{.states = std::move(states), .limit = kLimitMax};
  if (const std::size_t hash = call.typed.rfind('#'); hash != std::string::npos)
    query.task = call.typed.substr(0, hash);
  const auto page = call.ports.engine.list_runs(call.caller, query);
  if (!page.ok())
    return page.error().code == ErrorCode::unknown_name ? Result<Suggestions>{Suggestions{}} : page.error();
  std::vector<std::string> handles;
  for (const auto& row : page->runs) handles.push_back(row.run);
  return fitting(handles, call.typed);
}

Result<DownstreamFound> known_downstream(const SuggestCall& call, const std::string& server) {
  return call.ports.downstream.search_tools(
      call.caller.tenant, {.server = server, .detail = DownstreamDetail::name, .limit = 10'000, .wait = Duration{0}});
}

}  // namespace

Result<Suggestions> suggest_tasks(const SuggestCall& call) { return names_of(call, Naming::task); }
Result<Suggestions> suggest_tags(const SuggestCall& call) { return names_of(call, Naming::tag); }
Result<Suggestions> suggest_pipelines(const SuggestCall& call) { return names_of(call, Naming::pipeline); }
Result<Suggestions> suggest_runs(const SuggestCall& call) { return newest_runs(call, {}); }
Result<Suggestions> suggest_failed_runs(const SuggestCall& call) {
  return newest_runs(call, {RunState::failed, RunState::unknown, RunState::missed});
}

Result<Suggestions> suggest_steps(const SuggestCall& call) {
  auto run = call.others.find("id");
  if (run == call.others.end()) run = call.others.find("run");
  if (run == call.others.end()) return Suggestions{};
  const auto detail = call.ports.engine.get_run(call.caller, {.run = run->second});
  if (!detail.ok())
    return detail.error().code == ErrorCode::unknown_name ? Result<Suggestions>{Suggestions{}} : detail.error();
  std::set<std::string> steps;
  for (const auto& step : detail->steps) steps.insert(step.step);
  return fitting(steps, call.typed);
}

Result<Suggestions> suggest_servers(const SuggestCall& call) {
  const auto found = known_downstream(call, "");
  if (!found.ok()) return found.error();
  std::vector<std::string> names;
  for (const auto& server : found->servers) names.push_back(server.name);
  return fitting(names, call.typed);
}

Result<Suggestions> suggest_tools(const SuggestCall& call) {
  const auto server = call.others.find("server");
  const std::string prefix = server == call.others.end() ? "" : server->second + ".";
  const auto found = known_downstream(call, server == call.others.end() ? "" : server->second);
  if (!found.ok())
    return found.error().code == ErrorCode::unknown_name ? Result<Suggestions>{Suggestions{}} : found.error();
  std::vector<std::string> names;
  for (const auto& tool : found->tools) names.push_back(tool.tool.substr(prefix.size()));
  std::sort(names.begin(), names.end());
  return fitting(names, call.typed);
}

Result<Suggestions> suggest_zones(const SuggestCall& call) { return fitting(zone_names(), call.typed); }
Result<Suggestions> suggest_when(const SuggestCall& call) { return fitting(kWhenPhrases, call.typed); }
Result<Suggestions> suggest_moments(const SuggestCall& call) { return fitting(kMoments, call.typed); }

// Only what begins with the typed text: an index leads to it among any number of keys.
Result<Suggestions> suggest_state_keys(const SuggestCall& call) {
  const auto space = call.others.find("namespace");
  ListState query{.prefix = call.typed, .limit = static_cast<int>(kSuggestionsMax)};
  if (space != call.others.end()) query.space = space->second;
  const auto page = call.ports.engine.list_state(call.caller, query);
  if (!page.ok())
    return page.error().code == ErrorCode::arguments_invalid ? Result<Suggestions>{Suggestions{}} : page.error();
  std::vector<std::string> keys;
  for (const auto& each : page->entries) keys.push_back(each.key);
  return fitting(keys, call.typed);
}

Result<Suggestions> suggest_guides(const SuggestCall& call) {
  std::vector<std::string_view> names;
  for (const auto& guide : guides()) names.push_back(guide.name);
  return fitting(names, call.typed);
}

}  // namespace carillon::tools
