#include "catalog/auth_entry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/mask.h"
#include "server/domain/nearest.h"
#include "server/domain/refusal.h"
#include "transport/client_http.h"
#include "transport/jwt.h"
#include "transport/oauth_text.h"

namespace carillon::catalog {
namespace {

constexpr std::array<std::string_view, 8> kMembers{"grant",  "client_id",     "client_secret", "private_key",
                                                   "scopes", "redirect_port", "assertion",     "identity_provider"};
constexpr std::array<std::string_view, 3> kProviderMembers{"token_endpoint", "client_id", "id_token"};

class AuthReader {
 public:
  AuthReader(std::string where, References& references, std::vector<EntryProblem>& problems)
      : where_(std::move(where)), references_(references), problems_(problems) {}

  AuthEntry read(const ordered_json& value) {
    if (!value.is_object()) {
      problem("", "must be an object");
      return {};
    }
    check_members(value, kMembers, "");
    AuthEntry auth;
    auth.grant = read_grant(value);
    auth.client_id = text(value, "client_id");
    auth.client_secret = secret(value, "client_secret");
    auth.private_key = secret(value, "private_key");
    auth.scopes = read_scopes(value);
    auth.redirect_port = read_port(value);
    auth.assertion = reference(value, "", "assertion");
    auth.identity_provider = read_provider(value);
    check_together(value, auth);
    return auth;
  }

 private:
  void problem(const std::string& below, std::string message) {
    problems_.push_back({where_ + below, std::move(message)});
  }

  template <std::size_t N>
  void check_members(const ordered_json& value, const std::array<std::string_view, N>& known, const std::string& at) {
    for (const auto& [name, member] : value.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        problem(below(at, name), "there is no such setting" + did_you_mean(nearest(name, known)));
  }

  AuthGrant read_grant(const ordered_json& value) {
    if (!value.contains("grant")) return AuthGrant::authorization_code;
    for (std::size_t i = 0; i < kAuthGrantNames.size(); ++i)
      if (value["grant"] == std::string{kAuthGrantNames[i]}) return static_cast<AuthGrant>(i);
    problem("/grant", "must be \"authorization_code\", \"client_credentials\", \"private_key_jwt\" or \"jwt_bearer\"");
    return AuthGrant::authorization_code;
  }

  std::string plain(const ordered_json& value, const std::string& at, const char* member) {
    if (!value.contains(member)) return "";
    if (value[member].is_string() && value[member] != "") return value[member].get<std::string>();
    problem(below(at, member), "must be a string that is not empty");
    return "";
  }

  std::string text(const ordered_json& value, const char* member) {
    const auto read = references_.resolve(plain(value, "", member));
    if (!read) problem(below("", member), read.error().message);
    return read ? *read : "";
  }

  std::string secret(const ordered_json& value, const char* member) {
    std::string found = text(value, member);
    register_secret(found);
    return found;
  }

  // Kept as it is written, because what it names changes; now it only has to be readable.
  std::string reference(const ordered_json& value, const std::string& at, const char* member) {
    std::string written = plain(value, at, member);
    const auto read = references_.resolve(written);
    if (!read) problem(below(at, member), read.error().message);
    if (read) register_secret(*read);
    return written;
  }

  std::string read_scopes(const ordered_json& value) {
    if (!value.contains("scopes")) return "";
    const auto& list = value["scopes"];
    std::string scopes;
    const auto is_scope = [](const ordered_json& each) {
      return each.is_string() && each != "" &&
             each.get<std::string>().find_first_of(" \t\r\n\"\\") == std::string::npos;
    };
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_scope)) {
      problem("/scopes", "must be a list of scopes, each without blanks and quotes");
      return "";
    }
    for (const auto& each : list) scopes = transport::scope_union(scopes, each.get<std::string>());
    return scopes;
  }

  int read_port(const ordered_json& value) {
    if (!value.contains("redirect_port")) return 0;
    const auto& port = value["redirect_port"];
    if (port.is_number_integer() && port >= 1 && port <= 65535) return port.get<int>();
    problem("/redirect_port", "must be a port from 1 to 65535");
    return 0;
  }

  AuthIdentityProvider read_provider(const ordered_json& value) {
    const std::string at = "/identity_provider";
    if (!value.contains("identity_provider")) return {};
    const auto& member = value["identity_provider"];
    if (!member.is_object()) {
      problem(at, "must be an object");
      return {};
    }
    check_members(member, kProviderMembers, at);
    for (const auto name : kProviderMembers)
      if (!member.contains(std::string{name})) problem(below(at, std::string{name}), "is missing");
    AuthIdentityProvider provider{plain(member, at, "token_endpoint"), plain(member, at, "client_id"),
                                  reference(member, at, "id_token")};
    if (!provider.token_endpoint.empty() && !transport::parse_http_address(provider.token_endpoint))
      problem(at + "/token_endpoint", "must be an http or https address");
    return provider;
  }

  // What a grant needs and what means nothing with it.
  void check_together(const ordered_json& value, const AuthEntry& auth) {
    const std::string grant{kAuthGrantNames[static_cast<std::size_t>(auth.grant)]};
    const auto needs = [&](const char* member) {
      if (!value.contains(member)) problem(below("", member), "is missing; the grant " + grant + " needs it");
    };
    const auto only_with = [&](const char* member, std::initializer_list<AuthGrant> grants) {
      if (value.contains(member) && std::find(grants.begin(), grants.end(), auth.grant) == grants.end())
        problem(below("", member), "means nothing with the grant " + grant);
    };
    if (auth.grant == AuthGrant::client_credentials || auth.grant == AuthGrant::private_key_jwt) needs("client_id");
    if (auth.grant == AuthGrant::client_credentials) needs("client_secret");
    if (auth.grant == AuthGrant::private_key_jwt) needs("private_key");
    if (auth.grant == AuthGrant::jwt_bearer && value.contains("assertion") == value.contains("identity_provider"))
      problem("", "the grant jwt_bearer needs either \"assertion\" or \"identity_provider\"");
    if (value.contains("client_secret") && !value.contains("client_id")) needs("client_id");
    only_with("private_key", {AuthGrant::private_key_jwt});
    only_with("client_secret", {AuthGrant::authorization_code, AuthGrant::client_credentials, AuthGrant::jwt_bearer});
    only_with("redirect_port", {AuthGrant::authorization_code});
    only_with("assertion", {AuthGrant::jwt_bearer});
    only_with("identity_provider", {AuthGrant::jwt_bearer});
    if (!auth.private_key.empty() && !transport::SigningKey::from_pem(auth.private_key))
      problem("/private_key", "is no private key in PEM form (EC P-256 or RSA, without a password)");
  }

  const std::string where_;
  References& references_;
  std::vector<EntryProblem>& problems_;
};

}  // namespace

AuthEntry read_auth(const ordered_json& value, const std::string& where, References& references,
                    std::vector<EntryProblem>& problems) {
  return AuthReader{where, references, problems}.read(value);
}

}  // namespace carillon::catalog
