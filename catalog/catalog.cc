#include "catalog/catalog.h"

#include <algorithm>
#include <future>
#include <utility>

#include "catalog/http_tools.h"
#include "catalog/llm_tools.h"
#include "catalog/reply.h"
#include "catalog/script_tool.h"
#include "catalog/sign_in.h"
#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/base/waiting.h"
#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

constexpr std::size_t kHttpQueueMax = 10'000;
constexpr Duration kPatienceAtTheEnd = std::chrono::seconds{4};  // then the loop's end kills what is left

// Waits for all of several handlers, at most so long.
class Gathering {
 public:
  explicit Gathering(std::size_t count) : missing_(count) {
    if (count == 0) all_.set_value();
  }
  void arrive() {
    if (missing_.fetch_sub(1) == 1) all_.set_value();
  }
  void wait(Duration at_most) {
    about_to_wait();
    all_.get_future().wait_for(at_most);
  }

 private:
  std::atomic<std::size_t> missing_;
  std::promise<void> all_;
};

Error to_error(const transport::ClientFailure& failure, const std::string& server, const ServerReport& report) {
  const ToolReply reply = reply_of(failure, server, last_words(report.error_tail));
  Error error{
      failure.kind == transport::ClientFailureKind::sign_in ? ErrorCode::needs_sign_in : ErrorCode::server_unavailable,
      reply.message};
  if (error.code == ErrorCode::needs_sign_in && !report.sign_in.empty())
    error.details["command"] = login_command(server);
  if (failure.retry_after)
    error.details["next_try_seconds"] = std::chrono::ceil<std::chrono::seconds>(*failure.retry_after).count();
  return error;
}

Error refused_by_breaker(const std::string& server, const BreakerStanding& standing, Duration retry_after) {
  Error error{ErrorCode::server_unavailable, why_refused(server, standing)};
  const Duration left = std::max(retry_after, standing.left);
  error.details["next_try_seconds"] = std::chrono::ceil<std::chrono::seconds>(left).count();
  return error;
}

// A list that came says nothing: it may have been here already.
CallVerdict verdict_of(const ToolsOutcome& outcome) {
  const auto* failure = std::get_if<transport::ClientFailure>(&outcome);
  return failure == nullptr ? CallVerdict::says_nothing : carillon::verdict_of(reply_of(*failure, "", "").failure);
}

Error unknown_tool(const std::string& tool, const std::vector<std::string>& close) {
  Error error{ErrorCode::unknown_tool, "there is no tool \"" + tool + "\"" + did_you_mean(close)};
  error.received = tool;
  error.details["nearest"] = close;
  return error;
}

constexpr Duration kModelTimeout = std::chrono::minutes{5};

std::vector<BuiltInServer> make_built_in(const CatalogOptions& options, std::string signing_key, PromptSource prompts) {
  const Vault vault{options.vault_directory};
  auto tools = plain_tools();
  auto http = http_tools({options, vault, std::move(signing_key)});
  std::move(http.begin(), http.end(), std::back_inserter(tools));
  tools.push_back(script_tool(options.script));
  std::vector<BuiltInServer> servers;
  servers.emplace_back(kBuiltInServer, std::move(tools));
  servers.emplace_back(kModelServer, llm_tools(options, vault, std::move(prompts)), kModelTimeout);
  return servers;
}

}  // namespace

Catalog::Catalog(CatalogOptions options, std::string signing_key, PromptSource prompts)
    : options_(std::move(options)),
      file_(options_.servers_file, Vault{options_.vault_directory}),
      pool_(std::make_shared<transport::BlockingPool>(static_cast<std::size_t>(options_.http_threads), kHttpQueueMax)),
      listening_(
          std::make_shared<transport::BlockingPool>(static_cast<std::size_t>(options_.http_threads), kHttpQueueMax)),
      built_in_(make_built_in(options_, std::move(signing_key), std::move(prompts))),
      built_in_calls_(std::make_shared<BuiltInCalls>(
          BuiltInContext{loop_, pool_, door_, static_cast<std::size_t>(options_.waiting_max)})),
      breakers_(options_.breaker) {
  reload_if_changed();
}

