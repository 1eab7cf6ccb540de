// respond_to_run of what a step asks an agent to do: claim it for a while, answer it, or give it back.
#include <algorithm>

#include "server/base/mask.h"
#include "server/domain/pipeline/expectation.h"
#include "server/domain/refusal.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"
#include "server/store/approval_store.h"
#include "server/store/step_wait_store.h"
#include "server/store/work_store.h"

namespace carillon {
namespace {

constexpr std::size_t kCommentMax = 2'000;

struct Working {
  const Call& call;
  const RespondToWork& command;
  Tx& tx;
  Telling& telling;
  const RunRecord& run;
};

Error waits_for_none(const Working& in) {
  const bool asks = !ApprovalStore{in.tx}.open(in.call.caller.tenant, in.run.id).empty();
  return Error{ErrorCode::run_not_waiting,
               handle_of(in.run) + " is " + std::string(name_of(in.run.state)) + " and waits for no agent" +
                   (asks ? "; what it asks is to be approved or rejected" : ""),
               "/run", in.command.run};
}

Result<WorkItem> find_work(const Working& in) {
  auto open = WorkStore{in.tx}.hold(in.call.caller.tenant, in.run.id);
  if (open.empty()) return waits_for_none(in);
  if (in.command.step.empty() && open.size() == 1) return std::move(open.front());
  json steps = json::array();
  for (WorkItem& each : open) {
    if (each.key.path == in.command.step) return std::move(each);
    steps.push_back(each.key.path);
  }
  Error error{ErrorCode::ambiguous_name, "several steps wait for agents; name one", "/step"};
  if (!in.command.step.empty())
    error = Error{ErrorCode::unknown_name, "no such step waits for an agent", "/step", in.command.step};
  error.details["candidates"] = std::move(steps);
  return error;
}

Status check_turn(const Working& in, const WorkItem& item) {
  const Instant now = in.call.now;
  if (now >= item.expires_at)
    return Error{ErrorCode::run_not_waiting, "the time for this work is over", "/run", in.command.run};
  if (!may_work(in.call.caller, item.agent))
    return Error{ErrorCode::not_allowed, "the work is for " + whose(item.agent) + ", or for a person", "/run",
                 in.command.run};
  if (!is_anothers(item.claim, in.call.caller.agent.str(), now)) return Done{};
  Error error{ErrorCode::conflict,
              item.claim->by + " has claimed it until " + describe_instant(item.claim->until, in.run.zone, now), "/run",
              in.command.run};
  error.details["holder"] = item.claim->by;
  error.details["until"] = to_rfc3339(item.claim->until);
  return error;
}

Status check_answer(const Working& in, const WorkItem& item) {
  const json& answer = in.command.answer;
  if (!answer.is_object()) return invalid("give the answer, an object such as {\"text\": \"…\"}", "/answer", answer);
  const std::size_t bytes = answer.dump(-1, ' ', false, json::error_handler_t::replace).size();
  if (bytes > kWorkAnswerBytesMax)
    return Error{ErrorCode::too_large, "an answer has at most " + std::to_string(kWorkAnswerBytesMax) + " bytes",
                 "/answer", bytes};
  const auto fits = pipeline::check_expected(item.expect, answer);
  if (fits) return Done{};
  return invalid("the step expects " + item.expect + "; it still waits for such an answer", "/answer");
}

// The step goes on with the answer.
Status end_step(const Working& in, const WorkItem& item) {
  const Caller& caller = in.call.caller;
  const WaitingStep step{.run = item.key.run, .path = item.key.path, .attempt = item.key.attempt};
  WorkStore{in.tx}.end(caller.tenant, item.key, {.outcome = "answered", .at = in.call.now, .by = caller.agent.str()});
  const auto place =
      StepWaitStore{in.tx}.tell(caller.tenant, step, {.output = mask_secrets(in.command.answer), .at = in.call.now});
  if (!place) return Error{ErrorCode::run_not_waiting, "the run does not wait any more", "/run", in.command.run};
  in.telling.run_told(item.key.run, place->shard);
  return Done{};
}

Result<WorkResponded> respond(const Working& in, const WorkItem& item) {
  const Caller& caller = in.call.caller;
  WorkResponded done{.run = handle_of(in.run),
                     .run_id = in.run.id.number(),
                     .step = item.key.path,
                     .zone = in.run.zone,
                     .at = in.call.now};
  switch (in.command.response) {
    case WorkResponse::claim: {
      const Claim claim{caller.agent.str(), std::min(in.call.now + kClaimLength, item.expires_at)};
      WorkStore{in.tx}.set_claim(caller.tenant, item.key, claim);
      done.state = "claimed";
      done.until = claim.until;
      done.prompt = item.prompt;
      done.data = item.data;
      done.expect = item.expect;
      return done;
    }
    case WorkResponse::answer:
      if (auto fits = check_answer(in, item); !fits) return fits.error();
      if (auto ended = end_step(in, item); !ended) return ended.error();
      done.state = "answered";
      return done;
    case WorkResponse::release:
      WorkStore{in.tx}.set_claim(caller.tenant, item.key, std::nullopt);
      done.state = "released";
      return done;
  }
  return done;
}

}  // namespace

Result<WorkResponded> Engine::respond_to_work(const Caller& caller, const RespondToWork& command) {
  if (auto error = unfit_text(command.comment, kCommentMax, "/comment")) return *error;
  if (command.response != WorkResponse::answer && !command.answer.is_null())
    return invalid("an answer belongs to the response \"answer\"", "/answer");
  const Call call{caller, "respond_to_run", command.key, parts_.clock.now()};
  return run_once<WorkResponded>(parts_.store, listeners(), call,
                                 [&](Tx& tx, Telling& telling) -> Result<WorkResponded> {
                                   const auto run = find_run(tx, caller.tenant, command.run);
                                   if (!run) return run.error();
                                   const Working in{call, command, tx, telling, *run};
                                   const auto item = find_work(in);
                                   if (!item) return item.error();
                                   if (auto turn = check_turn(in, *item); !turn) return turn.error();
                                   auto done = respond(in, *item);
                                   if (done)
                                     telling.audit(subject_of(run->id), nullptr,
                                                   {{"step", done->step},
                                                    {"work", done->state},
                                                    {"kind", name_of(caller.kind)},
                                                    {"comment", command.comment}});
                                   return done;
                                 });
}

}  // namespace carillon
