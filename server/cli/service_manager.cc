#include "server/cli/service_manager.h"

#include <unistd.h>

#include "server/base/log.h"
#include "server/process/child.h"
#include "server/process/executable.h"
#include "server/process/supervisor.h"

namespace carillon::cli {

bool manager_runs(ServiceScope scope) {
  if (scope == ServiceScope::system) return process::is_run_by_systemd();
  // systemctl --user speaks to this socket (systemd's src/basic/user-util and bus-util).
  const auto runtime = process_environment()("XDG_RUNTIME_DIR");
  return runtime && ::access((*runtime + "/systemd/private").c_str(), F_OK) == 0;
}

Status ask_manager(ServiceScope scope, const std::string& verb, Duration patience) {
  process::Command command;
  command.arguments = {"systemctl", scope == ServiceScope::user ? "--user" : "--system", "--quiet", verb};
  if (verb != "daemon-reload") command.arguments.emplace_back(kServiceName);
  command.environment = process::inherited_environment({"HOME", "PATH", "LANG", "XDG_*", "DBUS_SESSION_BUS_ADDRESS"});
  const auto answer = process::run_to_end(command, {.input = "", .timeout = patience});
  if (!answer.ok()) return answer.error();
  if (answer->exit.clean()) return Done{};
  const std::string& words = answer->errors.empty() ? answer->output : answer->errors;
  return Error{ErrorCode::unavailable, "systemctl " + verb + " " + process::describe(answer->exit) + ": " + words};
}

bool start_service(const Paths& paths, Duration patience) {
  for (const auto scope : {ServiceScope::user, ServiceScope::system}) {
    const UnitFound found = look_at_unit(service_site(scope, process_environment()).unit);
    if (found.socket != paths.socket.string() || !manager_runs(scope)) continue;
    const auto started = ask_manager(scope, "start", patience);
    if (started.ok()) return true;
    log::warn("the service could not be started", {{"why", started.error().message}});
  }
  return false;
}

}  // namespace carillon::cli