Catalog::~Catalog() {
  door_->close();
  std::vector<std::shared_ptr<ServerLink>> links;
  servers_.with([&](auto& servers) {
    for (auto& [name, link] : servers.links) links.push_back(std::move(link));
    for (auto& retired : servers.retired)
      if (auto link = retired.lock()) links.push_back(std::move(link));
    servers = {};
  });
  const auto gathering = std::make_shared<Gathering>(links.size());
  loop_.post([links, gathering, built_in = built_in_calls_] {
    built_in->close();
    for (const auto& link : links) link->close([gathering] { gathering->arrive(); });
  });
  gathering->wait(kPatienceAtTheEnd);
  // Links, clients and wires die on their own thread; what they post while doing so is done in the second round.
  for (int round = 0; round < 2; ++round) {
    const auto flushed = std::make_shared<std::promise<void>>();
    loop_.post([flushed, last = std::exchange(links, {})] { flushed->set_value(); });
    flushed->get_future().wait();
  }
}

std::optional<Catalog::Address> Catalog::split(std::string_view tool) {
  const auto dot = tool.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == tool.size()) return std::nullopt;
  return Address{std::string{tool.substr(0, dot)}, std::string{tool.substr(dot + 1)}};
}

CallId Catalog::start(ToolCall call, std::function<void(ToolReply)> done) {
  const CallId id = ++last_call_;
  const auto address = split(call.tool);
  if (!address) {
    done(failed_reply(ErrorClass::not_found, "\"" + call.tool + "\" is no address of a tool; it is server.tool",
                      Arrived::no));
    return id;
  }
  if (address->server != kBuiltInServer) reload_if_changed();
  if (const BuiltInServer* server = find_built_in(address->server)) {
    start_built_in(*server, {.id = id, .call = std::move(call), .done = std::move(done)}, address->tool);
    return id;
  }
  const auto link = find_link(address->server);
  if (!link) {
    done(unknown_server(address->server));
    return id;
  }
  CallJob job{id, std::move(call), address->tool, std::move(done), std::chrono::steady_clock::now()};
  loop_.post([link, job = std::make_shared<CallJob>(std::move(job))] { link->call(std::move(*job)); });
  return id;
}

const BuiltInServer* Catalog::find_built_in(const std::string& server) {
  const auto found =
      std::find_if(built_in_.begin(), built_in_.end(), [&](const auto& each) { return each.name() == server; });
  if (found == built_in_.end()) return nullptr;
  const bool is_replaced = server != kBuiltInServer && servers_.with([&](auto& servers) {
    return servers.links.count(server) > 0 || servers.broken.count(server) > 0;
  });
  return is_replaced ? nullptr : &*found;
}

std::vector<const BuiltInServer*> Catalog::built_in_in_use() {
  std::vector<const BuiltInServer*> in_use;
  for (const BuiltInServer& each : built_in_)
    if (!each.offered()->tools().empty() && find_built_in(each.name()) != nullptr) in_use.push_back(&each);
  return in_use;
}

void Catalog::start_built_in(const BuiltInServer& server, BuiltInJob job, const std::string& tool) {
  job.started = std::chrono::steady_clock::now();
  if (auto refusal = server.refuse(job.call, tool)) return job.done(*std::move(refusal));
  const BuiltInTool& row = *server.find(tool);
  if (!row.destination) {
    ToolReply reply = row.run(job.call, {});
    reply.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - job.started);
    return job.done(std::move(reply));
  }
  auto destination = row.destination(job.call);
  if (!destination) return job.done(refused_reply(destination.error()));
  if (job.call.timeout <= Duration::zero()) job.call.timeout = server.timeout().value_or(options_.call_timeout);
  job.destination = *std::move(destination);
  job.run = row.run;
  if (job.destination.has_breaker) job.breaker = breakers_.of(job.destination.name);
  loop_.post(
      [calls = built_in_calls_, job = std::make_shared<BuiltInJob>(std::move(job))] { calls->call(std::move(*job)); });
}

