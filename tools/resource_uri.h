// URIs of resources: run://morning-brief%23142/log, task://{name}/next.
//
// A URI is a scheme and segments between slashes; each segment is percent-encoded by itself (RFC 3986 §2), so that
// names may hold any character. Readers are lenient where nothing can be confused: `run://morning-brief#142` is
// understood although the `#` should have been encoded, since no resource of ours has a query or a fragment.
//
// Pure; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::tools {

inline constexpr std::size_t kUriBytesMax = 2'000;

struct ResourceUri {
  std::string scheme;                 // in lower case
  std::vector<std::string> segments;  // decoded
};
// Nothing for what is no URI of this form: too long, no scheme, a `%` without two hex digits, a segment that is empty,
// no UTF-8, or has control characters.
std::optional<ResourceUri> parse_uri(std::string_view text);

// "morning-brief#142" → "morning-brief%23142": everything but unreserved characters is encoded.
std::string encode_segment(std::string_view text);

using Variables = std::map<std::string, std::string>;
// What stands where the pattern has {name}; nothing when the URI does not fit. Patterns are RFC 6570 level 1, a
// variable filling a whole segment: "run://{run}/steps/{step}/output".
std::optional<Variables> match_uri(std::string_view pattern, const ResourceUri& uri);
// The pattern with its variables, in order, replaced by these values, encoded.
std::string fill_uri(std::string_view pattern, const std::vector<std::string_view>& values);

}  // namespace carillon::tools
