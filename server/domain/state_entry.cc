#include "server/domain/state_entry.h"

#include <algorithm>
#include <cmath>

#include "server/base/json_text.h"
#include "server/domain/duration_text.h"

namespace carillon {

namespace {

constexpr std::size_t kCurrentShownMax = 1'000;

Error invalid_entry(std::string message, const char* pointer, json received = nullptr) {
  return {ErrorCode::arguments_invalid, std::move(message), pointer, std::move(received)};
}

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Status check_name(const std::string& name, const char* what, std::size_t bytes_max) {
  const std::string subject = std::string("a ") + what;
  const std::string pointer = std::string("/") + what;
  if (name.empty() || name.size() > bytes_max) {
    Error error = invalid_entry(subject + " has 1 to " + std::to_string(bytes_max) + " bytes", pointer.c_str());
    error.details["bytes"] = name.size();
    return error;
  }
  if (!is_plain(name)) return invalid_entry(subject + " has no control characters", pointer.c_str(), name);
  return Done{};
}

// What does not belong to the operation is refused, not ignored.
Status check_members(const StateChange& change) {
  const StateOp op = change.op;
  const std::string name{name_of(op)};
  const bool of_lease = op == StateOp::acquire || op == StateOp::release;
  if (of_lease && change.value) return invalid_entry(name + " takes no value", "/value");
  if ((op == StateOp::set || op == StateOp::append) && !change.value)
    return invalid_entry(name + " needs a value; the text null is one", "/value");
  if (op == StateOp::release && !change.if_version)
    return invalid_entry("release needs the fencing number that acquire answered", "/if_version");
  if (op == StateOp::release && change.ttl) return invalid_entry("release takes no ttl", "/ttl");
  if (change.if_version && *change.if_version < 0)
    return invalid_entry("a version is 0 (there is no value yet) or more", "/if_version", *change.if_version);
  return Done{};
}

Status check_ttl(const StateChange& change) {
  if (!change.ttl) return Done{};
  const Duration longest = change.op == StateOp::acquire ? kLeaseMax : kStateTtlMax;
  if (*change.ttl > Duration{0} && *change.ttl <= longest) return Done{};
  return invalid_entry(std::string(change.op == StateOp::acquire ? "a lease" : "a value") +
                           " lasts longer than nothing and " + to_text(longest) + " at most",
                       "/ttl", to_text(*change.ttl));
}

void tell_lease(Error& error, const std::optional<StateLease>& lease) {
  if (!lease) return;
  error.details["holder"] = lease->holder;
  error.details["until"] = to_rfc3339(lease->until);
}

// `now` is the entry as it is, without what is over.
Error other_version(const StateEntry& now, const StateChange& change) {
  Error error{ErrorCode::version_conflict,
              "this is neither the version of the value, which is " + std::to_string(now.version()) +
                  ", nor the fencing number of a lease in force; read the key again and repeat the change",
              "/if_version", *change.if_version};
  error.details["current_version"] = now.version();
  if (now.value && now.value->text.size() <= kCurrentShownMax)
    error.details["current"] = json::parse(now.value->text, nullptr, false);
  tell_lease(error, now.lease);
  return error;
}

bool names_lease(const StateEntry& now, const StateChange& change) {
  return now.lease && change.if_version == now.lease->fencing;
}

// Whether the value may be changed.
Status check_turn(const StateEntry& now, const StateChange& change) {
  if (names_lease(now, change)) return Done{};
  if (change.if_version && *change.if_version != now.version()) return other_version(now, change);
  if (now.lease) return held_by(*now.lease);
  return Done{};
}

// Sums of integers stay exact; a sum that leaves them is refused, not rounded.
Result<json> sum(const json& current, const json& amount) {
  if (current.is_number_float() || amount.is_number_float()) {
    const double total = current.get<double>() + amount.get<double>();
    if (!std::isfinite(total)) return invalid_entry("the sum is not a finite number any more", "/value", amount);
    return json(total);
  }
  const auto fits = [](const json& number) {
    return !number.is_number_unsigned() || number.get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
  };
  std::int64_t total = 0;
  if (!fits(current) || !fits(amount) ||
      __builtin_add_overflow(current.get<std::int64_t>(), amount.get<std::int64_t>(), &total))
    return invalid_entry("the sum leaves the integers of 64 bits", "/value", amount);
  return json(total);
}

Error wrong_kind(const char* needed, const json& current) {
  return {ErrorCode::conflict,
          std::string(needed) + "; the value of this key is of another kind: " + current.type_name() +
              ". Set it anew or take another key",
          "/key"};
}

Result<json> new_value(const StateEntry& now, const StateChange& change) {
  if (change.op == StateOp::set) return *change.value;
  json current = now.value ? json::parse(now.value->text, nullptr, false) : json(nullptr);
  if (change.op == StateOp::increment) {
    const json amount = change.value.value_or(1);
    if (!amount.is_number()) return invalid_entry("increment adds a number", "/value", amount);
    if (!now.value) current = 0;
    if (!current.is_number()) return wrong_kind("only a number is incremented", current);
    return sum(current, amount);
  }
  if (!now.value) current = json::array();
  if (!current.is_array()) return wrong_kind("only a list is appended to", current);
  current.push_back(*change.value);
  return current;
}

Result<std::string> text_of(const json& value, StateOp op) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kStateValueBytesMax) {
    Error error{ErrorCode::too_large,
                op == StateOp::append ? "the list would have more than 1 MiB; set it anew with what is still needed"
                                      : "a value has at most 1 MiB as JSON; put larger data where a tool can read it",
                "/value"};
    error.details["bytes"] = text.size();
    return error;
  }
  if (shape_of(text).depth > kStateValueDepthMax)
    return invalid_entry("a value nests " + std::to_string(kStateValueDepthMax) + " levels deep at most", "/value");
  return text;
}