std::vector<std::shared_ptr<ServerLink>> Catalog::all_links() {
  return servers_.with([&](auto& servers) {
    std::vector<std::shared_ptr<ServerLink>> links;
    for (const auto& [name, link] : servers.links) links.push_back(link);
    for (const auto& retired : servers.retired)
      if (auto link = retired.lock()) links.push_back(std::move(link));
    return links;
  });
}

void Catalog::take_over_breakers(const std::vector<BreakerNews>& told, const std::vector<SharedBreaker>& now_known) {
  breakers_.take_over(told, now_known);
  for (const auto& link : all_links())
    if (link->breaker().is_shut() && link->report().waiting > 0) loop_.post([link] { link->begin_next(); });
}

void Catalog::cancel(CallId call, std::string_view reason) {
  loop_.post([links = all_links(), built_in = built_in_calls_, call, why = std::string{reason}] {
    const bool found = built_in->cancel(call, why) || std::any_of(links.begin(), links.end(), [&](const auto& link) {
                         return link->cancel(call, why);
                       });
    if (found) log::info("a downstream call is cancelled", {{"reason", why}});
  });
}

Result<ToolListPtr> Catalog::list_of(const Address& address, Duration wait) {
  CARILLON_CHECK(!loop_.on_loop());
  const auto link = find_link(address.server);
  if (!link) {
    const ToolReply reply = unknown_server(address.server);
    if (reply.failure == ErrorClass::unavailable) return Error{ErrorCode::server_unavailable, reply.message};
    std::vector<std::string> names{kBuiltInServer};
    servers_.with([&](auto& servers) {
      for (const auto& [name, each] : servers.links) names.push_back(name);
    });
    std::vector<std::string> close;
    for (const auto& name : nearest(address.server, names)) close.push_back(name + "." + address.tool);
    return unknown_tool(address.server + "." + address.tool, close);
  }
  return fetch_list(link, wait);
}

// Who waits for a server to start asks its breaker as a call does, and a failure counts as one. Who does not wait only
// looks.
Result<ToolListPtr> Catalog::fetch_list(const std::shared_ptr<ServerLink>& link, Duration wait) {
  const std::string& server = link->entry().name;
  ServerBreaker& breaker = link->breaker();
  const bool shut = breaker.is_shut(), asked = wait > Duration::zero();
  const auto had = link->tools();
  BreakerPass pass{.admitted = !shut};
  if (asked && !(had && shut)) pass = breaker.ask();
  if (!pass.admitted && had) return had;  // the call itself will hear of it
  if (!pass.admitted) return refused_by_breaker(server, breaker.standing(), pass.retry_after);
  const auto answer = std::make_shared<std::promise<ToolsOutcome>>();
  auto outcome = answer->get_future();
  loop_.post([link, answer, asked, pass] {
    link->want_tools([link, answer, asked, pass](ToolsOutcome given) {
      if (asked) link->breaker().tell(pass, verdict_of(given));
      answer->set_value(std::move(given));
    });
  });
  about_to_wait();
  if (outcome.wait_for(wait) != std::future_status::ready) {
    if (const auto known = link->tools()) return known;  // an older list is better than none
    return Error{ErrorCode::server_unavailable, "server \"" + server + "\" has not listed its tools yet; it is " +
                                                    std::string{name_of(link->report().state)}};
  }
  auto given = outcome.get();
  if (auto* list = std::get_if<ToolListPtr>(&given)) return *list;
  return to_error(std::get<transport::ClientFailure>(given), server, link->report());
}

Result<ToolFacts> Catalog::describe(const TenantId&, std::string_view tool, Duration wait) {
  const auto address = split(tool);
  if (!address) return unknown_tool(std::string{tool}, nearest_addresses(tool));
  if (address->server != kBuiltInServer) reload_if_changed();
  if (const BuiltInServer* server = find_built_in(address->server)) return server->describe(address->tool);
  const auto list = list_of(*address, wait);
  if (!list.ok()) return list.error();
  if (const auto found = (*list)->find(address->tool)) return found->facts();
  return unknown_tool(std::string{tool}, with_server(address->server, (*list)->nearest_to(address->tool)));
}

