// The table of methods, and those that belong to the protocol itself: discover, initialize, ping, logging, listening.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

constexpr auto kFirst = Revision::v2024_11_05;
constexpr auto kCoreTasks = Revision::v2025_11_25;  // the only one with tasks in its core
constexpr auto kModern = Revision::v2026_07_28;

constexpr auto kMethods = std::to_array<Method>({
    // name                       since    until          needs               runs            handle
    {"server/discover", kModern, kModern, Needs::nothing, Runs::at_once, methods::discover},
    {"subscriptions/listen", kModern, kModern, Needs::nothing, Runs::at_once, methods::listen},
    {"initialize", kFirst, kNewestLegacy, Needs::nothing, Runs::at_once, methods::initialize},
    {"ping", kFirst, kNewestLegacy, Needs::nothing, Runs::at_once, methods::ping},
    {"logging/setLevel", kFirst, kNewestLegacy, Needs::nothing, Runs::at_once, methods::set_log_level},
    {"tools/list", kFirst, kModern, Needs::tools, Runs::pooled, methods::list_tools},
    {"tools/call", kFirst, kModern, Needs::tools, Runs::pooled, methods::call_tool},
    {"resources/list", kFirst, kModern, Needs::resources, Runs::pooled, methods::list_resources},
    {"resources/templates/list", kFirst, kModern, Needs::resources, Runs::pooled, methods::list_templates},
    {"resources/read", kFirst, kModern, Needs::resources, Runs::pooled, methods::read_resource},
    {"resources/subscribe", kFirst, kNewestLegacy, Needs::resources, Runs::at_once, methods::subscribe},
    {"resources/unsubscribe", kFirst, kNewestLegacy, Needs::resources, Runs::at_once, methods::unsubscribe},
    {"prompts/list", kFirst, kModern, Needs::prompts, Runs::pooled, methods::list_prompts},
    {"prompts/get", kFirst, kModern, Needs::prompts, Runs::pooled, methods::get_prompt},
    {"completion/complete", kFirst, kModern, Needs::completions, Runs::pooled, methods::complete},
    {"tasks/get", kModern, kModern, Needs::tasks, Runs::pooled, methods::get_task},
    {"tasks/update", kModern, kModern, Needs::tasks, Runs::pooled, methods::update_task},
    {"tasks/cancel", kModern, kModern, Needs::tasks, Runs::pooled, methods::cancel_task},
    {"tasks/get", kCoreTasks, kCoreTasks, Needs::tasks, Runs::pooled, methods::get_core_task},
    {"tasks/result", kCoreTasks, kCoreTasks, Needs::tasks, Runs::pooled, methods::task_result},
    {"tasks/list", kCoreTasks, kCoreTasks, Needs::tasks, Runs::pooled, methods::list_core_tasks},
    {"tasks/cancel", kCoreTasks, kCoreTasks, Needs::tasks, Runs::pooled, methods::cancel_core_task},
});

bool wants(const json& filter, const char* kind) {
  const auto found = filter.find(kind);
  return found != filter.end() && found->is_boolean() && found->get<bool>();
}

constexpr std::size_t kResourcesMax = 1000;  // that one listener hears of
constexpr std::size_t kTasksMax = 100;

std::vector<std::string> texts_in(const json& filter, const char* member, std::size_t count_max) {
  std::vector<std::string> found;
  const auto list = filter.find(member);
  if (list == filter.end() || !list->is_array()) return found;
  for (const auto& each : *list)
    if (each.is_string() && found.size() < count_max) found.push_back(each.get<std::string>());
  return found;
}

// A listen request on its way: what is granted so far, and how many tasks are still being looked up.
struct Granting {
  ListenFilter filter;
  json acknowledged = json::object();
  std::vector<std::string> tasks;
  std::size_t next = 0;
};

void grant_lists(const CallPtr& call, const json& filter, Granting& granting) {
  const auto& services = call->core->services;
  const auto grant = [&](const char* member, Needs needs, ListKind kind) {
    if (!wants(filter, member) || !has_service(services, needs)) return;
    granting.filter.lists.insert(kind);
    granting.acknowledged[member] = true;
  };
  grant("toolsListChanged", Needs::tools, ListKind::tools);
  grant("promptsListChanged", Needs::prompts, ListKind::prompts);
  grant("resourcesListChanged", Needs::resources, ListKind::resources);
  if (services.resources == nullptr || !filter.contains("resourceSubscriptions")) return;
  granting.acknowledged["resourceSubscriptions"] = json::array();
  for (const auto& uri : texts_in(filter, "resourceSubscriptions", kResourcesMax)) {
    if (!services.resources->may_watch(call->context, uri)) continue;
    granting.filter.resources.insert(uri);
    granting.acknowledged["resourceSubscriptions"].push_back(uri);
  }
}

