#include "server/domain/ordinaut.h"

#include <algorithm>

#include "server/domain/action.h"
#include "server/domain/ordinaut_steps.h"
#include "server/domain/refusal.h"
#include "server/domain/retry_json.h"

namespace carillon {

namespace {

constexpr auto kOrdinautNames = std::to_array<std::string_view>(
    {"title", "payload", "dedupe_key", "dedupe_window_seconds", "concurrency_key", "max_retries", "backoff_strategy"});

constexpr std::int64_t kDefaultWindowSeconds = 300;

// Moves a member to another name; an error where both are there.
std::optional<Error> rename(Rewritten& rewritten, const char* from, const char* to) {
  json& arguments = rewritten.arguments;
  if (!arguments.contains(from)) return std::nullopt;
  if (arguments.contains(to))
    return invalid(std::string("give ") + to + " or " + from + ", not both", below("", from), arguments[from]);
  arguments[to] = std::move(arguments[from]);
  arguments.erase(from);
  rewritten.notes.push_back(std::string(from) + " is called " + to + " here");
  return std::nullopt;
}

std::optional<Error> rewrite_payload(Rewritten& rewritten) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"pipeline", "params"});
  json& arguments = rewritten.arguments;
  if (!arguments.contains("payload")) return std::nullopt;
  json payload = std::move(arguments["payload"]);
  arguments.erase("payload");
  if (!payload.is_object()) return invalid("payload is an object with a pipeline", "/payload", payload);
  if (auto error = unknown_member(payload, kKnown, "/payload")) return error;
  if (!payload.contains("pipeline")) return invalid("a payload has a pipeline", "/payload/pipeline");
  if (arguments.contains("steps")) return invalid("give steps or payload, not both", "/payload");
  const json& steps = payload["pipeline"];
  if (!steps.is_array()) return invalid("a pipeline is a list of steps", "/payload/pipeline", steps);
  auto rewritten_steps = from_ordinaut_steps(steps, "/payload/pipeline", rewritten.notes);
  if (!rewritten_steps) return rewritten_steps.error();
  arguments["steps"] = *std::move(rewritten_steps);
  if (payload.contains("params")) arguments["input"] = payload["params"];
  rewritten.notes.emplace_back("payload.pipeline is called steps here");
  return std::nullopt;
}

std::optional<Error> rewrite_dedupe(Rewritten& rewritten) {
  json& arguments = rewritten.arguments;
  const bool window_given = arguments.contains("dedupe_window_seconds");
  const json window = window_given ? arguments["dedupe_window_seconds"] : json(kDefaultWindowSeconds);
  arguments.erase("dedupe_window_seconds");
  if (!arguments.contains("dedupe_key")) {
    if (window_given && window != 0) return invalid("a window needs a dedupe_key", "/dedupe_window_seconds", window);
    return std::nullopt;
  }
  const json key = std::move(arguments["dedupe_key"]);
  arguments.erase("dedupe_key");
  if (!window.is_number_integer() || window.get<std::int64_t>() < 0)
    return invalid("give seconds", "/dedupe_window_seconds", window);
  if (window == 0) {
    rewritten.notes.emplace_back("dedupe_key is left out, its window is empty");
    return std::nullopt;
  }
  if (arguments.contains("dedupe")) return invalid("give dedupe or dedupe_key, not both", "/dedupe_key", key);
  arguments["dedupe"] = {{"key", key}, {"window", std::to_string(window.get<std::int64_t>()) + "s"}};
  rewritten.notes.emplace_back("dedupe_key is called dedupe.key here");
  return std::nullopt;
}

std::optional<Error> rewrite_retries(Rewritten& rewritten) {
  json& arguments = rewritten.arguments;
  if (!arguments.contains("max_retries") && !arguments.contains("backoff_strategy")) return std::nullopt;
  const json retries = arguments.value("max_retries", json(3));
  const json strategy = arguments.value("backoff_strategy", json("exponential_jitter"));
  arguments.erase("max_retries");
  arguments.erase("backoff_strategy");
  if (!retries.is_number_integer() || retries.get<std::int64_t>() < 0 || retries.get<std::int64_t>() >= 100)
    return invalid("give a number of retries from 0 to 99", "/max_retries", retries);
  json& options = arguments["options"];
  if (options.is_null()) options = json::object();
  if (!options.is_object()) return invalid("options is an object", "/options", options);
  if (options.contains("retries"))
    return invalid("give options.retries or max_retries, not both", "/max_retries", retries);
  options["retries"] = {{"max_attempts", retries.get<std::int64_t>() + 1}, {"backoff", strategy}};
  if (auto read = read_retry(options["retries"], ""); !read)
    return invalid("backoff_strategy is exponential_jitter, exponential, linear or fixed", "/backoff_strategy",
                   strategy);
  rewritten.notes.emplace_back("max_retries and backoff_strategy are called options.retries here");
  return std::nullopt;
}

