#include "server/domain/run_trace.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace carillon {
namespace {

constexpr std::size_t kTraceAt = 3, kTraceLength = 32, kSpanAt = 36, kSpanLength = 16, kLength = 55;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// Later versions may add to the end.
bool is_traceparent(std::string_view text) {
  return text.size() >= kLength && text[kTraceAt - 1] == '-' && text[kSpanAt - 1] == '-' &&
         text[kSpanAt + kSpanLength] == '-' && is_hex(text.substr(kTraceAt, kTraceLength)) &&
         is_hex(text.substr(kSpanAt, kSpanLength));
}

}  // namespace

std::string traceparent_of(RunId run, std::string_view correlation_id) {
  if (correlation_id.size() != kTraceLength || !is_hex(correlation_id)) return {};
  std::array<char, kSpanLength + 1> span{};
  std::snprintf(span.data(), span.size(), "%016llx", static_cast<unsigned long long>(run.number()));
  return "00-" + std::string(correlation_id) + "-" + span.data() + "-01";
}

std::optional<std::string> trace_id_of(std::string_view traceparent) {
  if (!is_traceparent(traceparent)) return std::nullopt;
  return std::string(traceparent.substr(kTraceAt, kTraceLength));
}

std::optional<RunId> run_of_trace(std::string_view traceparent) {
  if (!is_traceparent(traceparent)) return std::nullopt;
  const std::string_view span = traceparent.substr(kSpanAt, kSpanLength);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(span.data(), span.data() + span.size(), number, 16);
  if (error != std::errc{} || number <= 0) return std::nullopt;
  return RunId{number};
}

}  // namespace carillon
