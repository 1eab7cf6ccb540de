// The executor's third part: what calls ask, and how far they say that they are.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/question.h"
#include "server/worker/executor.h"
#include "server/worker/question_desk.h"

namespace carillon {

// The catalog says both on threads of its own, perhaps when the executor is gone.
void Executor::listen(const RunPtr& run, std::uint64_t number, ToolCall& request) {
  request.can_answer = run->plan.can_answer;
  request.asked = [this, queue = work_, run, number](ToolQuestion question, ToolAnswered answered) {
    queue->post([this, run, number, question = std::move(question), answered = std::move(answered)] {
      const std::lock_guard turn{run->turn};
      asked(run, number, question, answered);
    });
  };
  request.progressed = [sink = progress_, run](const ToolProgress& progress) {
    if (run->phase != RunPhase::begun) return;
    sink->with([&](const auto& say) {
      if (say) say(*run, progress);
    });
  };
}

void Executor::asked(const RunPtr& run, std::uint64_t number, ToolQuestion question, ToolAnswered answered) {
  const bool under_way = run->phase == RunPhase::begun && !run->cancelled;
  const int asked_before = run->questions;
  const std::string key = "ask-" + std::to_string(run->run.lease.attempt) + "-" + std::to_string(asked_before + 1);
  const auto tool = run->calls.with([&](CallsUnderWay& calls) -> std::optional<std::string> {
    const auto call = calls.find(number);
    if (!under_way || call == calls.end()) return std::nullopt;
    ++call->second.questions;
    call->second.overdue_at = BootTime::max();
    call->second.asked.push_back(key);
    return call->second.tool;
  });
  if (!tool) return answered(nobody("the call is over"));
  auto go_on = [run, number, overdue_after = options_.overdue_after,
                answered = std::move(answered)](const Result<json>& answer) {
    run->calls.with([&](CallsUnderWay& calls) {
      const auto call = calls.find(number);
      if (call != calls.end() && --call->second.questions == 0)
        call->second.overdue_at = BootClock::now() + call->second.timeout + overdue_after;
    });
    answered(answer);
  };
  ++run->questions;
  if (asked_before >= options_.questions_max) return go_on(nobody("the run has asked too often"));
  if (const auto fits = check_question(question.method, question.params); !fits.ok()) return go_on(fits.error());
  // Whoever waits for a person kills no worker: the next suspect may start.
  ended(run);
  const Instant now = parts_.clock.now();
  DeskQuestion asking{.lease = run->run.lease,
                      .key = key,
                      .tool = *tool,
                      .question = std::move(question),
                      .answer_until = std::min(now + options_.answer_within, finish_by(*run).value_or(Instant::max()))};
  parts_.desk.ask(std::move(asking), std::move(go_on));
}

void Executor::stop_asking(const RunInFlight& run, const CallUnderWay& call) {
  if (call.asked.empty()) return;
  std::vector<QuestionId> asked;
  for (const std::string& key : call.asked) asked.push_back({run.run.lease.id, key});
  parts_.desk.call_ended(asked);
}

}  // namespace carillon
