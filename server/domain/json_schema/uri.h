// URIs as `$id` and `$ref` use them: resolving one against another (RFC 3986, 5.2), and fragments.
//
// Nothing here is fetched, ever; a URI is only a name. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::json_schema {

struct Uri {
  std::string scheme;
  std::optional<std::string> authority;
  std::string path;
  std::optional<std::string> query;
  std::optional<std::string> fragment;  // as written, still percent-encoded
};

Uri split_uri(std::string_view text);
std::string join_uri(const Uri& uri);

// What `reference` means when it stands in a document called `base`.
Uri resolve_uri(const Uri& base, const Uri& reference);

// %41 made A; nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace carillon::json_schema
