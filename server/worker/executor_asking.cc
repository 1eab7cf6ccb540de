// The executor's third part: what calls ask, and how far they say that they are.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/question.h"
#include "server/worker/executor.h"

namespace carillon {
namespace {

Error nobody(std::string why) { return {ErrorCode::run_not_waiting, std::move(why)}; }

}  // namespace

// The catalog says both on threads of its own, perhaps when the executor is gone.
void Executor::listen(const RunPtr& run, std::uint64_t sequence, ToolCall& request) {
  request.can_answer = run->plan.can_answer;
  request.asked = [this, queue = work_, run, sequence](ToolQuestion question, ToolAnswered answered) {
    queue->post([this, run, sequence, question = std::move(question), answered = std::move(answered)] {
      asked(run, sequence, question, answered);
    });
  };
  request.progressed = [sink = progress_, run](const ToolProgress& progress) {
    if (run->phase != RunPhase::begun) return;
    sink->with([&](const auto& say) {
      if (say) say(*run, progress);
    });
  };
}

void Executor::asked(const RunPtr& run, std::uint64_t sequence, ToolQuestion question, ToolAnswered answered) {
  const bool under_way = run->phase == RunPhase::begun && !run->cancelled;
  const auto call = run->call.with([&](CallUnderWay& now) -> std::optional<CallUnderWay> {
    if (!under_way || now.sequence != sequence) return std::nullopt;
    ++now.questions;
    now.overdue_at = BootTime::max();
    return now;
  });
  if (!call) return answered(nobody("the call is over"));
  auto go_on = [run, sequence, overdue_after = options_.overdue_after,
                answered = std::move(answered)](const Result<json>& answer) {
    run->call.with([&](CallUnderWay& now) {
      if (now.sequence == sequence && --now.questions == 0)
        now.overdue_at = BootClock::now() + now.timeout + overdue_after;
    });
    answered(answer);
  };
  const int number = ++run->questions;
  if (number > options_.questions_max) return go_on(nobody("the run has asked too often"));
  if (const auto fits = check_question(question.method, question.params); !fits.ok()) return go_on(fits.error());
  // Whoever waits for a person kills no worker: the next suspect may start.
  ended(run);
  const Instant now = parts_.clock.now();
  DeskQuestion asking{.lease = run->run.lease,
                      .key = "ask-" + std::to_string(run->run.lease.attempt) + "-" + std::to_string(number),
                      .tool = call->tool,
                      .question = std::move(question),
                      .answer_until = std::min(now + options_.answer_within, finish_by(*run).value_or(Instant::max()))};
  parts_.desk.ask(std::move(asking), std::move(go_on));
}

void Executor::stop_asking(const RunInFlight& run) {
  if (run.questions > 0) parts_.desk.call_ended(run.run.lease.id);
}

}  // namespace carillon
