#include "transport/sealed_state.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json_text.h"
#include "transport/base64.h"
#include "transport/octets.h"
#include "transport/sha256.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher new_cipher() {
  Cipher cipher{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  CARILLON_CHECK(cipher != nullptr);
  return cipher;
}

// The additional data: a digest of everything the state is bound to.
std::string digest_of(const StateBinding& binding) {
  json params = *binding.params;
  for (const char* member : {"_meta", "inputResponses", "requestState"}) params.erase(member);
  return sha256(dump(json{binding.principal.tenant, binding.principal.agent, binding.method, params}));
}

}  // namespace

std::string random_bytes(std::size_t bytes) {
  std::string out(bytes, '\0');
  CARILLON_CHECK(RAND_bytes(bytes_of(out), static_cast<int>(bytes)) == 1);
  return out;
}

std::string random_token(std::size_t bytes) { return to_base64url(random_bytes(bytes)); }

StateSealer::StateSealer(std::string_view secret, std::chrono::seconds lifetime, const Clock& clock)
    : key_(secret.empty() ? random_bytes(32) : sha256(secret)), lifetime_(lifetime), clock_(clock) {}

std::string StateSealer::seal(const json& state, const StateBinding& binding) const {
  const auto expires = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()) + lifetime_;
  const std::string plain = dump(json{{"expires", expires.count()}, {"state", state}});
  const std::string bound = digest_of(binding);
  const std::string nonce = random_bytes(kNonceBytes);
  std::string sealed(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Cipher cipher = new_cipher();
  int length = 0;
  CARILLON_CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key_), bytes_of(nonce)) == 1);
  CARILLON_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) ==
                 1);
  CARILLON_CHECK(
      EVP_EncryptUpdate(cipher.get(), bytes_of(sealed), &length, bytes_of(plain), static_cast<int>(plain.size())) == 1);
  CARILLON_CHECK(EVP_EncryptFinal_ex(cipher.get(), bytes_of(sealed) + length, &length) == 1);
  CARILLON_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1);
  return to_base64url(nonce + tag + sealed);
}

std::optional<json> StateSealer::open(std::string_view sealed, const StateBinding& binding) const {
  const auto bytes = from_base64url(sealed);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes || bytes->size() > (1U << 24)) return std::nullopt;
  const std::string_view all{*bytes};
  const std::string_view nonce = all.substr(0, kNonceBytes);
  std::string tag{all.substr(kNonceBytes, kTagBytes)};
  const std::string_view body = all.substr(kNonceBytes + kTagBytes);
  const std::string bound = digest_of(binding);
  std::string plain(body.size(), '\0');
  const Cipher cipher = new_cipher();
  int length = 0;
  CARILLON_CHECK(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key_), bytes_of(nonce)) == 1);
  CARILLON_CHECK(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) ==
                 1);
  CARILLON_CHECK(
      EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &length, bytes_of(body), static_cast<int>(body.size())) == 1);
  CARILLON_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + length, &length) != 1) return std::nullopt;
  const json opened = json::parse(plain, nullptr, false);
  if (!opened.is_object()) return std::nullopt;
  const std::chrono::seconds expires{opened.value("expires", std::int64_t{0})};
  if (clock_.now().time_since_epoch() > expires) return std::nullopt;
  return opened.value("state", json(nullptr));
}

}  // namespace carillon::transport
