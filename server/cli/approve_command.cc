// `carillon approve | reject RUN` and `carillon approvals`: a person at the terminal decides what runs ask, and sees
// what waits. A link goes to stdout, once, for whoever is to open it.
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/base/mask.h"
#include "server/cli/approval_links.h"
#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/daemon_link.h"
#include "server/cli/local_engine.h"
#include "server/domain/approval.h"
#include "server/domain/duration_text.h"
#include "server/domain/schedule/schedule.h"

namespace carillon::cli {
namespace {

std::string enumerated(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void print(const RunResponded& decided) {
  if (decided.decision == "open")
    std::printf("%s step %s: agreed by %s; %d more have to\n", decided.run.c_str(), decided.step.c_str(),
                enumerated(decided.by).c_str(), decided.quorum - static_cast<int>(decided.by.size()));
  else
    std::printf("%s step %s: %s by %s\n", decided.run.c_str(), decided.step.c_str(), decided.decision.c_str(),
                enumerated(decided.by).c_str());
}

int run_decision(const Words& words, std::string_view command, bool approves) {
  std::vector<OwnOption> own{{"step", "where several steps of the run ask", "STEP"},
                             {"comment", "kept with the decision", "TEXT"}};
  if (approves)
    own.push_back({"always", "approve the same again, with the same arguments, for so long (30d)", "DURATION"});
  const auto parsed = parse_words(words, {.command = command, .flags = {}, .own = own});
  if (!parsed) return kExitUsage;
  if (parsed->rest.size() != 1)
    return usage_error("say which run: carillon " + std::string{command} + " RUN [--step S] [--comment TEXT]");
  RespondToRun respond{.run = parsed->rest[0],
                       .step = parsed->value("step", ""),
                       .approves = approves,
                       .comment = parsed->value("comment", "")};
  if (parsed->has("always")) {
    const auto length = read_duration(parsed->value("always", ""), "/always");
    if (!length) return refused(length.error());
    respond.always = *length;
  }
  auto local = LocalEngine::open(parsed->config);
  if (!local.ok()) return refused(local.error());
  const auto decided = (*local)->engine().respond_to_run((*local)->owner(), respond);
  if (!decided.ok()) return refused(decided.error());
  print(*decided);
  return kExitOk;
}

// Where the pages of this installation are served; empty: nowhere that is known.
std::string served_at(const Config& config) {
  if (!config.http.url.empty()) return link_base(config.http.url, "");
  const auto daemon = connect_daemon(config.paths, "status");
  if (!daemon.ok()) return "";
  const json http = daemon->answer.value("status", json::object()).value("http", json());
  return http.is_string() ? http.get<std::string>() : "";
}

void print(const AskedApproval& asked, Instant now) {
  const Approval& approval = asked.approval;
  std::printf("%s  step %s  by %s", asked.run.c_str(), approval.key.path.c_str(),
              enumerated(approval.deciders).c_str());
  if (approval.quorum > 1) std::printf("  %zu of %d agreed", approval.agreed.size(), approval.quorum);
  if (approval.expires_at != Instant::max())
    std::printf("  until %s", describe_instant(approval.expires_at, asked.zone, now).c_str());
  std::printf("\n  %s\n", mask_secrets(approval.message).c_str());
  if (!approval.arguments.empty())
    std::printf("  %s\n",
                mask_secrets(approval.arguments).dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::printf("  digest %s\n", approval.digest.c_str());
}

int list_standing(LocalEngine& local) {
  const Instant now = SystemClock{}.now();
  for (const StandingGrant& grant : local.engine().list_standing_grants(local.owner()))
    std::printf("%lld  %s  by %s until %s\n  %s\n  digest %s\n", static_cast<long long>(grant.id), grant.task.c_str(),
                grant.granted_by.c_str(), describe_instant(grant.expires_at, grant.zone, now).c_str(),
                mask_secrets(grant.message).c_str(), grant.digest.c_str());
  return kExitOk;
}

int revoke_standing(LocalEngine& local, const std::string& said) {
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(said.data(), said.data() + said.size(), id);
  if (problem != std::errc{} || end != said.data() + said.size())
    return usage_error("--revoke takes the number that `carillon approvals --standing` shows");
  const auto done = local.engine().revoke_standing_grant(local.owner(), id);
  if (!done.ok()) return refused(done.error());
  std::printf("standing grant %s revoked\n", said.c_str());
  return kExitOk;
}

}  // namespace

int run_approve(const Words& words) { return run_decision(words, "approve", true); }
int run_reject(const Words& words) { return run_decision(words, "reject", false); }

int run_approvals(const Words& words) {
  const auto parsed = parse_words(
      words, {.command = "approvals",
              .flags = {},
              .own = {{"links", "print a link for each that a person may decide; whoever opens it decides", ""},
                      {"standing", "list what is approved again without being asked", ""},
                      {"revoke", "take such a grant back", "NUMBER"}}});
  if (!parsed) return kExitUsage;
  if (!parsed->rest.empty()) return usage_error("write: carillon approvals [--links | --standing | --revoke N]");
  if (parsed->has("standing") || parsed->has("revoke")) {
    auto local = LocalEngine::open(parsed->config);
    if (!local.ok()) return refused(local.error());
    return parsed->has("standing") ? list_standing(**local) : revoke_standing(**local, parsed->value("revoke", ""));
  }
  const std::string base = parsed->has("links") ? served_at(parsed->config) : "";
  if (parsed->has("links") && base.empty())
    return failure(
        "no daemon serves pages here, so a link would lead nowhere; start `carillon serve`, or set http.url");
  auto local = LocalEngine::open(parsed->config);
  if (!local.ok()) return refused(local.error());
  const Caller owner = (*local)->owner();
  const AskedApprovals found = (*local)->engine().list_approvals(owner);
  for (const AskedApproval& asked : found.approvals) {
    print(asked, found.now);
    if (base.empty() || !asks_persons(asked.approval.deciders)) continue;
    const MadeLink link = new_approval_link(base);
    (*local)->engine().keep_approval_link(owner, {asked.approval.key, link.sha256, owner.agent.str()});
    std::printf("  %s\n", link.url.c_str());
  }
  if (found.total > static_cast<std::int64_t>(found.approvals.size()))
    std::printf("the first %zu of %lld\n", found.approvals.size(), static_cast<long long>(found.total));
  if (found.approvals.empty()) std::fprintf(stderr, "nothing waits to be approved\n");
  return kExitOk;
}

}  // namespace carillon::cli