std::vector<std::string> Catalog::sensitive(std::string_view tool) {
  const auto address = split(tool);
  if (!address || address->server == kBuiltInServer) return {};
  reload_if_changed();
  const auto link = find_link(address->server);
  return link ? link->entry().policy(address->tool).sensitive : std::vector<std::string>{};
}

std::vector<std::string> Catalog::nearest_addresses(std::string_view tool) {
  std::vector<std::string> names;
  for (const auto& each : listed_tools("")) names.push_back(each->facts().tool);
  return nearest(tool, names);
}

std::vector<std::string> Catalog::with_server(const std::string& server, std::vector<std::string> tools) {
  for (auto& tool : tools) tool.insert(0, server + ".");
  return tools;
}

std::vector<std::shared_ptr<const CatalogTool>> Catalog::listed_tools(std::string_view server) {
  std::vector<std::shared_ptr<const CatalogTool>> tools;
  const auto take = [&](const ToolListPtr& list) {
    if (list) tools.insert(tools.end(), list->tools().begin(), list->tools().end());
  };
  for (const BuiltInServer* each : built_in_in_use())
    if (server.empty() || server == each->name()) take(each->offered());
  servers_.with([&](auto& servers) {
    for (const auto& [name, link] : servers.links)
      if (server.empty() || server == name) take(link->tools());
  });
  return tools;
}

std::vector<ServerReport> Catalog::servers() {
  reload_if_changed();
  std::vector<ServerReport> reports;
  for (const BuiltInServer* each : built_in_in_use()) {
    ServerReport own;
    own.name = each->name();
    own.state = ServerState::ready;
    own.transport = "built_in";
    own.tool_count = each->offered()->tools().size();
    reports.push_back(std::move(own));
  }
  servers_.with([&](auto& servers) {
    for (const auto& [name, link] : servers.links) reports.push_back(link->report());
    for (const auto& [name, why] : servers.broken) {
      ServerReport report;
      report.name = name;
      report.state = ServerState::misconfigured;
      report.last_error = mask_secrets(why);
      reports.push_back(std::move(report));
    }
  });
  return reports;
}

bool Catalog::stays_here(std::string_view tool) {
  const auto address = split(tool);
  if (!address) return false;
  if (address->server != kBuiltInServer) reload_if_changed();
  if (const BuiltInServer* server = find_built_in(address->server)) {
    const BuiltInTool* row = server->find(address->tool);
    return row == nullptr || !row->needs_network;
  }
  const auto link = find_link(address->server);
  const auto* remote = link ? std::get_if<RemoteServer>(&link->entry().reach) : nullptr;
  const auto reach = remote != nullptr ? transport::parse_http_address(remote->url) : std::nullopt;
  return reach && transport::is_loopback(*reach);
}

void Catalog::look_around(std::string_view server, Duration wait) {
  CARILLON_CHECK(!loop_.on_loop());
  reload_if_changed();
  std::vector<std::shared_ptr<ServerLink>> links;
  servers_.with([&](auto& servers) {
    for (const auto& [name, link] : servers.links)
      if ((server.empty() || server == name) && !link->breaker().is_shut()) links.push_back(link);
  });
  const auto gathering = std::make_shared<Gathering>(links.size());
  loop_.post([links, gathering] {
    for (const auto& link : links) link->want_tools([gathering](const ToolsOutcome&) { gathering->arrive(); });
  });
  gathering->wait(wait);
}

