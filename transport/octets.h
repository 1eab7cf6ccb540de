// Text as the octets that a library of ciphers takes and fills. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace carillon::transport {

inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace carillon::transport
