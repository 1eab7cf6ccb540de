#include "transport/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "server/base/check.h"
#include "transport/base64.h"
#include "transport/octets.h"
#include "transport/sealed_state.h"
#include "transport/sha256.h"

namespace carillon::transport {
namespace {

constexpr std::string_view kEs256 = "ES256";
constexpr std::string_view kRs256 = "RS256";
constexpr int kCoordinateBytes = 32;
constexpr std::int64_t kAssertionSeconds = 120;

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;

std::string padded(const BIGNUM* number, int bytes) {
  std::string out(static_cast<std::size_t>(bytes), '\0');
  CARILLON_CHECK(BN_bn2binpad(number, bytes_of(out), bytes) == bytes);
  return out;
}

std::string key_number(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  CARILLON_CHECK(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
  const Number number{raw};
  const bool is_coordinate = std::string_view{name}.substr(0, 2) == "qx" || std::string_view{name}.substr(0, 2) == "qy";
  return to_base64url(padded(raw, is_coordinate ? kCoordinateBytes : BN_num_bytes(raw)));
}

// JWS wants the two numbers side by side, OpenSSL gives them in DER.
std::string raw_ecdsa(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Signature signature{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  CARILLON_CHECK(signature != nullptr);
  return padded(ECDSA_SIG_get0_r(signature.get()), kCoordinateBytes) +
         padded(ECDSA_SIG_get0_s(signature.get()), kCoordinateBytes);
}

bool is_p256(const EVP_PKEY* key) {
  std::string name(64, '\0');
  std::size_t length = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &length) != 1)
    return false;
  name.resize(length);
  return name == "prime256v1" || name == "P-256";
}

std::int64_t seconds_of(Instant now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

SigningKey SigningKey::generate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  CARILLON_CHECK(key != nullptr);
  return SigningKey{Handle{key, EVP_PKEY_free}, kEs256};
}

std::optional<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const Memory memory{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  // An empty password instead of a question at the terminal.
  EVP_PKEY* raw = PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, const_cast<char*>(""));
  if (!raw) return std::nullopt;
  Handle key{raw, EVP_PKEY_free};
  if (EVP_PKEY_is_a(raw, "RSA") == 1) return SigningKey{std::move(key), kRs256};
  if (EVP_PKEY_is_a(raw, "EC") == 1 && is_p256(raw)) return SigningKey{std::move(key), kEs256};
  return std::nullopt;
}

std::string SigningKey::private_pem() const {
  const Memory memory{BIO_new(BIO_s_mem())};
  CARILLON_CHECK(
      memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), handle_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  const char* text = nullptr;
  const long bytes = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

json SigningKey::public_jwk() const {
  if (algorithm_ == kRs256)
    return {{"kty", "RSA"},
            {"n", key_number(handle_.get(), OSSL_PKEY_PARAM_RSA_N)},
            {"e", key_number(handle_.get(), OSSL_PKEY_PARAM_RSA_E)}};
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"x", key_number(handle_.get(), OSSL_PKEY_PARAM_EC_PUB_X)},
          {"y", key_number(handle_.get(), OSSL_PKEY_PARAM_EC_PUB_Y)}};
}

std::string SigningKey::sign(std::string_view bytes) const {
  const Digest digest{EVP_MD_CTX_new()};
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t length = 0;
  CARILLON_CHECK(digest && EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, handle_.get()) == 1);
  CARILLON_CHECK(EVP_DigestSign(digest.get(), nullptr, &length, data, bytes.size()) == 1);
  std::string signature(length, '\0');
  CARILLON_CHECK(EVP_DigestSign(digest.get(), bytes_of(signature), &length, data, bytes.size()) == 1);
  signature.resize(length);
  return algorithm_ == kEs256 ? raw_ecdsa(signature) : signature;
}

std::string sign_jwt(json header, const json& claims, const SigningKey& key) {
  header["alg"] = std::string{key.algorithm()};
  const std::string body = to_base64url(header.dump()) + "." + to_base64url(claims.dump());
  return body + "." + to_base64url(key.sign(body));
}

std::string dpop_proof(const DpopClaims& claims, const SigningKey& key, Instant now) {
  json body{{"jti", random_token(16)}, {"htm", claims.method}, {"htu", claims.url}, {"iat", seconds_of(now)}};
  if (!claims.nonce.empty()) body["nonce"] = claims.nonce;
  if (!claims.access_token.empty()) body["ath"] = to_base64url(sha256(claims.access_token));
  return sign_jwt({{"typ", "dpop+jwt"}, {"jwk", key.public_jwk()}}, body, key);
}

std::string client_assertion(const std::string& client_id, const std::string& audience, const SigningKey& key,
                             Instant now) {
  const json claims{{"iss", client_id},        {"sub", client_id},       {"aud", audience},
                    {"jti", random_token(16)}, {"iat", seconds_of(now)}, {"exp", seconds_of(now) + kAssertionSeconds}};
  return sign_jwt({{"typ", "JWT"}}, claims, key);
}

}  // namespace carillon::transport
