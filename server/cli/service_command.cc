// `carillon install-service` and `carillon uninstall-service`: the daemon as a service of systemd.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <variant>

#include "config/config_key.h"
#include "server/cli/command.h"
#include "server/cli/daemon_link.h"
#include "server/cli/service.h"
#include "server/cli/service_manager.h"
#include "server/process/executable.h"
#include "server/process/private_file.h"

namespace carillon::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kReloadPatience = std::chrono::seconds{30};
constexpr Duration kStartPatience = std::chrono::seconds{300};
constexpr Duration kStopPatience = std::chrono::seconds{100};
constexpr Duration kLoginShellPatience = std::chrono::seconds{5};
constexpr const char* kDefaultUser = "carillon";

int service_refused(const Error& error) {
  std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
  if (error.code == ErrorCode::arguments_invalid) return kExitUsage;
  return error.code == ErrorCode::conflict ? kExitConflict : kExitFailed;
}

Error wrong(std::string message) { return Error{ErrorCode::arguments_invalid, std::move(message)}; }

const std::vector<OwnOption>& scope_options() {
  static const std::vector<OwnOption> options{
      {"user", "of your own systemd; what is meant unless you are root", ""},
      {"system", "of the machine's systemd; what is meant when you are root", ""}};
  return options;
}

// The scope that was asked for, if this user may have it.
Result<ServiceScope> read_scope(const Parsed& parsed) {
  const bool root = current_user() == RunsAs::root;
  if (parsed.has("user") && parsed.has("system")) return wrong("give one of --user and --system");
  if (parsed.has("user") || (!root && !parsed.has("system"))) return ServiceScope::user;
  if (root || parsed.has("print")) return ServiceScope::system;
  return wrong(
      "the machine's services are root's to change: sudo carillon install-service --system; without --system "
      "it becomes a service of your own");
}

// The options that are meant for the daemon, as they were given; a file is found from any directory.
Words words_for_serve(const Words& words) {
  Words kept{"serve"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (name == "--print" || name == "--user" || name == "--system") continue;
    if (name == "--run-as" && equals == std::string::npos) ++i;
    if (name == "--run-as") continue;
    if (name != "--config")
      kept.push_back(words[i]);
    else
      kept.push_back("--config=" +
                     fs::absolute(equals == std::string::npos ? words[++i] : words[i].substr(equals + 1)).string());
  }
  return kept;
}

// What makes this shell's daemon the one that it is, and a service's would not know of.
Result<process::Environment> environment_of_user() {
  process::Environment kept =
      process::inherited_environment({"TZ", "LANG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"});
  const Variable variable = process_environment();
  if (const auto home = variable("CARILLON_HOME"))
    kept["CARILLON_HOME"] = fs::absolute(*home).lexically_normal().string();
  for (const auto& key : config_keys()) {
    const auto value = variable(environment_name(key));
    const bool secret = key.secrecy == Secrecy::secret;
    if ((secret && value) || (key.name == "database.url" && variable("DATABASE_URL")))
      return wrong(key.name + " is given by the environment, and a unit file is no place for a secret; write it into " +
                   resolve_paths(variable, current_user()).config_file.string());
    if (value) kept[environment_name(key)] = *value;
  }
  kept["PATH"] = process::login_path(kLoginShellPatience);
  return kept;
}

// Users by number or name, as getpwnam(3) and getpwuid(3) know them.
struct UserFound {
  std::string name;
  uid_t id;
};
std::optional<UserFound> find_user(const std::variant<std::string, uid_t>& who) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (const auto* name = std::get_if<std::string>(&who))
    ::getpwnam_r(name->c_str(), &entry, buffer.data(), buffer.size(), &found);
  else
    ::getpwuid_r(std::get<uid_t>(who), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return UserFound{found->pw_name, found->pw_uid};
}

// A user for a service of the machine.
Status check_user(const std::string& name) {
  const auto user = find_user(name);
  if (!user)
    return wrong("there is no user " + name + "; make one with `useradd --system --home-dir " +
                 std::string{kSystemHome} + " --shell /usr/sbin/nologin " + name + "`, or name another with --run-as");
  if (user->id == 0)
    return wrong("as root every downstream server could do everything; name another user with --run-as");
  return Done{};
}

Result<Service> service_of_machine(const Parsed& parsed) {
  const std::string user = parsed.value("run-as", kDefaultUser);
  if (const auto checked = check_user(user); !checked.ok()) return checked.error();
  const std::string home{kSystemHome};
  const auto variable = [&](const std::string& name) -> std::optional<std::string> {
    return name == "CARILLON_HOME" ? std::optional{home} : std::nullopt;
  };
  return Service{.scope = ServiceScope::system,
                 .command = {},
                 .environment = {{"CARILLON_HOME", home}, {"HOME", home}},
                 .socket = resolve_paths(variable, RunsAs::user).socket.string(),
                 .run_as = user};
}

Result<Service> service_of_person(const Parsed& parsed) {
  if (parsed.has("run-as")) return wrong("--run-as is for --system; a service of your own runs as you");
  auto environment = environment_of_user();
  if (!environment.ok()) return environment.error();
  return Service{.scope = ServiceScope::user,
                 .command = {},
                 .environment = std::move(*environment),
                 .socket = parsed.config.paths.socket.string(),
                 .run_as = ""};
}

Result<Service> plan_service(const Words& words, const Parsed& parsed) {
  if (!parsed.rest.empty()) return wrong("there is nothing to say beside options; unknown: " + parsed.rest.front());
  const auto scope = read_scope(parsed);
  if (!scope.ok()) return scope.error();
  auto service = *scope == ServiceScope::system ? service_of_machine(parsed) : service_of_person(parsed);
  if (!service.ok()) return service.error();
  service->command = {process::own_executable()};
  for (auto& word : words_for_serve(words)) service->command.push_back(std::move(word));
  return service;
}

