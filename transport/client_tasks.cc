#include "transport/client_tasks.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "transport/client_input.h"

namespace carillon::transport {
namespace {

constexpr Duration kTaskPauseUsual = std::chrono::seconds{1};
constexpr Duration kTaskPauseMin = std::chrono::milliseconds{20};
constexpr Duration kLookTimeout = std::chrono::seconds{30};
constexpr int kTroublesMax = 10;  // in a row, each with twice the pause of the one before

ClientFailure ended(ClientFailureKind kind, std::string message) {
  return {kind, std::move(message), Reached::maybe, std::nullopt};
}

RpcRefusal refusal_in(const json& error) {
  RpcRefusal refusal;
  if (const auto code = error.find("code"); code != error.end() && code->is_number_integer())
    refusal.code = code->get<int>();
  if (const auto message = error.find("message"); message != error.end() && message->is_string())
    refusal.message = message->get<std::string>();
  refusal.data = error.value("data", json());
  return refusal;
}

json object_in(const json& whole, const char* name) {
  const auto member = whole.find(name);
  return member != whole.end() && member->is_object() ? *member : json();
}

}  // namespace

FollowedTask::FollowedTask(ClientLoop& loop, TaskReach reach, ClientRequest call, ReplyHandler done)
    : loop_(loop), reach_(std::move(reach)), call_(std::move(call)), done_(std::move(done)) {}

void FollowedTask::start(MadeTask made) {
  id_ = made.task.id;
  clock_ = std::make_unique<CallClock>(loop_, CallTimes{made.left, call_.answer_time}, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->time_out();
  });
  tell_progress(made.task);
  wished_ = made.task.poll_interval.value_or(kTaskPauseUsual);
  look_after(wished_);
}

ClientRequest FollowedTask::request(std::string method) const {
  ClientRequest request;
  request.method = std::move(method);
  request.params = {{"taskId", id_}};
  request.timeout = kLookTimeout;
  request.capabilities = call_.capabilities;
  request.tasks = TaskAnswer::accepted;
  return request;
}

void FollowedTask::look_after(Duration pause) {
  pause_ = std::clamp(pause, kTaskPauseMin, reach_.pause_max);
  loop_.cancel_timer(look_timer_);
  look_timer_ = loop_.after(pause_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->look_timer_ = 0;
    self->look();
  });
}

void FollowedTask::with_client(Send send) {
  reach_.connect([self = shared_from_this(), send = std::move(send)](auto reached) {
    if (!self->done_) return;
    if (const auto* failure = std::get_if<ClientFailure>(&reached)) return self->trouble(*failure);
    send(std::get<std::shared_ptr<McpClient>>(reached));
  });
}

void FollowedTask::look() {
  with_client([this](const std::shared_ptr<McpClient>& client) {
    client_ = client;
    look_ = client->request(request("tasks/get"), [self = shared_from_this(), weak = client_](ClientReply reply) {
      self->seen(weak.lock(), std::move(reply));
    });
  });
}

void FollowedTask::seen(const std::shared_ptr<McpClient>& client, ClientReply reply) {
  look_ = 0;
  if (!done_) return;
  if (const auto* failure = std::get_if<ClientFailure>(&reply)) {
    if (failure->kind == ClientFailureKind::session_lost && client) reach_.forgotten(client);
    return trouble(*failure);
  }
  if (const auto* refusal = std::get_if<RpcRefusal>(&reply)) {
    const bool is_gone = refusal->code == rpc_code::kInvalidParams || refusal->code == rpc_code::kMethodNotFound;
    if (is_gone)
      return finish(ended(ClientFailureKind::died, "the server no longer knows the task that it made of the call"));
    return trouble(ended(ClientFailureKind::protocol, refusal->message));
  }
  const auto* described = std::get_if<json>(&reply);
  const auto task = described ? read_task(*described) : std::get<MadeTask>(reply).task;
  if (!task || task->id != id_ || !client)
    return trouble(ended(ClientFailureKind::protocol, "what it tells of its task makes no sense"));
  troubles_ = 0;
  seen_task(*client, *task);
}

// Looked at again, as long as that makes sense.
void FollowedTask::trouble(const ClientFailure& failure) {
  if (++troubles_ > kTroublesMax)
    return finish(ended(ClientFailureKind::died, "the server's task cannot be followed any more: " + failure.message));
  look_after(std::max(pause_ * 2, failure.retry_after.value_or(Duration::zero())));
}

void FollowedTask::seen_task(const McpClient& client, const ServerTask& task) {
  tell_progress(task);
  const bool is_core = client.facts().era == Era::legacy;
  if (is_core && (task.status == "input_required" || task.status == "completed" || task.status == "failed"))
    return ask_for_result();
  if (task.has_ended()) return end_with(task);
  if (task.status == "input_required") take_questions(object_in(task.whole, "inputRequests"));
  if (!done_) return;
  // Only somebody's answer is waited for: that is no reason to look every second.
  wished_ = task.poll_interval.value_or(kTaskPauseUsual);
  look_after(clock_->asking() ? std::max(wished_, pause_ * 2) : wished_);
}

