// `carillon login` and `carillon logout`: a person signs in to a downstream server in a browser, once; the daemons of
// this home then renew that by themselves.
#include <cstdio>

#include "catalog/catalog.h"
#include "catalog/entries_file.h"
#include "catalog/sign_in.h"
#include "server/base/mask.h"
#include "server/cli/command.h"
#include "server/cli/redirect_listener.h"
#include "server/domain/nearest.h"

namespace carillon::cli {
namespace {

using catalog::ServerEntry;
using catalog::Shelf;
using catalog::Vault;

constexpr Duration kPersonPatience = std::chrono::minutes{10};
constexpr Duration kListPatience = std::chrono::seconds{30};

int complain(int code, const std::string& why) {
  std::fprintf(stderr, "carillon: %s\n", mask_secrets(why).c_str());
  return code;
}

struct Wanted {
  Config config;
  Vault vault;
  std::string server;
  int port = 0;
};

// Errors: no such server, a server that wants no sign-in of ours, an entry with a mistake.
Result<ServerEntry> find_entry(const Wanted& wanted) {
  const auto read = catalog::EntriesFile{wanted.config.catalog.servers_file, wanted.vault}.read_if_changed();
  if (!read) return Error{ErrorCode::unknown_name, "there is no " + wanted.config.catalog.servers_file};
  std::vector<std::string> names;
  for (const auto& entry : read->entries) {
    if (entry.name == wanted.server) return entry;
    names.push_back(entry.name);
  }
  if (const auto broken = read->broken.find(wanted.server); broken != read->broken.end())
    return Error{ErrorCode::arguments_invalid, "the entry of " + wanted.server + " is wrong: " + broken->second};
  return Error{ErrorCode::unknown_name,
               "servers.json has no server \"" + wanted.server + "\"" + did_you_mean(nearest(wanted.server, names))};
}

int port_of(const std::string& address) {
  const auto parsed = transport::parse_http_address(address);
  const auto colon = parsed ? parsed->origin.rfind(':') : std::string::npos;
  return colon == std::string::npos ? 0 : std::atoi(parsed->origin.c_str() + colon + 1);
}

// On the port that was asked for; else on that of the sign-in before, because some issuers know only that address; else
// on any.
Result<std::unique_ptr<RedirectListener>> listen(const Wanted& wanted, const catalog::AuthEntry& auth) {
  const int asked = wanted.port != 0 ? wanted.port : auth.redirect_port;
  if (asked != 0) return RedirectListener::start(asked);
  const auto kept = wanted.vault.read(Shelf::grants, wanted.server);
  const auto grant = kept ? transport::read_grant(*kept) : std::nullopt;
  if (grant && port_of(grant->redirect_uri) != 0)
    if (auto listener = RedirectListener::start(port_of(grant->redirect_uri))) return listener;
  return RedirectListener::start(0);
}

catalog::SignInPerson at_the_terminal(RedirectListener& listener) {
  return {listener.address(), [&listener](const std::string& address) {
            std::printf(
                "Open this address in a browser and agree:\n\n  %s\n\nWaiting for the browser to come back to %s.\n"
                "Is it on another machine? Then paste here the address that it cannot open.\n",
                address.c_str(), listener.address().c_str());
            std::fflush(stdout);
            return listener.wait(kPersonPatience);
          }};
}

// What the sign-in is good for: the server lets us list its tools.
int prove(const Wanted& wanted) {
  catalog::Catalog catalog{wanted.config.catalog};
  catalog.look_around(wanted.server, kListPatience);
  for (const auto& report : catalog.servers()) {
    if (report.name != wanted.server) continue;
    if (!report.tool_count)
      return complain(kExitFailed, "signed in, but the server does not list its tools: " + report.last_error);
    std::printf("%s: %zu tools; %s\n", report.name.c_str(), *report.tool_count,
                report.sign_in.empty() ? "it did not ask for a sign-in" : report.sign_in.c_str());
    return kExitOk;
  }
  return complain(kExitFailed, "the server has left servers.json meanwhile");
}

std::optional<Wanted> read_words(const Words& words, std::string_view command) {
  Expected expected{.command = command};
  if (command == "login") expected.own = {{"port", "of the loopback address that the browser comes back to", "PORT"}};
  const auto parsed = parse_words(words, expected);
  if (!parsed) return std::nullopt;
  const std::string port = parsed->value("port", "0");
  if (parsed->rest.size() != 1 || port.find_first_not_of("0123456789") != std::string::npos || port.size() > 5) {
    complain(kExitUsage, "name one server: carillon " + std::string{command} + " <server>");
    return std::nullopt;
  }
  make_directories(parsed->config.paths, current_user());
  return Wanted{parsed->config, Vault{parsed->config.catalog.vault_directory}, parsed->rest[0],
                std::atoi(port.c_str())};
}

}  // namespace

int run_login(const Words& words) {
  const auto wanted = read_words(words, "login");
  if (!wanted) return kExitUsage;
  const auto entry = find_entry(*wanted);
  if (!entry) return complain(kExitFailed, entry.error().message);
  const auto* remote = std::get_if<catalog::RemoteServer>(&entry->reach);
  if (!remote || !remote->auth)
    return complain(kExitFailed, remote ? "its entry has a fixed Authorization header; there is nothing to sign in to"
                                        : "a program on this machine wants no sign-in of ours");
  std::unique_ptr<RedirectListener> listener;
  catalog::SignInPerson person;
  if (remote->auth->grant == catalog::AuthGrant::authorization_code) {
    auto listening = listen(*wanted, *remote->auth);
    if (!listening) return complain(kExitConflict, listening.error().message);
    listener = *std::move(listening);
    person = at_the_terminal(*listener);
  }
  const auto signed_in = catalog::make_sign_in(*entry, wanted->vault, person)->sign_in();
  if (!signed_in) return complain(kExitFailed, signed_in.error().message);
  return prove(*wanted);
}

int run_logout(const Words& words) {
  const auto wanted = read_words(words, "logout");
  if (!wanted) return kExitUsage;
  const auto entry = find_entry(*wanted);
  const auto sign_in = entry ? catalog::make_sign_in(*entry, wanted->vault, {}) : nullptr;
  if (!wanted->vault.read(Shelf::grants, wanted->server))
    return complain(kExitFailed, "nobody is signed in to " + wanted->server);
  const Status revoked = sign_in ? sign_in->sign_out() : Status{Done{}};
  wanted->vault.erase(Shelf::grants, wanted->server);  // also of a server that has left servers.json
  if (!revoked)
    return complain(kExitFailed, "the sign-in is forgotten here, but its issuer keeps it: " + revoked.error().message);
  std::printf("signed out\n");
  return kExitOk;
}

}  // namespace carillon::cli
