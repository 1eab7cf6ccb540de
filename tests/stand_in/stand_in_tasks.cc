// What the stand-in's tool `job` makes: tasks of both forms, whose state is worked out anew with each look.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/stand_in/stand_in.h"

namespace stand_in {
namespace {

constexpr const char* kCreated = "2026-11-20T10:00:00Z";
constexpr const char* kExtension = "io.modelcontextprotocol/tasks";

bool takes_tasks(const json& params) {
  const json offered = params["_meta"].value("io.modelcontextprotocol/clientCapabilities", json::object());
  return offered.value("extensions", json::object()).contains(kExtension);
}

json question_of(const json& arguments) {
  const json schema{{"type", "object"}, {"properties", {{"answer", {{"type", "string"}}}}}};
  return {{"message", arguments["ask"]}, {"requestedSchema", schema}};
}

}  // namespace

Tasks::Tasks(std::string file, Journal& journal) : file_(std::move(file)), journal_(journal) {
  if (file_.empty()) return;
  std::ifstream in{file_};
  const json kept = json::parse(in, nullptr, false);
  if (!kept.is_object()) return;
  for (const auto& [id, task] : kept.items()) tasks_[id] = {task["arguments"], task["answer"], task["cancelled"]};
}

void Tasks::save() {
  if (file_.empty()) return;
  json kept = json::object();
  for (const auto& [id, task] : tasks_)
    kept[id] = {{"arguments", task.arguments}, {"answer", task.answer}, {"cancelled", task.is_cancelled}};
  std::ofstream{file_} << kept.dump();
}

json Tasks::make(const json& params, const json& arguments) {
  const bool modern = is_modern(params);
  if (modern && !takes_tasks(params))
    return rpc_error(-32021, "this tool is a task", {{"requiredCapabilities", {{"extensions", {{kExtension, {}}}}}}});
  if (!modern && !params.contains("task")) return rpc_error(-32601, "this tool is a task");
  const std::lock_guard lock{mutex_};
  const std::string id = "task-" + std::to_string(::getpid()) + "-" + std::to_string(tasks_.size());
  const Task task{arguments, nullptr};
  if (!arguments.value("forgotten", false)) tasks_[id] = task;
  save();
  json description = describe(id, task, modern);
  if (!modern) return {{"task", description}};
  description["resultType"] = "task";
  return description;
}

std::string Tasks::status_of(const Task& task) {
  if (task.is_cancelled) return "cancelled";
  if (task.arguments.contains("ask") && task.answer.is_null()) return "input_required";
  if (task.arguments.contains("path") && !std::filesystem::exists(task.arguments["path"].get<std::string>()))
    return "working";
  return task.arguments.contains("error") ? "failed" : "completed";
}

json Tasks::result_of(const Task& task) {
  return text_result(task.answer.is_null() ? "the job is done" : "the job is done with " + task.answer.dump());
}

json Tasks::describe(const std::string& id, const Task& task, bool modern) {
  json description{{"taskId", id}, {"status", status_of(task)}, {"createdAt", kCreated}, {"lastUpdatedAt", kCreated}};
  description[modern ? "ttlMs" : "ttl"] = 3'600'000;
  description[modern ? "pollIntervalMs" : "pollInterval"] = task.arguments.value("poll", 20);
  if (task.arguments.contains("status")) description["statusMessage"] = task.arguments["status"];
  return description;
}

json Tasks::answer(const std::string& method, const json& params) {
  const bool modern = is_modern(params);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  journal_.write(method, {{"ms", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}});
  if (modern && !takes_tasks(params)) return rpc_error(-32021, "who takes no tasks may not ask for them");
  const std::lock_guard lock{mutex_};
  const auto found = tasks_.find(params.value("taskId", ""));
  if (found == tasks_.end()) return rpc_error(-32602, "there is no such task");
  auto& [id, task] = *found;
  if (method == "tasks/cancel") task.is_cancelled = true;
  if (method == "tasks/update") task.answer = params["inputResponses"].value("the question", task.answer);
  save();
  if (modern && method != "tasks/get") return {{"resultType", "complete"}};
  json description = describe(id, task, modern);
  if (!modern) return description;
  description["resultType"] = "complete";
  if (description["status"] == "completed") description["result"] = result_of(task);
  if (description["status"] == "failed") description["error"] = {{"code", task.arguments["error"]}, {"message", "no"}};
  if (description["status"] == "input_required")
    description["inputRequests"]["the question"] = {{"method", "elicitation/create"},
                                                    {"params", question_of(task.arguments)}};
  return description;
}

void Tasks::tell_result(const Call& call) {
  journal_.write("tasks/result");
  const std::string id = call.params.value("taskId", "");
  const auto look = [&] {
    const std::lock_guard lock{mutex_};
    const auto found = tasks_.find(id);
    return found == tasks_.end() ? std::nullopt : std::optional{found->second};
  };
  auto task = look();
  if (!task) return call.send(response(call.id, rpc_error(-32602, "there is no such task")));
  if (status_of(*task) == "input_required") {
    json question = question_of(task->arguments);
    question["_meta"] = {{"io.modelcontextprotocol/related-task", {{"taskId", id}}}};
    const json answer = call.ask("elicitation/create", question);
    const std::lock_guard lock{mutex_};
    tasks_[id].answer = answer.value("result", json("none"));
    save();
  }
  while ((task = look()) && status_of(*task) == "working") {
    if (call.cancelled()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  const bool has_failed = status_of(*task) == "failed";
  call.send(response(call.id, has_failed ? rpc_error(task->arguments["error"], "no") : result_of(*task)));
}

}  // namespace stand_in