// Ours to change, or not there.
Status check_file(const ServiceSite& site, const UnitFound& found) {
  if (found.file == UnitFile::absent || found.file == UnitFile::ours) return Done{};
  const std::string why = found.file == UnitFile::foreign ? " was not written by this command"
                                                          : " has been edited since this command wrote it";
  return Error{ErrorCode::conflict, site.unit.string() + why +
                                        " and stays as it is; move it away, or keep your changes in a drop-in (" +
                                        site.unit.string() + ".d/)"};
}

// A daemon that root has run keeps its files where the service's would lie, as another user.
Status check_home(const Service& service) {
  struct stat home {};
  if (service.scope == ServiceScope::user || ::stat(std::string{kSystemHome}.c_str(), &home) != 0) return Done{};
  const auto user = find_user(service.run_as);
  if (user && user->id == home.st_uid) return Done{};
  return Error{ErrorCode::conflict, std::string{kSystemHome} + " belongs to another user than " + service.run_as +
                                        "; move it away, or give it away with `chown -R " + service.run_as + " " +
                                        std::string{kSystemHome} + "`"};
}

void write_unit(const ServiceSite& site, const std::string& text) {
  fs::create_directories(site.wanted.parent_path());
  process::write_private_file(site.unit.string(), text);
  fs::permissions(site.unit, fs::perms{0644});
  std::error_code there_already;
  fs::create_symlink(site.unit, site.wanted, there_already);
}

// A daemon that a front or a person has started gives way to the service: two would be refused.
Status end_lone_daemon(const Paths& paths) {
  const auto ending = end_daemon(paths, kStopPatience);
  if (!ending.ok()) return ending.error();
  if (*ending != Ending::still_at_work) return Done{};
  return Error{ErrorCode::unavailable, "a daemon runs that was asked to stop and is still finishing its runs"};
}

Status start_installed(const ServiceSite& site, const Paths& paths) {
  if (const auto read = ask_manager(site.scope, "daemon-reload", kReloadPatience); !read.ok()) return read;
  const bool runs = ask_manager(site.scope, "is-active", kReloadPatience).ok();
  if (!runs && site.scope == ServiceScope::user)
    if (const auto ended = end_lone_daemon(paths); !ended.ok()) return ended;
  return ask_manager(site.scope, "restart", kStartPatience);
}

void tell_of_lingering(ServiceScope scope) {
  const auto user = find_user(::getuid());
  if (scope == ServiceScope::system || !user || fs::exists(fs::path{"/var/lib/systemd/linger"} / user->name)) return;
  std::printf("it runs while %s is logged in; from boot on, too, after `loginctl enable-linger %s`\n",
              user->name.c_str(), user->name.c_str());
}

int install(const Service& service, const Paths& paths) {
  const ServiceSite site = service_site(service.scope, process_environment());
  const UnitFound found = look_at_unit(site.unit);
  if (const auto free = check_file(site, found); !free.ok()) return service_refused(free.error());
  if (const auto home = check_home(service); !home.ok()) return service_refused(home.error());
  const std::string text = unit_text(service);
  const bool same = found.text == text && fs::is_symlink(site.wanted);
  write_unit(site, text);
  std::printf("%s %s\n", site.unit.c_str(), same ? "is as it should be" : "written");
  tell_of_lingering(service.scope);
  if (!manager_runs(service.scope)) {
    std::printf("no systemd runs here that could start it now; one that comes up starts it\n");
    return kExitOk;
  }
  if (same && ask_manager(site.scope, "is-active", kReloadPatience).ok()) {
    std::printf("the service is running\n");
    return kExitOk;
  }
  if (const auto started = start_installed(site, paths); !started.ok()) return service_refused(started.error());
  std::printf("the service is running\n");
  return kExitOk;
}

int uninstall(const ServiceSite& site) {
  const UnitFound found = look_at_unit(site.unit);
  if (found.file == UnitFile::absent) {
    std::printf("no service is installed (%s)\n", site.unit.c_str());
    return kExitOk;
  }
  if (const auto free = check_file(site, found); !free.ok()) return service_refused(free.error());
  const bool managed = manager_runs(site.scope);
  if (managed)
    if (const auto stopped = ask_manager(site.scope, "stop", kStopPatience); !stopped.ok())
      return service_refused(stopped.error());
  fs::remove(site.wanted);
  fs::remove(site.unit);
  if (managed)
    if (const auto read = ask_manager(site.scope, "daemon-reload", kReloadPatience); !read.ok())
      return service_refused(read.error());
  std::printf("%s removed\n", site.unit.c_str());
  return kExitOk;
}

}  // namespace

int run_install_service(const Words& words) {
  Expected expected{.command = "install-service", .flags = serve_flags(), .own = scope_options()};
  expected.own.push_back({"run-as", "the user of a system service; default: carillon", "USER"});
  expected.own.push_back({"print", "print the unit and change nothing", ""});
  const auto parsed = parse_words(words, expected);
  if (!parsed) return kExitUsage;
  const auto service = plan_service(words, *parsed);
  if (!service.ok()) return service_refused(service.error());
  if (!parsed->has("print")) return install(*service, parsed->config.paths);
  std::printf("%s", unit_text(*service).c_str());
  return kExitOk;
}

int run_uninstall_service(const Words& words) {
  const auto parsed = parse_words(words, {.command = "uninstall-service", .flags = {}, .own = scope_options()});
  if (!parsed) return kExitUsage;
  const auto scope = read_scope(*parsed);
  if (!scope.ok()) return service_refused(scope.error());
  return uninstall(service_site(*scope, process_environment()));
}

}  // namespace carillon::cli
