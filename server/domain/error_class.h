// Error classes: why a run or a step did not succeed (spec pipelines.md §3), and whether time may mend it.
//
// One table; the names are the ones on the wire, in SQL and in metrics. Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace carillon {

enum class ErrorClass {
  invalid_arguments,
  tool_error,
  not_found,
  needs_sign_in,
  not_allowed,
  rate_limited,
  timeout,
  unavailable,
  protocol,
  output_invalid,
  expect_failed,
  expired,
  cancelled,
  over_budget,
  unknown_outcome,
  internal,
};

struct ErrorClassInfo {
  ErrorClass error_class;
  std::string_view name;
  bool transient;  // a later attempt may succeed without anybody changing anything
};

inline constexpr auto kErrorClasses = std::to_array<ErrorClassInfo>({
    {ErrorClass::invalid_arguments, "invalid_arguments", false},
    {ErrorClass::tool_error, "tool_error", false},
    {ErrorClass::not_found, "not_found", false},
    {ErrorClass::needs_sign_in, "needs_sign_in", false},
    {ErrorClass::not_allowed, "not_allowed", false},
    {ErrorClass::rate_limited, "rate_limited", true},
    {ErrorClass::timeout, "timeout", true},
    {ErrorClass::unavailable, "unavailable", true},
    {ErrorClass::protocol, "protocol", true},
    {ErrorClass::output_invalid, "output_invalid", false},
    {ErrorClass::expect_failed, "expect_failed", false},
    {ErrorClass::expired, "expired", false},
    {ErrorClass::cancelled, "cancelled", false},
    {ErrorClass::over_budget, "over_budget", false},
    {ErrorClass::unknown_outcome, "unknown_outcome", false},
    {ErrorClass::internal, "internal", false},
});

constexpr const ErrorClassInfo& describe(ErrorClass error_class) {
  return kErrorClasses[static_cast<std::size_t>(error_class)];
}

constexpr std::optional<ErrorClass> error_class_named(std::string_view name) {
  for (const auto& info : kErrorClasses)
    if (info.name == name) return info.error_class;
  return std::nullopt;
}

class ErrorClassSet {
 public:
  constexpr ErrorClassSet() = default;
  constexpr ErrorClassSet(std::initializer_list<ErrorClass> classes) {
    for (const ErrorClass each : classes) add(each);
  }
  constexpr void add(ErrorClass error_class) { bits_ |= bit(error_class); }
  constexpr bool has(ErrorClass error_class) const { return (bits_ & bit(error_class)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr std::uint32_t bit(ErrorClass error_class) {
    return std::uint32_t{1} << static_cast<unsigned>(error_class);
  }
  std::uint32_t bits_ = 0;
};
static_assert(kErrorClasses.size() <= 32);

}  // namespace carillon