// What a server of Ordinaut's said of its own copy.
std::optional<Error> leave_out(Rewritten& rewritten) {
  json& arguments = rewritten.arguments;
  if (arguments.value("dedupe_key", json("")).is_null()) arguments.erase("dedupe_window_seconds");
  for (auto member = arguments.begin(); member != arguments.end();)
    member = member->is_null() ? arguments.erase(member) : std::next(member);
  for (const char* name : {"id", "created_by", "created_at", "updated_at"})
    if (arguments.erase(name) > 0) rewritten.notes.push_back(std::string(name) + " is left out");
  if (!arguments.contains("status")) return std::nullopt;
  const json status = arguments["status"];
  arguments.erase("status");
  if (status == "active") return std::nullopt;
  if (status != "paused") {
    return status == "canceled"
               ? invalid("the task was canceled; make its status paused to import it", "/status", status)
               : invalid("a status is active, paused or canceled", "/status", status);
  }
  arguments["paused"] = true;
  rewritten.notes.emplace_back("the status paused is called paused: true here");
  return std::nullopt;
}

// Ours and Ordinaut's name of the same place, the longest first.
constexpr auto kPlaces = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"/options/retries/backoff", "/backoff_strategy"},
    {"/options/retries/max_attempts", "/max_retries"},
    {"/options/retries", "/max_retries"},
    {"/dedupe/window", "/dedupe_window_seconds"},
    {"/dedupe", "/dedupe_key"},
    {"/input", "/payload/params"},
    {"/steps", "/payload/pipeline"},
    {"/name", "/title"},
    {"/lock", "/concurrency_key"},
    {"/when", "/schedule_expr"},
});

// The approval of a step is made of its `with`; its items are the data.
std::string step_place(std::string place) {
  for (const auto& [ours, theirs] : {std::pair{"/approval/arguments/items", "/with/data"},
                                     {"/approval/within", "/with/timeout_hours"},
                                     {"/approval/arguments", "/with"},
                                     {"/approval", "/with"},
                                     {"/timeout", "/timeout_seconds"},
                                     {"/retry/max_attempts", "/max_retries"}}) {
    const auto at = place.find(ours);
    if (at != std::string::npos) return place.replace(at, std::string_view(ours).size(), theirs);
  }
  return place;
}

}  // namespace

bool is_ordinaut(const json& arguments) {
  return arguments.is_object() && std::any_of(kOrdinautNames.begin(), kOrdinautNames.end(),
                                              [&](std::string_view name) { return arguments.contains(name); });
}

Result<Rewritten> from_ordinaut(const json& arguments) {
  Rewritten rewritten{arguments, {}};
  if (auto error = leave_out(rewritten)) return *error;
  for (const auto& [from, to] : {std::pair{"title", "name"}, std::pair{"concurrency_key", "lock"}})
    if (auto error = rename(rewritten, from, to)) return *error;
  for (const auto rewrite : {rewrite_payload, rewrite_dedupe, rewrite_retries})
    if (auto error = rewrite(rewritten)) return *error;
  return rewritten;
}

std::string ordinaut_pointer(const json& arguments, std::string_view pointer) {
  if (!is_ordinaut(arguments)) return std::string(pointer);
  for (const auto& [ours, theirs] : kPlaces) {
    if (!pointer.starts_with(ours) || (pointer.size() > ours.size() && pointer[ours.size()] != '/')) continue;
    const std::string parent{theirs.substr(1, theirs.find('/', 1) - 1)};
    if (!arguments.contains(parent)) continue;
    return step_place(std::string(theirs) + std::string(pointer.substr(ours.size())));
  }
  return std::string(pointer);
}

}  // namespace carillon