Result<StateEntry> with_value(StateEntry entry, const StateChange& change, const StateWriter& writer) {
  const StateEntry now = entry.at(writer.now);
  if (auto turn = check_turn(now, change); !turn) return turn.error();
  const auto value = new_value(now, change);
  if (!value) return value.error();
  auto text = text_of(*value, change.op);
  if (!text) return text.error();
  std::optional<Instant> expires_at;
  if (change.ttl)
    expires_at = writer.now + *change.ttl;
  else if (change.op != StateOp::set && now.value)
    expires_at = now.value->expires_at;
  entry.value = StateValue{++entry.last_number, std::move(*text), expires_at, writer.now, writer.name};
  return entry;
}

// A new lease, or with its fencing number the one in force for longer.
Result<StateEntry> acquired(StateEntry entry, const StateChange& change, const StateWriter& writer) {
  const StateEntry now = entry.at(writer.now);
  const Instant until = writer.now + change.ttl.value_or(kLeaseDefault);
  if (change.if_version) {
    if (!names_lease(now, change)) return other_version(now, change);
    entry.lease->until = until;
    return entry;
  }
  if (now.lease) return held_by(*now.lease);
  entry.lease = StateLease{++entry.last_number, writer.name, until};
  return entry;
}

// A lease that was over by itself stays so.
Result<StateEntry> released(StateEntry entry, const StateChange& change, const StateWriter& writer) {
  if (!entry.lease || entry.lease->fencing != *change.if_version) return other_version(entry.at(writer.now), change);
  entry.lease->until = std::min(entry.lease->until, writer.now);
  return entry;
}

}  // namespace

std::optional<StateOp> state_op_named(std::string_view name) {
  const auto found = std::find(kStateOpNames.begin(), kStateOpNames.end(), name);
  if (found == kStateOpNames.end()) return std::nullopt;
  return static_cast<StateOp>(found - kStateOpNames.begin());
}

Status check_state_key(const StateKey& key) {
  if (auto fits = check_name(key.space, "namespace", kStateNamespaceBytesMax); !fits) return fits;
  return check_name(key.key, "key", kStateKeyBytesMax);
}

StateEntry StateEntry::at(Instant now) const {
  StateEntry left = *this;
  if (left.value && left.value->expires_at && *left.value->expires_at <= now) left.value.reset();
  if (left.lease && left.lease->until <= now) left.lease.reset();
  return left;
}

Error held_by(const StateLease& lease) {
  Error error{ErrorCode::conflict, lease.holder + " holds this key; wait until the lease is over or released", "/key"};
  tell_lease(error, lease);
  return error;
}

Result<StateEntry> changed(const StateEntry& entry, const StateChange& change, const StateWriter& writer) {
  if (auto fits = check_members(change); !fits) return fits.error();
  if (auto fits = check_ttl(change); !fits) return fits.error();
  if (change.op == StateOp::acquire) return acquired(entry, change, writer);
  if (change.op == StateOp::release) return released(entry, change, writer);
  return with_value(entry, change, writer);
}

}  // namespace carillon
