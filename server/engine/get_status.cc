#include <algorithm>

#include "server/engine/awaited_runs.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/outages.h"
#include "server/engine/run_view.h"
#include "server/engine/standing.h"
#include "server/store/delivery_store.h"
#include "server/store/status_store.h"
#include "server/store/zone_store.h"

// get_status: who asks, what is queued, what comes next, and what went wrong since this caller last asked.

namespace carillon {

namespace {

constexpr std::size_t kNextOfAll = 5;
constexpr int kAttentionShown = 5;
constexpr int kTasksLookedAt = 20;
constexpr int kOutagesShown = 3;
constexpr int kOutageTasksShown = 10;
constexpr Duration kFirstLook = std::chrono::hours{24};
constexpr Duration kAhead = std::chrono::days{366};

std::vector<AgendaEntry> coming(const RhythmSource& source, Instant now) {
  std::vector<AgendaEntry> entries;
  for (const TaskRecord& task : TaskStore{source.tx}.upcoming(source.tenant, now + kAhead, kTasksLookedAt)) {
    const auto definition = definition_of(task);
    if (!definition) continue;
    for (NextSlot& slot : upcoming(rhythm_of(source, task, *definition), now, kNextOfAll))
      entries.push_back({slot.at, task.name, task.zone, std::move(slot.note)});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const AgendaEntry& a, const AgendaEntry& b) { return a.at < b.at; });
  if (entries.size() > kNextOfAll) entries.resize(kNextOfAll);
  return entries;
}

// Each is told for some minutes after its end, however often somebody asks: a host's chats ask as one agent.
std::vector<OutageRow> outages_since(Tx& tx, const TenantId& tenant, Instant since) {
  std::vector<OutageRow> told;
  OutageStore outages{tx};
  for (const OutageRecord& outage : outages.gathered_since(since, kOutagesShown)) {
    const OutageTasks found = outages.tasks(tenant, outage, kOutageTasksShown);
    if (found.tasks.empty()) continue;
    OutageRow row{.began = outage.began,
                  .ended = outage.ended,
                  .because = std::string{why_nobody_watched(outage.kind)},
                  .tasks_total = found.total};
    for (const OutageTask& task : found.tasks) row.tasks.push_back(say_outage(task));
    told.push_back(std::move(row));
  }
  return told;
}

SinceLastAsked since_last_asked(Tx& tx, const Caller& caller, Instant now, StatusUse use) {
  StatusStore status{tx};
  const LastAsked last = use == StatusUse::asked ? status.note_asked(caller.tenant, caller.agent, now)
                                                 : status.last_asked(caller.tenant, caller.agent);
  const EndsWanted wanted{
      .since = last.at.value_or(now - kFirstLook), .unseen_by = last.seen, .seen_by = last.seen_now};
  RunStore runs{tx};
  const EndedRuns ended = runs.outcomes(caller.tenant, wanted);
  SinceLastAsked told{.since = last.at,
                      .succeeded = ended.succeeded,
                      .failed = ended.failed,
                      .unknown = ended.unknown,
                      .missed = ended.missed,
                      .skipped = ended.skipped,
                      .outages = outages_since(tx, caller.tenant, wanted.since)};
  for (const RunId id : runs.attention(caller.tenant, wanted, kAttentionShown))
    if (const auto run = runs.find(caller.tenant, id)) told.attention.push_back(view_of(*run));
  return told;
}

void put_undelivered(Tx& tx, const TenantId& tenant, StatusReport& report) {
  const Undelivered found = DeliveryStore{tx}.undelivered(tenant, report.now - kFirstLook, kAttentionShown);
  report.undelivered_total = found.total;
  for (const auto& each : found.latest)
    if (const auto run = RunStore{tx}.find(tenant, each.run))
      report.undelivered.push_back({view_of(*run).run, each.target, each.state, each.error});
}

void put_approvals(Tx& tx, const TenantId& tenant, StatusReport& report) {
  ApprovalPage page = ApprovalStore{tx}.all_open(tenant, kAttentionShown);
  report.approvals_total = page.total;
  for (Approval& each : page.approvals)
    if (const auto run = RunStore{tx}.find(tenant, each.key.run))
      report.approvals.push_back(asked_by(*run, std::move(each)));
}

std::vector<MovedTask> retimed(Tx& tx, const Caller& caller, Instant now, StatusUse use) {
  std::vector<MovedTask> moved;
  ZoneStore zones{tx};
  for (auto& each : zones.untold(caller.tenant, caller.agent))
    moved.push_back({std::move(each.task), std::move(each.zone), each.was, each.next, std::move(each.reason)});
  if (!moved.empty() && use == StatusUse::asked) zones.tell(caller.tenant, caller.agent, now);
  return moved;
}

std::optional<DispatchPause> pause_of(StatusStore& status, const TenantId& tenant) {
  const auto pause = status.dispatch_pause(tenant);
  if (!pause) return std::nullopt;
  return DispatchPause{pause->reason, pause->paused_by, pause->paused_at, pause->until};
}

}  // namespace

Result<StatusReport> Engine::get_status(const Caller& caller, StatusUse use) {
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<StatusReport> {
    StatusStore status{tx};
    const QueueFacts queue = status.queue(caller.tenant, now);
    const BusyRuns busy = RunStore{tx}.busy(caller.tenant, std::nullopt);
    const TaskCounts counts = TaskStore{tx}.count_by_state(caller.tenant);
    StatusReport report{.now = now,
                        .zone = zone_of(caller),
                        .tenant = caller.tenant.str(),
                        .agent = caller.agent.str(),
                        .kind = caller.kind,
                        .scopes = caller.scopes.names(),
                        .durable = options_.durable,
                        .service_offer = counts.active > 0 ? options_.service_offer : "",
                        .queued_due = queue.due,
                        .queued_later = queue.later,
                        .running = busy.running,
                        .waiting = busy.waiting,
                        .awaiting_caller = static_cast<std::int64_t>(
                            WorkStore{tx}.awaiting(caller.tenant, awaited_by(caller), now).size()),
                        .oldest_due = queue.oldest_due,
                        .tasks_active = counts.active,
                        .tasks_paused = counts.paused,
                        .tasks_done = counts.done,
                        .shards_without_owner = queue.shards_without_owner,
                        .dispatch_pause = pause_of(status, caller.tenant),
                        .next = coming({tx, caller.tenant, options_.quiet}, now)};
    for (HeldTaskRecord& held : status.held(caller.tenant))
      report.held.push_back({std::move(held.task), std::move(held.zone), held.runs, held.first_slot});
    report.retimed = retimed(tx, caller, now, use);
    report.since_last_asked = since_last_asked(tx, caller, now, use);
    put_undelivered(tx, caller.tenant, report);
    put_approvals(tx, caller.tenant, report);
    return report;
  });
}

}  // namespace carillon
