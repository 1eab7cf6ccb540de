#include "server/domain/run_trace.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "server/base/trace.h"

namespace carillon {

std::string traceparent_of(RunId run, std::string_view correlation_id) {
  if (!is_trace_id(correlation_id)) return {};
  std::array<char, 17> span{};
  std::snprintf(span.data(), span.size(), "%016llx", static_cast<unsigned long long>(run.number()));
  return "00-" + std::string(correlation_id) + "-" + span.data() + "-01";
}

std::optional<RunId> run_of_trace(std::string_view traceparent) {
  const auto parent = read_traceparent(traceparent);
  if (!parent) return std::nullopt;
  std::int64_t number = 0;
  const auto error = std::from_chars(parent->span.data(), parent->span.data() + parent->span.size(), number, 16).ec;
  if (error != std::errc{} || number <= 0) return std::nullopt;
  return RunId{number};
}

}  // namespace carillon