void FollowedTask::end_with(const ServerTask& task) {
  if (task.status == "cancelled") return finish(ended(ClientFailureKind::cancelled, "the server cancelled its task"));
  const json result = object_in(task.whole, "result"), error = object_in(task.whole, "error");
  if (task.status == "completed" && result.is_object()) return finish(result);
  if (task.status == "failed" && error.is_object()) return finish(refusal_in(error));
  finish(ended(ClientFailureKind::protocol, "the server's task ended, but it does not tell with what"));
}

// Answered when the task has ended; what it asks until then comes as requests of the server's.
void FollowedTask::ask_for_result() {
  with_client([this](const std::shared_ptr<McpClient>& client) {
    ClientRequest result = request("tasks/result");
    result.timeout = clock_->left();
    result.answer_time = call_.answer_time;
    if (call_.on_input)
      result.on_input = [self = shared_from_this()](const InputRequest& question, auto answer) {
        self->ask(question, std::move(answer));
      };
    client_ = client;
    look_ = client->request(std::move(result), [self = shared_from_this(), weak = client_](ClientReply reply) {
      const auto* failure = std::get_if<ClientFailure>(&reply);
      const bool is_answer = !failure || failure->kind == ClientFailureKind::needs_input;
      if (!is_answer) return self->seen(weak.lock(), std::move(reply));
      self->look_ = 0;
      if (failure && self->done_) self->stop_server();
      self->finish(std::move(reply));
    });
  });
}

void FollowedTask::take_questions(const json& questions) {
  if (!questions.is_object()) return;
  for (const auto& [key, question] : questions.items()) {
    if (const auto given = answers_.find(key); given != answers_.end()) {
      if (!given->second.value.is_null() && !given->second.is_delivered) send_answer(key);
      continue;
    }
    const auto read = read_question(question);
    if (!read || answers_.size() >= kQuestionsMax || !call_.on_input) {
      stop_server();
      return finish(ended(ClientFailureKind::needs_input, "the server's task asks for what nobody gives"));
    }
    answers_.emplace(key, Answer{});
    ask(*read, [weak = weak_from_this(), name = key](InputAnswer answer) {
      if (const auto self = weak.lock()) self->take_answer(name, std::move(answer));
    });
    if (!done_) return;
  }
}

void FollowedTask::ask(const InputRequest& question, std::function<void(InputAnswer)> answer) {
  clock_->ask();
  call_.on_input(question, [weak = weak_from_this(), answer = std::move(answer)](InputAnswer given) {
    const auto self = weak.lock();
    if (!self || !self->done_) return;
    self->clock_->answered();
    answer(std::move(given));
  });
}

void FollowedTask::take_answer(const std::string& key, InputAnswer answer) {
  if (const auto* refusal = std::get_if<ProtocolError>(&answer)) {
    stop_server();
    return finish(ended(ClientFailureKind::needs_input, refusal->message));
  }
  answers_[key].value = std::get<json>(std::move(answer));
  send_answer(key);
}

void FollowedTask::send_answer(const std::string& key) {
  with_client([this, key](const std::shared_ptr<McpClient>& client) {
    ClientRequest update = request("tasks/update");
    update.params["inputResponses"] = {{key, answers_[key].value}};
    answers_[key].is_delivered = true;
    client->request(std::move(update), [self = shared_from_this(), key](const ClientReply& reply) {
      if (!self->done_) return;
      // What was not taken is sent again as long as the task still asks for it.
      if (std::holds_alternative<ClientFailure>(reply)) self->answers_[key].is_delivered = false;
      if (self->look_ == 0) self->look_after(self->wished_);
    });
  });
}

void FollowedTask::tell_progress(const ServerTask& task) {
  if (!call_.on_progress || task.message.empty() || task.message == told_) return;
  told_ = task.message;
  call_.on_progress({static_cast<double>(++messages_), std::nullopt, task.message});
}

void FollowedTask::time_out() {
  if (!done_) return;
  const bool nobody = clock_->asking();
  stop_server();
  finish(nobody ? ended(ClientFailureKind::needs_input, "its task asked for input, and no answer was given in time")
                : ended(ClientFailureKind::timed_out, "the server's task did not end in time and was taken back"));
}

void FollowedTask::cancel() {
  if (!done_) return;
  stop_server();
  finish(ended(ClientFailureKind::cancelled, "the call was cancelled"));
}

void FollowedTask::lose(ClientFailure failure) {
  failure.reached = Reached::maybe;
  failure.message = "the server's task was left alone: " + failure.message;
  finish(std::move(failure));
}

// Whatever becomes of it: nobody waits for the task any more.
void FollowedTask::stop_server() {
  reach_.connect([cancel = request("tasks/cancel")](const auto& reached) {
    if (const auto* client = std::get_if<std::shared_ptr<McpClient>>(&reached))
      (*client)->request(cancel, [](const ClientReply&) {});
  });
}

void FollowedTask::finish(ClientReply reply) {
  if (!done_) return;
  loop_.cancel_timer(std::exchange(look_timer_, 0));
  const auto keep = shared_from_this();
  const auto done = std::exchange(done_, nullptr);
  clock_.reset();
  if (const auto client = client_.lock(); client && look_ != 0)
    client->cancel(std::exchange(look_, 0), "the call has ended");
  done(std::move(reply));
}

}  // namespace carillon::transport
