#include "tools/status_answers.h"

#include <algorithm>

#include "server/domain/schedule/schedule.h"
#include "tools/downstream.h"
#include "tools/render.h"
#include "tools/run_answers.h"

namespace carillon::tools {
namespace {

constexpr std::size_t kApprovalShownBytes = 120;

ordered_json queue_of(const StatusReport& status) {
  ordered_json queue{{"due", status.queued_due},
                     {"later", status.queued_later},
                     {"running", status.running},
                     {"waiting", status.waiting}};
  add_time(queue, "oldest_due", status.oldest_due, status.zone, status.now);
  return queue;
}

ordered_json outage_of(const OutageRow& outage, const StatusReport& status) {
  const auto minute = [&](Instant at) {
    return describe_local(std::chrono::floor<std::chrono::minutes>(at), status.zone);
  };
  ordered_json facts{{"because", outage.because},
                     {"from", minute(outage.began)},
                     {"until", minute(outage.ended)},
                     {"tasks", outage.tasks}};
  if (outage.tasks_total > static_cast<std::int64_t>(outage.tasks.size())) facts["tasks_in_all"] = outage.tasks_total;
  return facts;
}

ordered_json since_of(const SinceLastAsked& since, const StatusReport& status) {
  ordered_json facts;
  facts["since"] = since.since ? say_time(*since.since, status.zone, status.now) : "the last 24 hours";
  facts["succeeded"] = since.succeeded;
  facts["failed"] = since.failed;
  facts["unknown"] = since.unknown;
  facts["missed"] = since.missed;
  facts["skipped"] = since.skipped;
  for (const auto& outage : since.outages) facts["outages"].push_back(outage_of(outage, status));
  return facts;
}

std::string dispatch_of(const StatusReport& status) {
  if (!status.dispatch_pause) return "on";
  const DispatchPause& pause = *status.dispatch_pause;
  std::string text = "paused by " + pause.paused_by + " since " + say_time(pause.paused_at, status.zone, status.now);
  if (!pause.reason.empty()) text += ": " + pause.reason;
  if (pause.until) text += "; until " + say_time(*pause.until, status.zone, status.now);
  return text;
}

std::string workers_of(const StatusReport& status) {
  if (status.shards_without_owner == 0) return "ok";
  return "no worker for " + std::to_string(status.shards_without_owner) +
         " of 16 shards; if this stays for more than some seconds, start `carillon worker` or `carillon serve`";
}

// Servers in order are counted, the others are told.
ordered_json servers_of(const DownstreamFound& found) {
  ordered_json facts{{"known", found.servers.size()}};
  for (const auto& server : found.servers)
    if (!server.detail.empty())
      facts["trouble"].push_back({{"server", server.name}, {"state", server.state}, {"detail", server.detail}});
  return facts;
}

ordered_json undelivered_of(const StatusReport& status) {
  ordered_json facts{{"total", status.undelivered_total}};
  for (const auto& each : status.undelivered)
    facts["latest"].push_back(
        {{"run", each.run}, {"target", each.target}, {"state", each.state}, {"error", each.error}});
  return facts;
}

void add_approvals(ordered_json& facts, const StatusReport& status) {
  for (const AskedApproval& asked : status.approvals) {
    ordered_json row{{"run", asked.run},
                     {"step", asked.approval.key.path},
                     {"message", extract(asked.approval.message, kApprovalShownBytes).text},
                     {"by", asked.approval.deciders}};
    if (asked.approval.expires_at != Instant::max())
      row["until"] = say_time(asked.approval.expires_at, asked.zone, status.now);
    facts["approvals"].push_back(row);
  }
  if (status.approvals_total > static_cast<std::int64_t>(status.approvals.size()))
    facts["approvals_in_all"] = status.approvals_total;
}

// Those that come first, and how many there are.
void add_retimed(ordered_json& facts, const StatusReport& status) {
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(kShown, status.retimed.size()); ++i) {
    const MovedTask& moved = status.retimed[i];
    facts["retimed"].push_back({{"task", moved.task},
                                {"was", say_time(moved.was, moved.zone, status.now)},
                                {"next", say_time(moved.next, moved.zone, status.now)},
                                {"because", moved.reason}});
  }
  if (status.retimed.size() > kShown) facts["retimed_in_all"] = status.retimed.size();
}

Answer told(const StatusReport& status, const DownstreamFound& servers) {
  ordered_json facts{{"now", describe_local(status.now, status.zone)}, {"at", to_rfc3339_in(status.now, status.zone)}};
  facts["you"] = {{"agent", status.agent}, {"kind", name_of(status.kind)}, {"scopes", status.scopes}};
  facts["durable"] = status.durable;
  if (!status.service_offer.empty()) facts["service"] = status.service_offer;
  facts["workers"] = workers_of(status);
  facts["dispatch"] = dispatch_of(status);
  facts["queue"] = queue_of(status);
  if (status.awaiting_caller > 0)
    facts["for_you"] = std::to_string(status.awaiting_caller) + " waiting: list_runs {waiting_for: me}";
  for (const auto& held : status.held) {
    ordered_json row{{"task", held.task}, {"runs", held.runs}};
    add_time(row, "since", held.first_slot, held.zone, status.now);
    row["decide"] = "set_task_state {state: active, tasks: [" + held.task + "], meanwhile: all | once | drop}";
    facts["held"].push_back(row);
  }
  facts["tasks"] = {{"active", status.tasks_active}, {"paused", status.tasks_paused}, {"done", status.tasks_done}};
  facts["servers"] = servers_of(servers);
  for (const auto& entry : status.next)
    facts["next"].push_back({{"task", entry.task}, {"at", say_time(entry.at, entry.zone, status.now)}});
  add_retimed(facts, status);
  facts["since_last_asked"] = since_of(status.since_last_asked, status);
  for (const auto& run : status.since_last_asked.attention)
    facts["attention"].push_back(run_row(run, status.now, Format::concise));
  add_approvals(facts, status);
  if (status.undelivered_total > 0) facts["undelivered"] = undelivered_of(status);
  return tell(facts);
}

}  // namespace

Result<Answer> status_answer(const StatusCall& call, StatusUse use) {
  const auto status = call.ports.engine.get_status(call.caller, use);
  if (!status.ok()) return status.error();
  const auto servers = call.ports.downstream.search_tools(
      call.caller.tenant, {.detail = DownstreamDetail::name, .limit = 0, .wait = Duration{0}});
  return told(*status, servers.ok() ? *servers : DownstreamFound{});
}

}  // namespace carillon::tools
