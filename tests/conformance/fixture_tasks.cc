// Tasks in memory, and the tools that start them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/conformance/fixture.h"
#include "transport/sealed_state.h"

namespace carillon::conformance {
namespace {

using namespace std::chrono_literals;
using transport::StartedTask;
using transport::TaskStatus;
using transport::TaskView;

void complete(TaskView& task, Answer answer) {
  task.status = TaskStatus::completed;
  task.input_requests.clear();
  task.answer = std::move(answer);
}

// True: the client declared tasks. Otherwise the call was answered with what is missing.
bool need_tasks(const FixtureCall& call) {
  if (call.context.takes_tasks()) return true;
  call.done(transport::missing_capability({{"extensions", {{transport::kTasksExtension, json::object()}}}}));
  return false;
}

void greet(const FixtureCall& call) { call.done(text_answer("Hello, " + call.arguments.value("name", "") + "!")); }

// Starts a task that the timer completes later.
void start_timed(const FixtureCall& call, std::chrono::microseconds after, const Answer& answer) {
  auto& tasks = call.stage.tasks;
  const std::string id = tasks.start({});
  call.stage.timer.after(after,
                         [&tasks, id, answer] { tasks.change(id, [&](TaskView& task) { complete(task, answer); }); });
  call.done(StartedTask{id});
}

void compute(const FixtureCall& call) {
  const std::chrono::duration<double> seconds{call.arguments.value("seconds", 0.0)};
  const Answer answer = text_answer("Computed " + call.arguments.value("label", ""));
  const bool at_once = seconds.count() <= 0 && !call.context.task_wish;
  if (!call.context.takes_tasks() || at_once) return call.done(answer);
  start_timed(call, std::chrono::duration_cast<std::chrono::microseconds>(seconds), answer);
}

void fail_job(const FixtureCall& call) {
  if (!need_tasks(call)) return;
  Answer failed = text_answer("The job failed");
  failed.is_error = true;
  start_timed(call, 200ms, failed);
}

void break_job(const FixtureCall& call) {
  if (!need_tasks(call)) return;
  auto& tasks = call.stage.tasks;
  const std::string id = tasks.start({});
  call.stage.timer.after(200ms, [&tasks, id] {
    tasks.change(id, [](TaskView& task) {
      task.status = TaskStatus::failed;
      task.status_message = "The engine broke";
      task.error = transport::ProtocolError{-32603, "The engine broke", nullptr};
    });
  });
  call.done(StartedTask{id});
}

// Starts a task that waits for answers to its forms, each one boolean `confirm`.
void start_asking(const FixtureCall& call, const std::vector<std::string>& keys, const std::string& text) {
  if (!need_tasks(call)) return;
  TaskView task;
  task.status = TaskStatus::input_required;
  for (const auto& key : keys) task.input_requests.emplace(key, elicitation("Confirm " + key, {{"confirm", kYesNo}}));
  const auto answered = [text](TaskView& view, const json& responses) {
    for (const auto& [key, response] : responses.items()) view.input_requests.erase(key);
    if (view.input_requests.empty()) complete(view, text_answer(text));
  };
  call.done(StartedTask{call.stage.tasks.start(std::move(task), answered)});
}

void confirm_delete(const FixtureCall& call) {
  const std::string file = call.arguments.value("filename", "");
  start_asking(call, {"confirm"}, "Deleted " + file);
}

void ask_two(const FixtureCall& call) { start_asking(call, {"first", "second"}, "Both answered"); }

void ask_then_start(const FixtureCall& call) {
  const json answer = call.context.input.responses.value("user_name", json());
  if (!answer.is_object())
    return call.done(
        NeedInput{{{"user_name", elicitation("What is your name?", {{"name", {{"type", "string"}}}})}}, {{"step", 1}}});
  const json content = answer.value("content", json::object());
  const Answer greeting = text_answer("Hello, " + (content.is_object() ? content.value("name", "") : "") + "!");
  if (!call.context.takes_tasks()) return call.done(greeting);
  start_timed(call, 200ms, greeting);
}

}  // namespace

std::string FixtureTasks::start(TaskView task, Answered answered) {
  task.id = transport::random_token(24);
  task.created_at = task.updated_at = SystemClock{}.now();
  task.time_to_live = 1h;
  task.poll_interval = 200ms;
  tasks_.with([&](auto& tasks) { tasks.emplace(task.id, Kept{task, std::move(answered)}); });
  return task.id;
}

void FixtureTasks::change(const std::string& id, const std::function<void(TaskView&)>& change) {
  const auto changed = tasks_.with([&](auto& tasks) -> std::optional<Kept> {
    const auto found = tasks.find(id);
    if (found == tasks.end() || is_final(found->second.view.status)) return std::nullopt;
    change(found->second.view);
    found->second.view.updated_at = SystemClock{}.now();
    return found->second;
  });
  if (!changed) return;
  for (const auto& follower : changed->followers)
    if (!follower.gone.stop_requested()) follower.changed(changed->view);
}

std::size_t FixtureTasks::followers_of(const std::string& id) {
  return tasks_.with([&](const auto& tasks) {
    const auto& followers = tasks.at(id).followers;
    return static_cast<std::size_t>(std::count_if(
        followers.begin(), followers.end(), [](const Follower& follower) { return !follower.gone.stop_requested(); }));
  });
}

void FixtureTasks::get_task(const RequestContext&, const std::string& id, transport::TaskDone done) {
  done(tasks_.with([&](const auto& tasks) -> std::optional<TaskView> {
    const auto found = tasks.find(id);
    if (found == tasks.end()) return std::nullopt;
    return found->second.view;
  }));
}

void FixtureTasks::list_tasks(const RequestContext&, const transport::Cursor& cursor, transport::TaskPageDone done) {
  constexpr std::size_t kPageSize = 2;
  done(tasks_.with([&](const auto& tasks) {
    transport::TaskPage page;
    for (auto at = cursor ? tasks.upper_bound(*cursor) : tasks.begin(); at != tasks.end(); ++at) {
      if (page.tasks.size() == kPageSize) {
        page.next_cursor = page.tasks.back().id;
        break;
      }
      page.tasks.push_back(at->second.view);
    }
    return page;
  }));
}

void FixtureTasks::follow_task(const RequestContext& context, const std::string& id, transport::TaskDone changed) {
  changed(tasks_.with([&](auto& tasks) -> std::optional<TaskView> {
    const auto found = tasks.find(id);
    if (found == tasks.end()) return std::nullopt;
    found->second.followers.push_back({context.cancelled, changed});
    return found->second.view;
  }));
}

void FixtureTasks::answer_task(const RequestContext& context, const std::string& id, const json& responses,
                               transport::TaskDone done) {
  const Answered answered = tasks_.with([&](const auto& tasks) -> Answered {
    const auto found = tasks.find(id);
    return found == tasks.end() ? nullptr : found->second.answered;
  });
  if (answered) change(id, [&](TaskView& task) { answered(task, responses); });
  get_task(context, id, std::move(done));
}

void FixtureTasks::cancel_task(const RequestContext& context, const std::string& id, transport::TaskDone done) {
  change(id, [](TaskView& task) {
    task.status = TaskStatus::cancelled;
    task.input_requests.clear();
  });
  get_task(context, id, std::move(done));
}

std::vector<FixtureTool> task_tools() {
  const auto with = [](const char* name, const char* type) {
    return ordered_json{{"type", "object"}, {"properties", {{name, {{"type", type}}}}}};
  };
  return {
      {"greet", "Greets at once", with("name", "string"), greet},
      {"slow_compute", "Takes its time", with("seconds", "number"), compute, "optional"},
      {"failing_job", "Ends with a tool error", kNoArguments, fail_job, "required"},
      {"protocol_error_job", "Ends with a protocol error", kNoArguments, break_job, "required"},
      {"confirm_delete", "Asks before it deletes", with("filename", "string"), confirm_delete, "required"},
      {"multi_input", "Asks two things at once", kNoArguments, ask_two, "required"},
      {"test_tool_with_task", "Asks first and then takes its time", kNoArguments, ask_then_start, "optional"},
  };
}

}  // namespace carillon::conformance
