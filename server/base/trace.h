// Traces as W3C Trace Context has them (https://www.w3.org/TR/trace-context/): traceparent is
// 00-<32 hex: trace>-<16 hex: span>-01. The correlation id of everything that is done is a trace id, so that what is
// called downstream can go on with it. Pure but for new_trace_id(); thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon {

// 32 hexadecimal digits, not all zero; for telling things apart, not for keeping secrets.
std::string new_trace_id();
bool is_trace_id(std::string_view text);

struct TraceParent {
  std::string_view trace;  // 32 hexadecimal digits, not all zero
  std::string_view span;   // 16
};
// Views into the text. Later versions may add to its end. Nothing for what is none.
std::optional<TraceParent> read_traceparent(std::string_view text);

// The trace that a caller goes on with, or a new one.
std::string correlation_of(std::string_view traceparent);

}  // namespace carillon
