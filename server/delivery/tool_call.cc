#include "server/delivery/tool_call.h"

#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/domain/notify.h"
#include "server/domain/retry.h"

namespace carillon::delivery {
namespace {

// What an attempt that did not work means; the courier counts attempts, so that none is the last one here.
Attempt attempt_of(const ToolReply& reply, Effect effect) {
  if (!reply.failure) return {};
  const RetryDecision next = decide_retry({.max_attempts = 2},
                                          {.attempt = 1,
                                           .error_class = *reply.failure,
                                           .effect = effect,
                                           .arrived = reply.arrived,
                                           .retry_after = reply.retry_after},
                                          0);
  // A person signs in, and the next attempt works.
  if (*reply.failure == ErrorClass::needs_sign_in) return {Became::unreachable, reply.message};
  switch (next.what) {
    case AfterFailure::retry:
      return {Became::unreachable, reply.message, reply.retry_after};
    case AfterFailure::unknown:
      return {Became::never,
              "nobody knows whether the tool was called, and it may not be called twice: " + reply.message};
    case AfterFailure::fail:
      break;
  }
  return {Became::never, reply.message};
}

std::string scope_lacking(const ToolFacts& facts, const std::optional<Scopes>& held) {
  if (!held) return "";
  const auto missing = facts.scopes.missing_from(*held).names();
  return missing.empty()
             ? ""
             : "who wrote the task lacks the scope \"" + missing.front() + "\" that " + facts.tool + " needs";
}

}  // namespace

// The call's own timeout bounds the wait. A process that ends waits for it, too: a call that is given up would have
// to count as made.
ToolReply ToolCalls::call(ToolCall wanted) {
  const auto reply = std::make_shared<std::promise<ToolReply>>();
  tools_.start(std::move(wanted), [reply](ToolReply came) { reply->set_value(std::move(came)); });
  return reply->get_future().get();
}

Attempt ToolCalls::send(const Letter& letter, const std::stop_token&) {
  const ToolTarget target = tool_of_target(letter.target);
  const auto facts = tools_.describe(letter.tenant, target.tool, options_.timeout);
  if (!facts) {
    const bool gone = facts.error().code == ErrorCode::unknown_tool;
    return {gone ? Became::refused : Became::unreachable, facts.error().message};
  }
  if (letter.interrupted && !may_be_repeated(facts->effect))
    return {Became::never,
            "the process that called the tool has died; nobody knows whether it was called, and it may "
            "not be called twice"};
  if (const std::string lacking = scope_lacking(*facts, letter.scopes); !lacking.empty())
    return {Became::never, lacking};
  const auto argument = text_argument(facts->input_schema, target);
  if (!argument) return {Became::never, argument.error().message};
  json arguments = target.arguments;
  arguments[*argument] = letter.text;
  return attempt_of(call({.tenant = letter.tenant,
                          .tool = target.tool,
                          .arguments = std::move(arguments),
                          .timeout = options_.timeout,
                          .idempotency_key = letter.id,
                          .traceparent = ""}),
                    facts->effect);
}

}  // namespace carillon::delivery
