#include "server/cli/token.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

#include "server/base/mask.h"
#include "server/domain/caller.h"
#include "server/process/private_file.h"
#include "transport/sealed_state.h"
#include "transport/sha256.h"

namespace carillon::cli {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr const char* kChallenge = "Bearer realm=\"carillon\"";

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::system_error(errno, std::generic_category(), file.string() + ": " + what);
}

constexpr std::size_t kMachineSecretBytes = 32;

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
// Hosts speak MCP; people and their scripts use the mirror of the tools.
transport::Principal owner_of(const transport::HttpRequest& request) {
  return request.path.starts_with("/api/") ? owner_principal() : host_principal();
}

bool same(std::string_view given, std::string_view token) {
  if (given.size() != token.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(token[i]));
  return difference == 0;
}

}  // namespace

transport::Denied no_token(std::string message) {
  return {
      .status = 401, .challenge = std::string{kChallenge} + ", error=\"invalid_token\"", .message = std::move(message)};
}

transport::Principal owner_principal() {
  return {.tenant = "default",
          .agent = "owner",
          .scopes = Scopes::all().names(),
          .kind = std::string{name_of(CallerKind::person)}};
}

transport::Principal host_principal() {
  auto principal = owner_principal();
  principal.kind = name_of(CallerKind::agent);
  return principal;
}

std::string read_or_make_token(const std::filesystem::path& file) {
  // A second starter keeps the first one's.
  if (!std::filesystem::exists(file))
    process::make_private_file(file.string(), transport::to_hex(transport::random_bytes(kMachineSecretBytes)) + "\n");
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
  const auto header = request.header("Authorization");
  const auto given = header ? bearer_token(*header) : std::nullopt;
  // An agent keeps its own name and scopes also where nothing is asked.
  if (given && is_agent_token(*given)) {
    if (auto known = agents_.remembered(*given)) return *std::move(known);
    return transport::Undecided{};
  }
  if (use_ == TokenUse::not_asked) return owner_of(request);
  if (!header)
    return transport::Denied{.status = 401,
                             .challenge = kChallenge,
                             .message = "send the token of this installation as Authorization: Bearer TOKEN"};
  if (given && same(*given, token_)) return owner_of(request);
  return no_token("the token is not the one of this installation");
}

transport::AuthVerdict TokenAuthenticator::look_up(const transport::HttpRequest& request) {
  return agents_.look_up(*bearer_token(*request.header("Authorization")));
}

}  // namespace carillon::cli
