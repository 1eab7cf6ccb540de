#include "server/cli/token.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

#include "server/base/mask.h"
#include "server/domain/caller.h"
#include "server/process/private_file.h"

namespace carillon::cli {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr const char* kChallenge = "Bearer realm=\"carillon\"";

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::system_error(errno, std::generic_category(), file.string() + ": " + what);
}

std::string random_hex() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    fail("getrandom", "no randomness");
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// What follows the scheme, whose name may be written in any case (RFC 9110 §11.1); nothing for another scheme.
std::optional<std::string_view> bearer_token(std::string_view header) {
  if (header.size() <= kBearer.size()) return std::nullopt;
  for (std::size_t i = 0; i < kBearer.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kBearer[i]) return std::nullopt;
  }
  return header.substr(kBearer.size());
}

// Compares without telling by its duration how much was right.
bool same(std::string_view given, std::string_view token) {
  if (given.size() != token.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(token[i]));
  return difference == 0;
}

}  // namespace

transport::Principal owner_principal() {
  return {.tenant = "default", .agent = "owner", .scopes = Scopes::all().names()};
}

std::string read_or_make_token(const std::filesystem::path& file) {
  // A second starter keeps the first one's.
  if (!std::filesystem::exists(file)) process::make_private_file(file.string(), random_hex() + "\n");
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) fail(file, "the token cannot be read");
  if ((facts.st_mode & 077) != 0) {
    errno = EPERM;
    fail(file, "others may read the token; run chmod 600 on it, or delete it to get a new one");
  }
  std::ifstream stream{file};
  std::string token;
  if (!std::getline(stream, token) || token.empty()) {
    errno = EINVAL;
    fail(file, "there is no token in it; delete the file to get a new one");
  }
  register_secret(token);
  return token;
}

transport::AuthVerdict TokenAuthenticator::authenticate(const transport::HttpRequest& request) {
  if (use_ == TokenUse::not_asked) return owner_principal();
  const auto header = request.header("Authorization");
  if (!header)
    return transport::Denied{.status = 401,
                             .challenge = kChallenge,
                             .message = "send the token of this installation as Authorization: Bearer TOKEN"};
  if (const auto given = bearer_token(*header); given && same(*given, token_)) return owner_principal();
  return transport::Denied{.status = 401,
                           .challenge = std::string{kChallenge} + ", error=\"invalid_token\"",
                           .message = "the token is not the one of this installation"};
}

}  // namespace carillon::cli
