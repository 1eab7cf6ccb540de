#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/downstream.h"
#include "tools/guides.h"
#include "tools/render.h"
#include "tools/run_answers.h"
#include "tools/schemas.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

ordered_json queue_of(const StatusReport& status) {
  ordered_json queue{{"due", status.queued_due},
                     {"later", status.queued_later},
                     {"running", status.running},
                     {"waiting", status.waiting}};
  add_time(queue, "oldest_due", status.oldest_due, status.zone, status.now);
  return queue;
}

ordered_json since_of(const SinceLastAsked& since, const StatusReport& status) {
  ordered_json facts;
  facts["since"] = since.since ? say_time(*since.since, status.zone, status.now) : "the last 24 hours";
  facts["succeeded"] = since.succeeded;
  facts["failed"] = since.failed;
  facts["unknown"] = since.unknown;
  facts["missed"] = since.missed;
  facts["skipped"] = since.skipped;
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

Answer status_answer(const StatusReport& status, const DownstreamFound& servers) {
  ordered_json facts{{"now", describe_local(status.now, status.zone)}, {"at", to_rfc3339_in(status.now, status.zone)}};
  facts["you"] = {{"agent", status.agent}, {"scopes", status.scopes}};
  facts["durable"] = status.durable;
  facts["workers"] = workers_of(status);
  facts["dispatch"] = dispatch_of(status);
  facts["queue"] = queue_of(status);
  facts["tasks"] = {{"active", status.tasks_active}, {"paused", status.tasks_paused}, {"done", status.tasks_done}};
  facts["servers"] = servers_of(servers);
  for (const auto& entry : status.next)
    facts["next"].push_back({{"task", entry.task}, {"at", say_time(entry.at, entry.zone, status.now)}});
  facts["since_last_asked"] = since_of(status.since_last_asked, status);
  for (const auto& run : status.since_last_asked.attention)
    facts["attention"].push_back(run_row(run, status.now, Format::concise));
  return tell(facts);
}

std::string errors_guide() {
  std::string guide =
      "# Errors\n\nA refusal is a tool result with isError and {error, message, retryable}; where they help also "
      "pointer "
      "(the argument), got, try (calls or values that work) and nearest.\n\n";
  for (const auto& code : kErrorCodes)
    guide +=
        std::string(code.name) + (code.retryable ? " (repeat later)" : "") + ": " + std::string(code.meaning) + "\n";
  return guide;
}

Answer help_answer(const std::string& topic) {
  const std::string guide = topic == "errors"   ? errors_guide()
                            : topic == "limits" ? std::string(guides::limits.text)
                                                : std::string(guides::when.text);
  return {.structured = {{"guide", guide}}, .text = guide};
}

ToolOutcome get_status(CallContext& context, const json& arguments) {
  if (const auto topic = optional_of<std::string>(arguments, "help")) return help_answer(*topic);
  const auto status = context.ports.engine.get_status(context.caller);
  if (!status.ok()) return status.error();
  const auto servers = context.ports.downstream.search_tools(
      context.caller.tenant, {.detail = DownstreamDetail::name, .limit = 0, .wait = Duration{0}});
  return status_answer(*status, servers.ok() ? *servers : DownstreamFound{});
}

const Tool kStatusTools[] = {
    {.name = "get_status",
     .title = "Show the status",
     .summary = "Local time, who you are, queue, health, what comes next, what failed or was missed since you last "
                "asked; or a short guide.",
     .input_schema = schemas::get_status,
     .output_schema = output_schemas::get_status.text,
     .hints = {.reads_only = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"help": "when"})",
     .call = get_status},
};

}  // namespace

std::span<const Tool> status_tools() { return kStatusTools; }

}  // namespace carillon::tools
