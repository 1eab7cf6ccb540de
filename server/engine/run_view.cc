#include "server/engine/run_view.h"

#include "server/domain/question.h"
#include "server/engine/lookup.h"
#include "server/store/child_store.h"

namespace carillon {

RunRow view_of(const RunRecord& run) {
  RunRow row{
      .run = handle_of(run),
      .run_id = run.id.number(),
      .task = run.task_name,
      .state = run.state,
      .origin = run.origin,
      .agent = run.agent.str(),
      .zone = run.zone,
      .slot = run.slot,
      .slot_until = run.slot_until,
      .folded = run.folded,
      .run_at = run.resumes_at.value_or(run.run_at),
      .started_at = run.started_at,
      .finished_at = run.finished_at,
      .duration = std::nullopt,
      .late_by = run.late_by,
      .attempt = run.attempt,
      .error_class = run.error_class,
      .error_message = run.error_message,
      .reason = run.reason,
      .cancel_requested = run.cancel_requested_at.has_value(),
      .asks = {},
  };
  if (run.started_at && run.finished_at) row.duration = *run.finished_at - *run.started_at;
  return row;
}

void put_parent(Tx& tx, const TenantId& tenant, RunRow& row, std::string& step) {
  if (row.origin != "step") return;
  const auto link = ChildStore{tx}.find(tenant, RunId{row.run_id});
  if (!link) return;
  const auto parent = RunStore{tx}.find(tenant, link->parent);
  row.parent = parent ? handle_of(*parent) : link->parent.str();
  step = link->path;
}

AskedApproval asked_by(const RunRecord& run, Approval approval) {
  return {.run = handle_of(run), .state = run.state, .zone = run.zone, .approval = std::move(approval)};
}

std::string asks_of(const std::vector<OpenQuestion>& questions) {
  std::string asks;
  for (const OpenQuestion& question : questions)
    asks += (asks.empty() ? "" : "; ") + brief_question(question.method, question.params);
  return asks;
}

}  // namespace carillon