Result<std::vector<ToolMatch>> Catalog::search(const ToolSearch& search) {
  reload_if_changed();
  if (!search.server.empty() && !find_built_in(search.server) && !find_link(search.server)) {
    std::vector<std::string> names;
    for (const auto& report : servers()) names.push_back(report.name);
    if (std::find(names.begin(), names.end(), search.server) == names.end()) {
      const auto close = nearest(search.server, names);
      Error error{ErrorCode::unknown_name, "there is no server \"" + search.server + "\"" + did_you_mean(close),
                  "/server", search.server};
      error.details["nearest"] = close;
      return error;
    }
  }
  auto matches = rank_tools(search.query, listed_tools(search.server));
  if (matches.size() > search.limit) matches.resize(search.limit);
  return matches;
}

std::vector<EntryProblem> Catalog::problems() {
  reload_if_changed();
  return servers_.with([](auto& servers) { return servers.problems; });
}

std::vector<std::string> Catalog::warnings() {
  reload_if_changed();
  return servers_.with([](auto& servers) { return servers.warnings; });
}

void Catalog::reload_if_changed() {
  servers_.with([&](auto& servers) {
    // Inside the lock, so that of two threads that see the change the second waits for the first one's entries.
    if (auto read = file_.read_if_changed()) take_entries(servers, *std::move(read));
  });
}

void Catalog::take_entries(Servers& servers, EntriesRead read) {
  for (const auto& problem : read.problems)
    log::error("servers.json has a mistake", {{"pointer", problem.pointer}, {"problem", problem.message}});
  for (const auto& warning : read.warnings) log::warn("servers.json", {{"warning", warning}});
  const bool unreadable = read.entries.empty() && read.broken.empty() && !read.problems.empty();
  servers.problems = std::move(read.problems);
  servers.warnings = std::move(read.warnings);
  if (unreadable) return;  // the last good entries stay in use
  servers.broken = std::move(read.broken);
  std::map<std::string, std::shared_ptr<ServerLink>> links;
  for (auto& entry : read.entries) {
    warn_of_places(servers, entry);
    auto& link = links[entry.name];
    const auto same = servers.links.find(entry.name);
    if (same != servers.links.end() && same->second->entry() == entry) {
      link = std::move(same->second);
    } else {
      const auto breaker = breakers_.of(entry.name);
      if (same != servers.links.end()) breaker->mend();
      link = std::make_shared<ServerLink>(LinkContext{loop_, pool_, listening_, door_, breaker, options_},
                                          std::move(entry));
    }
  }
  servers.links.swap(links);
  for (auto& [name, old] : links) {
    if (!old) continue;
    servers.retired.push_back(old);
    loop_.post([old = std::move(old)] { old->retire(); });
  }
  std::erase_if(servers.retired, [](const auto& retired) { return retired.expired(); });
}

void Catalog::warn_of_places(Servers& servers, const ServerEntry& entry) {
  const int most = threads_of_one_server(options_);
  if (!entry.is_remote() || entry.parallel_max.value_or(0) <= most) return;
  servers.warnings.push_back("\"" + entry.name + "\" may have " + std::to_string(*entry.parallel_max) +
                             " calls in flight (max_parallel), but one server gets at most " + std::to_string(most) +
                             " of the " + std::to_string(options_.http_threads) +
                             " threads for HTTP exchanges; raise catalog.http_threads");
  log::warn("servers.json", {{"warning", servers.warnings.back()}});
}

std::shared_ptr<ServerLink> Catalog::find_link(const std::string& server) {
  return servers_.with([&](auto& servers) -> std::shared_ptr<ServerLink> {
    const auto found = servers.links.find(server);
    return found == servers.links.end() ? nullptr : found->second;
  });
}

ToolReply Catalog::unknown_server(const std::string& server) {
  return servers_.with([&](auto& servers) {
    if (const auto broken = servers.broken.find(server); broken != servers.broken.end())
      return failed_reply(ErrorClass::unavailable, "the entry of server \"" + server + "\" is wrong: " + broken->second,
                          Arrived::no);
    std::vector<std::string> names{kBuiltInServer};
    for (const auto& [name, link] : servers.links) names.push_back(name);
    return failed_reply(ErrorClass::not_found,
                        "there is no server \"" + server + "\"" + did_you_mean(nearest(server, names)), Arrived::no);
  });
}

}  // namespace carillon::catalog
