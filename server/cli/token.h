// The bearer token of a private installation: made by the first start, kept in a file of mode 0600, asked of every HTTP
// request. Its holder is the owner: tenant `default`, agent `owner`, all scopes.
//
// Thread-safe.
#pragma once

#include <filesystem>
#include <string>

#include "transport/http_handler.h"

namespace carillon::cli {

// The principal of the local socket's owner and of the token.
transport::Principal owner_principal();

// Reads the token, or makes it (256 random bits, hexadecimal). Registered with the mask. Throws std::system_error when
// the file can be neither read nor made, and refuses a file that others may read.
std::string read_or_make_token(const std::filesystem::path& file);

enum class TokenUse { required, not_asked };  // not_asked: --insecure-loopback

class TokenAuthenticator final : public transport::Authenticator {
 public:
  TokenAuthenticator(std::string token, TokenUse use) : token_(std::move(token)), use_(use) {}
  transport::AuthVerdict authenticate(const transport::HttpRequest& request) override;

 private:
  const std::string token_;
  const TokenUse use_;
};

}  // namespace carillon::cli
