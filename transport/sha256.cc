#include "transport/sha256.h"

#include <openssl/evp.h>

#include "server/base/check.h"

namespace carillon::transport {

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  unsigned bytes = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  CARILLON_CHECK(EVP_Digest(text.data(), text.size(), out, &bytes, EVP_sha256(), nullptr) == 1);
  return digest;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    for (const int digit : {static_cast<unsigned char>(byte) >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  return text;
}

}  // namespace carillon::transport