// Looks the wanted tasks up one after the other: only the caller's own are granted.
void grant_tasks(const CallPtr& call, const std::shared_ptr<Granting>& granting) {
  if (granting->next >= granting->tasks.size()) {
    call->core->subscriptions.add({call->exchange, granting->filter, call->peer->principal(), call->peer->kind()},
                                  granting->acknowledged);
    if (granting->next > 0) follow_for_listener(call, granting->acknowledged["taskIds"]);
    return;
  }
  const std::string id = granting->tasks[granting->next++];
  call->core->services.tasks->get_task(call->context, id, [call, granting, id](const std::optional<TaskView>& task) {
    if (task) granting->acknowledged["taskIds"].push_back(id);
    grant_tasks(call, granting);
  });
}

Revision agreed_revision(const json& params) {
  const auto asked = params.find("protocolVersion");
  if (asked == params.end() || !asked->is_string()) return kNewestLegacy;
  const auto revision = revision_named(asked->get_ref<const std::string&>());
  return revision && !is_modern(*revision) ? *revision : kNewestLegacy;
}

}  // namespace

const Method* find_method(std::string_view name, const Call& call) {
  const auto* const found = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& method) {
    return method.name == name && call.revision >= method.since && call.revision <= method.until;
  });
  if (found == kMethods.end() || !has_service(call.core->services, found->needs)) return nullptr;
  return found;
}

bool has_service(const Services& services, Needs needs) {
  switch (needs) {
    case Needs::nothing:
      return true;
    case Needs::tools:
      return services.tools != nullptr;
    case Needs::resources:
      return services.resources != nullptr;
    case Needs::prompts:
      return services.prompts != nullptr;
    case Needs::completions:
      return services.completions != nullptr;
    case Needs::tasks:
      return services.tasks != nullptr;
  }
  return false;
}

json capabilities_of(const ServerCore& core, Revision revision) {
  json capabilities{{"logging", json::object()}};
  if (core.services.tools != nullptr) capabilities["tools"] = {{"listChanged", true}};
  if (core.services.prompts != nullptr) capabilities["prompts"] = {{"listChanged", true}};
  if (core.services.resources != nullptr) capabilities["resources"] = {{"listChanged", true}, {"subscribe", true}};
  if (core.services.completions != nullptr && revision >= Revision::v2025_03_26)
    capabilities["completions"] = json::object();
  if (!core.options.experimental.empty()) capabilities["experimental"] = core.options.experimental;
  if (core.services.tasks != nullptr && is_modern(revision))
    capabilities["extensions"] = {{kTasksExtension, json::object()}};
  if (core.services.tasks != nullptr && revision == kCoreTasks)
    capabilities["tasks"] = {
        {"list", json::object()}, {"cancel", json::object()}, {"requests", {{"tools", {{"call", json::object()}}}}}};
  return capabilities;
}

namespace methods {

void discover(const CallPtr& call) {
  json versions = json::array();
  for (const auto name : kRevisionNames)
    if (is_modern(*revision_named(name))) versions.push_back(name);
  json result{{"supportedVersions", std::move(versions)},
              {"capabilities", capabilities_of(*call->core, call->revision)}};
  if (!call->core->options.instructions.empty()) result["instructions"] = call->core->options.instructions;
  succeed_cacheable(call, std::move(result));
}

void initialize(const CallPtr& call) {
  const json& params = call->params;
  Peer::Handshake handshake{agreed_revision(params), {}, json::object()};
  if (params.contains("clientInfo")) handshake.client = read_client_info(params["clientInfo"]);
  if (params.contains("capabilities") && params["capabilities"].is_object())
    handshake.capabilities = params["capabilities"];
  json result{{"protocolVersion", name_of(handshake.revision)},
              {"capabilities", capabilities_of(*call->core, handshake.revision)},
              {"serverInfo", call->core->options.server_info}};
  if (!call->core->options.instructions.empty()) result["instructions"] = call->core->options.instructions;
  call->peer->shake(std::move(handshake));
  succeed(call, std::move(result));
}

void ping(const CallPtr& call) { succeed(call, json::object()); }

void set_log_level(const CallPtr& call) {
  if (!need_session(call)) return;
  const std::string* name = need_text(call, "level");
  if (name == nullptr) return;
  const auto level = log_level_named(*name);
  if (!level) return fail(call, invalid_params("params.level names no log level"));
  call->peer->set_log_level(*level);
  succeed(call, json::object());
}

void listen(const CallPtr& call) {
  const auto found = call->params.find("notifications");
  if (found == call->params.end() || !found->is_object())
    return fail(call, invalid_params("params.notifications is an object that says what to listen for"));
  const auto granting = std::make_shared<Granting>();
  if (call->core->services.tasks != nullptr && found->contains("taskIds")) {
    if (!call->context.client_has_extension(kTasksExtension))
      return fail(call, missing_capability({{"extensions", {{kTasksExtension, json::object()}}}}));
    granting->tasks = texts_in(*found, "taskIds", kTasksMax);
    granting->acknowledged["taskIds"] = json::array();
  }
  call->exchange->mark_endless();
  grant_lists(call, *found, *granting);
  if (granting->tasks.empty()) return grant_tasks(call, granting);
  const auto look_up = [call, granting] { run_guarded(call, [&] { grant_tasks(call, granting); }); };
  if (!call->core->executor.run(look_up))
    fail(call, {rpc_code::kInternal, "the server is overloaded; repeat later", nullptr});
}

}  // namespace methods
}  // namespace carillon::transport
