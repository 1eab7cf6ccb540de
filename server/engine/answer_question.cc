#include "server/domain/question.h"
#include "server/engine/approval_forms.h"
#include "server/engine/asked.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"

// answer_question and open_questions: what a run's call asks, and who may answer.

namespace carillon {
namespace {

Error not_waiting(const RunRecord& run, const QuestionRecord& record) {
  Error error{ErrorCode::run_not_waiting, "", "/run", handle_of(run)};
  if (record.answered_by) {
    error.message = "the question was answered by " + record.answered_by->str() + " before";
    error.details["answered_by"] = record.answered_by->str();
  } else if (record.outcome == "expired") {
    error.message = "the question could be answered until " + to_rfc3339(record.question.answer_until);
  } else {
    error.message = "the call that asked is over; " + handle_of(run) + " is " + std::string(name_of(run.state));
  }
  return error;
}

}  // namespace

bool may_answer(const Caller& caller, const RunRecord& run) {
  if (caller.scopes.has(Scope::run)) return true;
  return run.origin == "call" && run.agent == caller.agent && caller.scopes.has(Scope::tools);
}

std::vector<OpenQuestion> questions_for(Tx& tx, const Caller& caller, const RunRecord& run) {
  std::vector<OpenQuestion> open;
  if (run.state == RunState::running && may_answer(caller, run)) open = QuestionStore{tx}.open(caller.tenant, {run.id});
  for (OpenQuestion& form : approval_forms(tx, caller, run)) open.push_back(std::move(form));
  return open;
}

std::vector<OpenQuestion> Engine::open_questions(const Caller& caller, RunId id) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> std::vector<OpenQuestion> {
    const auto run = RunStore{tx}.find(caller.tenant, id);
    return run ? questions_for(tx, caller, *run) : std::vector<OpenQuestion>{};
  });
}

Result<QuestionAnswered> Engine::answer_question(const Caller& caller, const AnswerQuestion& command) {
  if (is_approval_form(command.key)) return decide_by_form(caller, command);
  const CommandKey key;
  const Call call{caller, "answer_question", key, parts_.clock.now()};
  return run_keyless<QuestionAnswered>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<QuestionAnswered> {
        const auto run = find_run(tx, caller.tenant, command.run.str());
        if (!run) return run.error();
        if (!may_answer(caller, *run))
          return Error{ErrorCode::not_allowed, "answering what a run asks needs the scope \"run\"", "/run"};
        QuestionStore questions{tx};
        const auto record = questions.find(caller.tenant, run->id, command.key);
        if (!record) return Error{ErrorCode::unknown_name, "the run does not ask that", "/key", command.key};
        const OpenQuestion& asked = record->question;
        const auto verdict = judge_answer(asked.method, asked.params, command.answer);
        if (!verdict) return verdict.error();
        if (!record->open) return not_waiting(*run, *record);
        const bool decides =
            *verdict == Verdict::answer || (*verdict == Verdict::decline && command.as == Answering::caller);
        if (!decides) return QuestionAnswered::left_open;
        const GivenAnswer given{run->id, command.key, command.answer, caller.agent, call.now};
        if (!questions.answer(caller.tenant, given)) {
          const auto now = questions.find(caller.tenant, run->id, command.key);
          return not_waiting(*run, now.value_or(*record));
        }
        telling.run_event("task.run.answered", {run->id, run->task, run->task_name, run->number, run->retry},
                          {{"question", command.key}, {"answered_by", caller.agent.str()}});
        telling.audit(subject_of(run->id), nullptr,
                      {{"question", command.key}, {"tool", asked.tool}, {"method", asked.method}});
        telling.question_answered(run->id);
        return QuestionAnswered::taken;
      });
}

}  // namespace carillon
