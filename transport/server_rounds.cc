// Rounds of input: a request that cannot be finished without its client's user or model, in both generations. A modern
// client repeats the request with its answers and our sealed state. A legacy one is asked in the middle of the request.
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <utility>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kRoundsMax = 16;

StateBinding binding_of(const Call& call) { return {call.context.principal, call.method, &call.params}; }

std::optional<json> undeclared(const Call& call, const NeedInput& need) {
  for (const auto& [key, request] : need.requests)
    if (auto missing = undeclared(call, request)) return missing;
  return std::nullopt;
}

json input_required(const CallPtr& call, const NeedInput& need) {
  json result{{"resultType", "input_required"}};
  for (const auto& [key, request] : need.requests)
    result["inputRequests"][key] = {{"method", request.method}, {"params", request.params}};
  if (!need.state.is_null() || need.requests.empty())
    result["requestState"] = call->core->sealer.seal(need.state, binding_of(*call));
  return result;
}

std::string said_in(const json& error) {
  const auto said = error.find("message");
  return said != error.end() && said->is_string() ? said->get<std::string>() : "it did not say why";
}

// The questions of one round to a legacy client. The request goes on once, with the answers so far: when all are there,
// or when its service waits no longer.
class LegacyRound : public std::enable_shared_from_this<LegacyRound> {
 public:
  using Again = std::function<void(const CallPtr&)>;
  LegacyRound(CallPtr call, NeedInput need, Again again)
      : call_(std::move(call)), need_(std::move(need)), again_(std::move(again)) {}

  void ask() {
    const auto self = shared_from_this();
    const CallPtr call = call_;  // the last answer may come before the last question went out
    const auto meanwhile = std::exchange(need_.meanwhile, nullptr);
    for (const auto& [key, request] : need_.requests) {
      const auto id = call->peer->ask(call->exchange, for_revision(request, call->revision),
                                      [self, key = key](const json_rpc::Response& said) { self->take(key, said); });
      const std::lock_guard lock{mutex_};
      asked_.push_back(id);
    }
    if (meanwhile) meanwhile([self] { self->stop_waiting(); }, answered_.get_token());
  }

 private:
  void take(const std::string& key, const json_rpc::Response& said) {
    std::unique_lock lock{mutex_};
    if (call_ == nullptr) {
      lock.unlock();
      if (said.ok() && need_.late) need_.late(key, said.result);
      return;
    }
    if (said.ok()) {
      answers_[key] = said.result;
    } else {
      refusal_ = "the client did not answer " + key + ": " + said_in(said.error);
    }
    if (++taken_ == need_.requests.size()) go_on(std::move(lock));
  }

  void stop_waiting() {
    std::unique_lock lock{mutex_};
    if (call_ == nullptr) return;
    if (need_.late)
      for (const auto& id : asked_) call_->peer->keep_asking(id);
    go_on(std::move(lock));
  }

  void go_on(std::unique_lock<std::mutex> lock) {
    const CallPtr call = std::exchange(call_, nullptr);
    const Again again = std::exchange(again_, nullptr);
    const json answers = std::exchange(answers_, json::object());
    const std::string refusal = refusal_;
    lock.unlock();
    answered_.request_stop();
    if (!refusal.empty()) return fail(call, {rpc_code::kInternal, refusal, nullptr});
    call->context.input = {answers, need_.state};
    if (call->core->stopped) return fail(call, {rpc_code::kInternal, "the server is stopping", nullptr});
    const auto run = [call, again] { run_guarded(call, [&] { again(call); }); };
    if (!call->core->executor.run(run)) fail(call, {rpc_code::kInternal, "the server is overloaded", nullptr});
  }

  std::mutex mutex_;
  CallPtr call_;  // null once the request went on
  NeedInput need_;
  Again again_;
  std::vector<std::string> asked_{};  // ids of our requests
  std::size_t taken_ = 0;
  json answers_ = json::object();
  std::string refusal_{};
  std::stop_source answered_{};
};

}  // namespace

bool read_input_round(const CallPtr& call) {
  if (!call->modern()) return true;
  if (const auto given = call->params.find("inputResponses"); given != call->params.end()) {
    if (!given->is_object()) {
      fail(call, invalid_params("params.inputResponses is an object"));
      return false;
    }
    call->context.input.responses = *given;
  }
  const auto state = call->params.find("requestState");
  if (state == call->params.end()) return true;
  const auto opened = state->is_string()
                          ? call->core->sealer.open(state->get_ref<const std::string&>(), binding_of(*call))
                          : std::nullopt;
  if (!opened) {
    fail(call, invalid_params("params.requestState is not what was given for this request, or has expired"));
    return false;
  }
  call->context.input.state = *opened;
  return true;
}

void require_input(const CallPtr& call, NeedInput need, const std::function<void(const CallPtr&)>& again) {
  if (const auto missing = undeclared(*call, need)) {
    if (call->modern()) return fail(call, missing_capability(*missing));
    return fail(call, invalid_params("this needs a client that declares " + missing->dump()));
  }
  if (call->modern()) return succeed(call, input_required(call, need));
  if (++call->rounds > kRoundsMax)
    return fail(call, {rpc_code::kInternal, "the request asked for input too many times", nullptr});
  if (need.requests.empty()) {
    call->context.input = {json::object(), need.state};
    return again(call);
  }
  std::make_shared<LegacyRound>(call, std::move(need), again)->ask();
}

}  // namespace carillon::transport
