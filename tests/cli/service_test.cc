#include "server/cli/service.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "server/process/child.h"
#include "server/process/executable.h"

namespace carillon::cli {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  const fs::path path = fs::temp_directory_path() / ("carillon-service-" + std::to_string(::getpid()));
};

Service service(ServiceScope scope) {
  return {.scope = scope,
          .command = {process::own_executable(), "serve", "--set", "tools.prefix=a \"b\" $c 100%\\"},
          .environment = {{"CARILLON_HOME", "/home/me/of mine/100%"}},
          .socket = "/run/user/1000/carillon/daemon.sock",
          .run_as = scope == ServiceScope::system ? "daemon" : ""};
}

void write(const fs::path& path, const std::string& text) { std::ofstream{path, std::ios::binary} << text; }

process::Finished run(std::vector<std::string> arguments) {
  process::Command command;
  command.arguments = std::move(arguments);
  command.environment = process::inherited_environment({"PATH"});
  command.environment["XDG_RUNTIME_DIR"] = fs::temp_directory_path().string();  // a systemd of a person asks for one
  const auto finished = process::run_to_end(command, {});
  REQUIRE(finished.ok());
  return *finished;
}

}  // namespace

TEST_CASE("systemd finds nothing wrong with either unit", "[cli][service]") {
  const Folder folder;
  const auto scope = GENERATE(ServiceScope::user, ServiceScope::system);
  const fs::path unit = folder.path / kServiceName;
  write(unit, unit_text(service(scope)));
  const auto said = run({"systemd-analyze", scope == ServiceScope::user ? "--user" : "--system", "verify", "--man=no",
                         "--recursive-errors=no", unit.string()});
  INFO(said.output << said.errors);
  CHECK(said.exit.clean());
  CHECK(said.errors.empty());
}

TEST_CASE("systemd counts the walls of the machine's unit among the high ones", "[cli][service]") {
  const Folder folder;
  const fs::path unit = folder.path / kServiceName;
  write(unit, unit_text(service(ServiceScope::system)));
  // 1 to 4 is "OK" in the words of systemd-analyze; a unit without walls has 9.6.
  const auto said =
      run({"systemd-analyze", "security", "--offline=yes", "--threshold=25", "--no-pager", unit.string()});
  INFO(said.output << said.errors);
  CHECK(said.exit.clean());
}

TEST_CASE("words with spaces and signs that mean something to systemd stay what they are", "[cli][service]") {
  const std::string text = unit_text(service(ServiceScope::user));
  CHECK(text.find(R"("--set" "tools.prefix=a \"b\" $$c 100%%\\")") != std::string::npos);
  CHECK(text.find(R"(Environment="CARILLON_HOME=/home/me/of mine/100%%")") != std::string::npos);
}

TEST_CASE("a unit tells who wrote it and whether it was edited since", "[cli][service]") {
  const Folder folder;
  const fs::path unit = folder.path / kServiceName;
  CHECK(look_at_unit(unit).file == UnitFile::absent);
  const std::string text = unit_text(service(ServiceScope::user));
  write(unit, text);
  CHECK(look_at_unit(unit).file == UnitFile::ours);
  CHECK(look_at_unit(unit).text == text);
  CHECK(look_at_unit(unit).socket == "/run/user/1000/carillon/daemon.sock");
  write(unit, text + "Nice=5\n");
  CHECK(look_at_unit(unit).file == UnitFile::edited);
  write(unit, "[Service]\nExecStart=/usr/bin/true\n");
  CHECK(look_at_unit(unit).file == UnitFile::foreign);
  CHECK(look_at_unit(unit).socket.empty());
}

TEST_CASE("units lie where systemd looks for those of a person and of the machine", "[cli][service]") {
  const auto variable = [](const std::string& name) -> std::optional<std::string> {
    return name == "HOME" ? std::optional<std::string>{"/home/me"} : std::nullopt;
  };
  CHECK(service_site(ServiceScope::user, variable).unit == "/home/me/.config/systemd/user/carillon.service");
  CHECK(service_site(ServiceScope::user, variable).wanted ==
        "/home/me/.config/systemd/user/default.target.wants/carillon.service");
  CHECK(service_site(ServiceScope::system, variable).unit == "/etc/systemd/system/carillon.service");
}

TEST_CASE("a service is offered where tasks would stop with the session and somebody could keep them going",
          "[cli][service]") {
  CHECK(service_offer(Role::daemon, Supervision::supervised).empty());
  CHECK(service_offer(Role::auto_started_daemon, Supervision::systemd).find("install-service") != std::string::npos);
  CHECK(service_offer(Role::daemon, Supervision::systemd).find("install-service") != std::string::npos);
  CHECK(service_offer(Role::in_process, Supervision::systemd).find("host closes") != std::string::npos);
  CHECK(service_offer(Role::auto_started_daemon, Supervision::none).find("`carillon serve`") != std::string::npos);
  CHECK(service_offer(Role::daemon, Supervision::none).empty());  // a container
}

}  // namespace carillon::cli
