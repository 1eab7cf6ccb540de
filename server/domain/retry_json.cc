#include "server/domain/retry_json.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/duration_text.h"
#include "server/domain/nearest.h"
#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::int64_t kAttemptsMax = 100;

json names_of(const ErrorClassSet& classes) {
  json names = json::array();
  for (const auto& info : kErrorClasses)
    if (classes.has(info.error_class)) names.push_back(info.name);
  return names;
}

std::optional<Error> read_backoff(Backoff& into, const json& value, std::string_view pointer) {
  if (!value.contains("backoff")) return std::nullopt;
  const auto* found = std::find(kBackoffNames.begin(), kBackoffNames.end(),
                                value["backoff"].is_string() ? value["backoff"].get<std::string>() : "");
  if (found == kBackoffNames.end())
    return invalid("backoff is exponential_jitter, exponential, linear or fixed", below(pointer, "backoff"),
                   value["backoff"]);
  into = static_cast<Backoff>(found - kBackoffNames.begin());
  return std::nullopt;
}

std::optional<Error> read_delay(Duration& into, const json& value, const char* member, std::string_view pointer) {
  if (!value.contains(member)) return std::nullopt;
  if (!value[member].is_string()) return invalid("give a duration", below(pointer, member), value[member]);
  auto delay = read_duration(value[member].get<std::string>(), below(pointer, member));
  if (!delay) return delay.error();
  into = *delay;
  return std::nullopt;
}

std::optional<Error> unknown_class(const json& name, const std::string& here) {
  std::vector<std::string_view> known;
  for (const auto& info : kErrorClasses) known.push_back(info.name);
  std::string all;
  for (const auto each : known) all += (all.empty() ? "" : ", ") + std::string(each);
  const std::string close = name.is_string() ? did_you_mean(nearest(name.get<std::string>(), known)) : std::string{};
  return invalid("not a class of errors" + close + "; the classes are " + all, here, name);
}

std::optional<Error> read_classes(ErrorClassSet& into, const json& list, const std::string& pointer) {
  if (!list.is_array() || list.empty())
    return invalid(R"(give a list of classes of errors, such as ["timeout", "unavailable"])", pointer, list);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto found = list[i].is_string() ? error_class_named(list[i].get_ref<const std::string&>()) : std::nullopt;
    if (!found) return unknown_class(list[i], below(pointer, std::to_string(i)));
    into.add(*found);
  }
  return std::nullopt;
}

// Which failures are repeated. Lists that would change nothing are refused: whoever wrote them expects something.
std::optional<Error> read_lists(RetryPolicy& policy, const json& value, std::string_view pointer) {
  for (const char* member : {"on", "not_on"}) {
    if (!value.contains(member)) continue;
    if (policy.max_attempts < 2)
      return invalid("nothing is repeated with one attempt; give max_attempts from 2 on", below(pointer, member),
                     value[member]);
    ErrorClassSet classes;
    if (auto error = read_classes(classes, value[member], below(pointer, member))) return error;
    if (member == std::string_view("on"))
      policy.on = classes;
    else
      policy.not_on = classes;
  }
  for (const auto& [error_class, name, transient] : kErrorClasses) {
    if (!policy.on || !policy.on->has(error_class)) continue;
    if (kNeverRepeated.has(error_class))
      return invalid(std::string(name) + " is never repeated by itself; `on_error` leads on from it, retry_run repeats",
                     below(pointer, "on"), value["on"]);
    if (policy.not_on.has(error_class))
      return invalid(std::string(name) + " is in `on` as well; leave it out of one", below(pointer, "not_on"),
                     value["not_on"]);
  }
  return std::nullopt;
}

}  // namespace

json to_json(const RetryPolicy& policy) {
  json value{{"max_attempts", policy.max_attempts},
             {"backoff", kBackoffNames[static_cast<std::size_t>(policy.backoff)]},
             {"base", to_text(policy.base)},
             {"max", to_text(policy.max)}};
  if (policy.on) value["on"] = names_of(*policy.on);
  if (!policy.not_on.empty()) value["not_on"] = names_of(policy.not_on);
  return value;
}

Result<RetryPolicy> read_retry(const json& value, std::string_view pointer) {
  static constexpr auto kKnown =
      std::to_array<std::string_view>({"max_attempts", "backoff", "base", "max", "on", "not_on"});
  RetryPolicy policy;
  const bool short_form = value.is_number_integer();
  if (!short_form && !value.is_object())
    return invalid("retries is a number, or an object with max_attempts, backoff, base, max, on, not_on",
                   std::string(pointer), value);
  const json attempts = short_form ? value : value.value("max_attempts", json(1));
  const std::string attempts_pointer = short_form ? std::string(pointer) : below(pointer, "max_attempts");
  const std::int64_t least = short_form ? 0 : 1;
  if (!attempts.is_number_integer() || attempts.get<std::int64_t>() < least ||
      attempts.get<std::int64_t>() > kAttemptsMax)
    return invalid("give a number from " + std::to_string(least) + " to 100", attempts_pointer, attempts);
  policy.max_attempts = static_cast<int>(attempts.get<std::int64_t>()) + (short_form ? 1 : 0);
  if (short_form) return policy;
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  if (auto error = read_backoff(policy.backoff, value, pointer)) return *error;
  if (auto error = read_delay(policy.base, value, "base", pointer)) return *error;
  if (auto error = read_delay(policy.max, value, "max", pointer)) return *error;
  if (auto error = read_lists(policy, value, pointer)) return *error;
  return policy;
}

}  // namespace carillon
