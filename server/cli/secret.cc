// `carillon secret`: the secrets that servers.json names. A value comes in by stdin only: what stands on a command line
// can be read by everybody on the machine, and is kept in the shell's history. And those of webhooks, which are made,
// not entered: they are shown to whoever may read the database, because the receiver needs them.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "catalog/secrets.h"
#include "server/cli/command.h"
#include "server/cli/token.h"
#include "server/delivery/webhook.h"
#include "server/domain/notify.h"
#include "server/store/database.h"
#include "server/store/sealing_key.h"
#include "server/store/store.h"

namespace carillon::cli {
namespace {

using catalog::Shelf;
using catalog::Vault;

int say(int code, const std::string& text) {
  std::fprintf(code == kExitOk ? stdout : stderr, "%s%s\n", code == kExitOk ? "" : "carillon: ", text.c_str());
  return code;
}

// The terminal without echo, as long as this lives.
class QuietTerminal {
 public:
  QuietTerminal() {
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~QuietTerminal() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_ = false;
};

// One line from a terminal, everything from a pipe; without the end of its last line.
std::string read_value(const std::string& name) {
  const QuietTerminal terminal;
  if (terminal.is_terminal()) std::fprintf(stderr, "value of %s: ", name.c_str());
  std::string value;
  for (int letter = 0; value.size() <= catalog::kSecretBytesMax && (letter = std::getchar()) != EOF;) {
    if (letter == '\n' && terminal.is_terminal()) break;
    value.push_back(static_cast<char>(letter));
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return value;
}

int set_secret(const Vault& vault, const std::string& name) {
  if (!catalog::is_entry_name(name))
    return say(kExitUsage, "a name has 1 to 64 letters, digits, - . and _, and no dot in front");
  const std::string value = read_value(name);
  if (value.empty()) return say(kExitFailed, "nothing came in; give the value by stdin");
  const auto written = vault.write(Shelf::secrets, name, value);
  if (!written) return say(kExitFailed, written.error().message);
  return say(kExitOk, "kept; write \"secret:" + name + "\" where servers.json wants the value");
}

int list_secrets(const Vault& vault) {
  for (const auto& name : vault.names(Shelf::secrets)) std::printf("%s\n", name.c_str());
  return kExitOk;
}

int delete_secret(const Vault& vault, const std::string& name) {
  if (!vault.erase(Shelf::secrets, name)) return say(kExitFailed, "there is no secret " + name);
  return say(kExitOk, "deleted");
}

int show_webhook_secret(const Config& config, const std::string& url) {
  const auto target = read_notify_target("webhook:" + url, "");
  if (!target) return say(kExitUsage, target.error().message);
  auto database = Database::open(config.database);
  if (!database.ok()) return say(kExitUnavailable, database.error().message);
  std::string key;
  {
    Store store{database->urls(), config.database.pool};
    key = read_sealing_key(store, kWebhookKey);
  }
  database->close();
  return say(kExitOk, delivery::show_secret(delivery::webhook_secret(key, TenantId{owner_principal().tenant}, url)));
}

}  // namespace

int run_secret(const Words& words) {
  const auto parsed = parse_words(words, {.command = "secret", .flags = {}, .own = {}});
  if (!parsed) return kExitUsage;
  const Words& rest = parsed->rest;
  const std::string what = rest.empty() ? "" : rest[0];
  if (what == "set" && rest.size() > 2)
    return say(kExitUsage, "a value does not belong on the command line, where others can read it; give it by stdin");
  make_directories(parsed->config.paths, current_user());
  if (what == "webhook" && rest.size() == 2) return show_webhook_secret(parsed->config, rest[1]);
  const Vault vault{parsed->config.catalog.vault_directory};
  if (what == "set" && rest.size() == 2) return set_secret(vault, rest[1]);
  if (what == "list" && rest.size() == 1) return list_secrets(vault);
  if (what == "delete" && rest.size() == 2) return delete_secret(vault, rest[1]);
  return say(kExitUsage, "write: carillon secret set NAME | list | delete NAME | webhook URL");
}

}  // namespace carillon::cli
