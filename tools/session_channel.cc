#include "tools/session_channel.h"

#include <nlohmann/json.hpp>
#include <set>

#include "server/base/mask.h"
#include "server/engine/engine.h"
#include "tools/instructions.h"
#include "tools/render.h"
#include "transport/server.h"

namespace carillon::tools {
namespace {

constexpr std::string_view kMethod = "notifications/claude/channel";
constexpr std::size_t kMessageBytes = 300;

bool is_message(const json& action) { return action.is_object() && action.value("kind", "") == "message"; }

std::string summary_of(const RunDetail& run) {
  const RunRow& row = run.row;
  if (row.state == RunState::succeeded && is_message(run.action))
    return row.run + ": " + extract(run.action.value("message", ""), kMessageBytes).text;
  std::string text = row.run + " " + std::string(name_of(row.state));
  if (!row.error_class.empty()) text += " (" + row.error_class + ")";
  if (row.duration) text += " after " + say_duration(*row.duration);
  return text;
}

bool is_in_order(RunState state) { return state == RunState::succeeded || state == RunState::cancelled; }

json about_one(const RunDetail& run, const std::string& prefix) {
  std::string content = summary_of(run);
  if (!is_in_order(run.row.state)) content += ". `get_run` tells why.";
  return {{"content", mask_secrets(with_prefix(content, prefix))},
          {"meta", {{"run", mask_secrets(run.row.run)}, {"status", name_of(run.row.state)}}}};
}

json about_many(const Notice& notice, const std::string& prefix) {
  const std::string total = std::to_string(notice.total);
  std::string content = total + " runs ended", handles;
  for (const RunDetail& run : notice.runs) {
    content += (handles.empty() ? ": " : "; ") + summary_of(run);
    handles += (handles.empty() ? "" : ", ") + run.row.run;
  }
  if (notice.total > notice.runs.size())
    content += "; and " + std::to_string(notice.total - notice.runs.size()) + " more";
  content += ". `get_run` tells of each.";
  return {{"content", mask_secrets(with_prefix(content, prefix))},
          {"meta", {{"runs", mask_secrets(handles)}, {"total", total}}}};
}

}  // namespace

json channel_message(const Notice& notice, const std::string& prefix) {
  return notice.total == 1 ? about_one(notice.runs.front(), prefix) : about_many(notice, prefix);
}

void SessionChannel::run_once() {
  const std::lock_guard lock{running_};
  std::set<Recipient> recipients;
  for (const auto& principal : server_.sessions())
    recipients.insert({TenantId{principal.tenant}, AgentId{principal.agent}});
  if (recipients.empty()) return;
  const DeliverWanted wanted{
      .kind = "session", .recipients = {recipients.begin(), recipients.end()}, .per_hour_max = options_.per_hour_max};
  engine_.deliver(wanted, [&](const Notice& notice) {
    const auto theirs = [&](const transport::Principal& principal) {
      return principal.tenant == notice.recipient.tenant.str() && principal.agent == notice.recipient.agent.str();
    };
    const json message = channel_message(notice, options_.prefix);
    return server_.notify_session(theirs, kMethod, message) ? Sent::sent : Sent::nobody;
  });
}

}  // namespace carillon::tools
