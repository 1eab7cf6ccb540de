// SHA-256, and how bytes are written down as digits. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace carillon::transport {

std::string sha256(std::string_view text);  // 32 bytes
std::string to_hex(std::string_view bytes);

}  // namespace carillon::transport
