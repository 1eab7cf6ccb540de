#include "config/paths.h"

#include <catch2/catch.hpp>
#include <map>

namespace carillon {
namespace {

Variable environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

TEST_CASE("one home moves everything", "[config][paths]") {
  const Paths paths =
      resolve_paths(environment({{"CARILLON_HOME", "/srv/c"}, {"XDG_CONFIG_HOME", "/x"}}), RunsAs::user);
  CHECK(paths.config_file == "/srv/c/carillon.toml");
  CHECK(paths.servers_file == "/srv/c/servers.json");
  CHECK(paths.token_file == "/srv/c/token");
  CHECK(paths.vault_directory == "/srv/c/vault");
  CHECK(paths.socket == "/srv/c/run/daemon.sock");
  CHECK(paths.postgres_directory == "/srv/c/postgres");
}

TEST_CASE("without a home the XDG directories decide", "[config][paths]") {
  const Paths paths =
      resolve_paths(environment({{"HOME", "/home/ann"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}), RunsAs::user);
  CHECK(paths.config_file == "/home/ann/.config/carillon/carillon.toml");
  CHECK(paths.data_directory == "/home/ann/.local/share/carillon");
  CHECK(paths.socket == "/run/user/7/carillon/daemon.sock");
  CHECK(paths.log_file == "/home/ann/.local/state/carillon/daemon.log");
}

TEST_CASE("root uses the system's directories", "[config][paths]") {
  const Paths paths = resolve_paths(environment({}), RunsAs::root);
  CHECK(paths.data_directory == "/var/lib/carillon");
  CHECK(paths.socket == "/run/carillon/daemon.sock");
}

TEST_CASE("a socket path that does not fit gets a short name that stays the same", "[config][paths]") {
  const auto variables =
      environment({{"CARILLON_HOME", "/srv/" + std::string(120, 'd')}, {"XDG_RUNTIME_DIR", "/run/user/7"}});
  const Paths paths = resolve_paths(variables, RunsAs::user);
  CHECK(paths.socket.parent_path() == "/run/user/7");
  CHECK(paths.socket.native().size() <= 107);
  CHECK(paths.socket == resolve_paths(variables, RunsAs::user).socket);
}

}  // namespace
}  // namespace carillon
