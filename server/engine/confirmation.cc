#include "server/engine/confirmation.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

namespace carillon {

namespace {

constexpr std::size_t kSlotsShown = 3;
constexpr Duration kOldest = std::chrono::hours{24};

// FNV-1a.
std::uint32_t short_hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::string slots_text(const Schedule& schedule, Instant from) {
  std::string text;
  for (const Slot& slot : next_slots(schedule, from - Duration{1}, kSlotsShown)) text += to_rfc3339(slot.at) + " ";
  return text;
}

template <class Number>
bool take(std::string_view& text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return true;
}

}  // namespace

Confirmation confirmation_of(const Schedule& schedule, std::string_view when, Instant shown_at) {
  return {shown_at, short_hash_of(when), short_hash_of(schedule.zone), short_hash_of(slots_text(schedule, shown_at))};
}

std::string to_text(const Confirmation& confirmation) {
  char text[64];
  std::snprintf(text, sizeof text, "%" PRIx64 "-%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32,
                static_cast<std::uint64_t>(confirmation.shown_at.time_since_epoch().count()), confirmation.when,
                confirmation.zone, confirmation.next);
  return text;
}

Result<Confirmation> read_confirmation(const std::string& text, Instant now) {
  Confirmation confirmation;
  std::int64_t shown_at = 0;
  std::string_view rest = text;
  if (!take(rest, shown_at) || !take(rest, confirmation.when) || !take(rest, confirmation.zone) ||
      !take(rest, confirmation.next) || !rest.empty())
    return Error{ErrorCode::arguments_invalid, "take confirm from the answer of preview", "/confirm",
                 text.substr(0, 100)};
  confirmation.shown_at = Instant{Duration{shown_at}};
  if (confirmation.shown_at > now || now - confirmation.shown_at > kOldest)
    return Error{ErrorCode::arguments_invalid, "this preview is older than a day; preview it again", "/confirm", text};
  return confirmation;
}

Status check_confirmed(const Confirmation& confirmation, const Schedule& schedule, std::string_view when, Instant now) {
  const Confirmation wanted = confirmation_of(schedule, when, confirmation.shown_at);
  std::vector<std::string> differs;
  if (wanted.when != confirmation.when) differs.emplace_back("when");
  if (wanted.zone != confirmation.zone) differs.emplace_back("timezone");
  if (wanted.next != confirmation.next) differs.emplace_back("next");
  if (!differs.empty()) {
    std::string list;
    for (const auto& name : differs) list += (list.empty() ? "" : ", ") + name;
    Error error{ErrorCode::conflict, "nothing was saved: what was shown and what would be saved differ in " + list,
                "/confirm", to_text(confirmation)};
    error.details["differs_in"] = differs;
    for (const Slot& slot : next_slots(schedule, now - Duration{1}, kSlotsShown))
      error.details["next"].push_back(to_rfc3339_in(slot.at, schedule.zone));
    return error;
  }
  if (is_open_ended(schedule) || next_slot(schedule, now - Duration{1})) return Done{};
  Error error{ErrorCode::when_in_past, "what was shown has passed by now; preview it again", "/when",
              std::string(when)};
  error.details["now"] = describe_local(now, schedule.zone);
  return error;
}

}  // namespace carillon
