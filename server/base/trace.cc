#include "server/base/trace.h"

#include <array>
#include <cstdio>
#include <random>

namespace carillon {
namespace {

constexpr std::size_t kTraceAt = 3, kTraceLength = 32, kSpanAt = 36, kSpanLength = 16, kLength = 55;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

}  // namespace

std::string new_trace_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::array<char, kTraceLength + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(random()),
                static_cast<unsigned long long>(random() | 1U));
  return text.data();
}

bool is_trace_id(std::string_view text) {
  return text.size() == kTraceLength && is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

std::optional<TraceParent> read_traceparent(std::string_view text) {
  const bool framed = text.size() >= kLength && text[kTraceAt - 1] == '-' && text[kSpanAt - 1] == '-' &&
                      text[kSpanAt + kSpanLength] == '-';
  if (!framed) return std::nullopt;
  const TraceParent parent{text.substr(kTraceAt, kTraceLength), text.substr(kSpanAt, kSpanLength)};
  if (!is_trace_id(parent.trace) || !is_hex(parent.span)) return std::nullopt;
  return parent;
}

std::string correlation_of(std::string_view traceparent) {
  const auto parent = read_traceparent(traceparent);
  return parent ? std::string(parent->trace) : new_trace_id();
}

}  // namespace carillon
