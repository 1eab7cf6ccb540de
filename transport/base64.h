// Base64 (RFC 4648 §4) and its URL form without padding (§5). Decoding is strict: alien characters, wrong padding and
// stray bits are refused. Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::transport {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace carillon::transport
