// The life of a downstream server: started on demand, its tools listed, rested when idle, started again with back-off.
#include <algorithm>
#include <random>

#include "catalog/questions.h"
#include "catalog/reply.h"
#include "catalog/server_link.h"
#include "catalog/sign_in.h"
#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/base/metrics.h"

namespace carillon::catalog {
namespace {

using std::chrono::steady_clock;
using transport::ClientFailure;
using transport::ClientFailureKind;

constexpr Duration kListTimeout = std::chrono::seconds{30};
constexpr Duration kRefreshAtMostEvery = std::chrono::seconds{30};  // whatever a ttl of 0 says
constexpr Duration kFreshWithoutTtl = std::chrono::minutes{10};
constexpr Duration kWarnBefore = std::chrono::days{7};         // the end of a sign-in that only a person can renew
constexpr Duration kWaitForRestart = std::chrono::seconds{2};  // a call waits for a restart that is so close

Duration until(Monotonic then) { return std::chrono::duration_cast<Duration>(then - steady_clock::now()); }

double jitter() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.5, 1.0}(generator);
}

std::string where_of(const ServerEntry& entry) {
  if (const auto* remote = std::get_if<RemoteServer>(&entry.reach)) return remote->url;
  std::string words;
  for (const auto& word : std::get<LaunchedServer>(entry.reach).arguments) words += (words.empty() ? "" : " ") + word;
  return words;
}

}  // namespace

ServerLink::ServerLink(LinkContext context, ServerEntry entry)
    : context_(std::move(context)),
      entry_(std::move(entry)),
      errors_(std::make_shared<transport::ErrorTail>(process::TailBuffer{process::kErrorTailBytes})),
      sign_in_(make_sign_in(entry_, Vault{context_.options.vault_directory}, {})) {
  report_.name = entry_.name;
  report_.transport = entry_.is_remote() ? "http" : "stdio";
  report_.where = mask_secrets(where_of(entry_));
  publish();
}

ServerReport ServerLink::report() const {
  Published now = published_.with([](const auto& published) { return published; });
  if (now.report.state == ServerState::backing_off)
    now.report.next_try_in = std::max(until(now.next_try), Duration::zero());
  if (sign_in_) {
    const auto facts = sign_in_->facts();
    const auto ends = facts.refresh_expires_at;
    now.report.sign_in = mask_secrets(describe(facts));
    now.report.wants_person = !facts.needed.empty() || (ends && *ends - kWarnBefore <= SystemClock{}.now());
  }
  now.report.breaker = breaker().standing();
  now.report.error_tail = mask_secrets(errors_->with([](auto& tail) { return tail.tail(); }));
  return std::move(now.report);
}

ToolListPtr ServerLink::tools() const {
  return published_.with([](const auto& published) { return published.list; });
}

void ServerLink::want_tools(ToolsHandler handler) {
  context_.loop.cancel_timer(std::exchange(idle_timer_, 0));
  waiters_.push_back(std::move(handler));
  if (client_ && client_->ready()) {
    if (must_fetch() || should_refresh()) fetch_tools();
    resolve_waiters();
    return rest_when_idle();
  }
  if (!client_ && !start_later()) start();
}

// Whether it failed for want of a sign-in. Trying again then costs nobody anything: the sign-in itself knows when it is
// worth while to ask the server, and a person who has just signed in does not want to wait.
bool ServerLink::is_waiting_for_person() const {
  return sign_in_ && last_failure_ && last_failure_->kind == ClientFailureKind::sign_in;
}

// Whether the next try is still to come. A near one is waited for; a far one fails the waiters now.
bool ServerLink::start_later() {
  const Duration wait = until(next_try_);
  if (failures_in_a_row_ == 0 || wait <= Duration::zero() || is_waiting_for_person()) return false;
  if (breaker().standing().state == BreakerState::half_open) return false;  // a trial that is not made tells nothing
  if (wait <= kWaitForRestart) {
    if (start_timer_ == 0)
      start_timer_ = context_.loop.after(wait, [self = shared_from_this()] {
        self->start_timer_ = 0;
        if (!self->client_ && !self->waiters_.empty()) self->start();
      });
    return true;
  }
  ClientFailure failure = last_failure_.value_or(ClientFailure{});
  failure.retry_after = wait;
  failure.reached = transport::Reached::no;
  fail_waiters(failure);
  return true;
}

void ServerLink::start() {
  transport::ClientOptions options;
  options.known_era = known_era_;
  options.probe_timeout = context_.options.probe_timeout;
  options.handshake_timeout = context_.options.handshake_timeout;
  options.header_marks = entry_.is_remote() ? transport::HeaderMarks::checked : transport::HeaderMarks::ignored;
  options.capabilities = offered_for_good(entry_);
  transport::ClientHooks hooks;
  const std::weak_ptr<ServerLink> weak = weak_from_this();
  const auto with_link = [weak](auto member) {
    return [weak, member](auto&&... arguments) {
      if (const auto self = weak.lock()) ((*self).*member)(std::forward<decltype(arguments)>(arguments)...);
    };
  };
  hooks.ready = with_link(&ServerLink::became_ready);
  hooks.closed = with_link(&ServerLink::ended);
  hooks.tools_changed = [weak] {
    if (const auto self = weak.lock()) self->list_changed_ = true;
  };
  hooks.asked = [weak](const transport::InputRequest& question, const Answered& answer) {
    if (const auto self = weak.lock()) answer(answer_to_stray(self->entry_, question));
  };
  was_useful_ = false;
  ++report_.starts;
  report_.state = ServerState::starting;
  publish();
  client_ = std::make_shared<transport::McpClient>(
      context_.loop, [this] { return make_wire(); }, options, std::move(hooks));
  client_->open();
}

std::unique_ptr<transport::ClientWire> ServerLink::make_wire() {
  if (const auto* remote = std::get_if<RemoteServer>(&entry_.reach)) {
    transport::HttpOptions options;
    options.address = *transport::parse_http_address(remote->url);  // checked when the entry was read
    options.headers = remote->headers;
    options.authorizer = sign_in_;
    return transport::make_http_wire(context_.loop, {context_.pool, context_.listening}, std::move(options));
  }
  const auto& launched = std::get<LaunchedServer>(entry_.reach);
  transport::StdioOptions options;
  options.command.arguments = launched.arguments;
  options.command.environment = launched.environment;
  options.command.directory = launched.directory;
  return transport::make_stdio_wire(context_.loop, std::move(options), errors_);
}

void ServerLink::became_ready() {
  const auto& facts = client_->facts();
  known_era_ = facts.era;
  report_.state = ServerState::ready;
  report_.protocol = std::string{name_of(facts.revision)};
  report_.version = facts.version;
  log::info("downstream server is ready", {{"server", entry_.name}, {"protocol", report_.protocol}});
  fetch_tools();  // a list from an earlier start serves until the new one is here
  resolve_waiters();
  rest_when_idle();
  publish();
}

void ServerLink::ended(const ClientFailure& failure) {
  const bool in_handshake = report_.state == ServerState::starting;
  if (in_handshake) known_era_.reset();
  if (!was_useful_) ++failures_in_a_row_;
  const double doubled = std::min(static_cast<double>(context_.options.restart_delay_max.count()),
                                  static_cast<double>(context_.options.restart_delay.count()) *
                                      static_cast<double>(1u << std::clamp(failures_in_a_row_ - 1, 0, 20)));
  next_try_ = steady_clock::now() + Duration{static_cast<std::int64_t>(doubled * jitter())};
  last_failure_ = failure;
  const ToolReply reply = reply_of(failure, entry_.name, context_of(failure));
  remember_error(reply.message);
  if (failure.kind == ClientFailureKind::sign_in)
    note_sign_in(reply.message);
  else
    log::warn("downstream server ended", {{"server", entry_.name}, {"reason", reply.message}});
  report_.state = failures_in_a_row_ == 0                      ? ServerState::stopped
                  : failure.kind == ClientFailureKind::sign_in ? ServerState::needs_sign_in
                                                               : ServerState::backing_off;
  drop_client();
  if (in_handshake) return fail_waiters(failure);
  if (!waiters_.empty() && !start_later()) start();
}

// The client may be in the middle of calling us: it is destroyed a moment later.
void ServerLink::drop_client() {
  fetching_ = must_wait_for_list_ = false;
  if (client_) context_.loop.post([old = std::move(client_)] {});
  if (report_.state == ServerState::ready || report_.state == ServerState::starting)
    report_.state = ServerState::stopped;
  publish();
}

void ServerLink::fetch_tools() {
  must_wait_for_list_ = must_wait_for_list_ || must_fetch();
  if (std::exchange(fetching_, true)) return;
  list_changed_ = false;
  client_->list_tools(kListTimeout,
                      [self = shared_from_this(), client = client_.get()](transport::ListOutcome outcome) {
                        if (self->client_.get() == client) self->take_tools(std::move(outcome));
                      });
}

void ServerLink::take_tools(transport::ListOutcome outcome) {
  fetching_ = must_wait_for_list_ = false;
  fetched_at_ = steady_clock::now();
  if (auto* listing = std::get_if<transport::ToolListing>(&outcome)) {
    list_ = std::make_shared<ToolList>(entry_, std::move(listing->tools));
    warnings_ = std::move(listing->dropped);
    for (const auto& warning : warnings_)
      log::warn("a downstream tool is left out", {{"server", entry_.name}, {"reason", warning}});
    const bool says_how_long = listing->fresh_for > Duration::zero() || client_->facts().era == transport::Era::modern;
    fresh_until_ = fetched_at_ + (says_how_long ? listing->fresh_for : kFreshWithoutTtl);
  } else if (std::holds_alternative<transport::RpcRefusal>(outcome) && !list_) {
    const auto& refusal = std::get<transport::RpcRefusal>(outcome);
    // A server of prompts or resources only has no tools; one that fails to tell them is not to be trusted about it.
    if (refusal.code != transport::rpc_code::kMethodNotFound)
      return fail_waiters(
          {ClientFailureKind::protocol, "tools/list is refused: " + refusal.message, transport::Reached::no, {}});
    list_ = std::make_shared<ToolList>(entry_, std::vector<transport::ListedTool>{});
    fresh_until_ = fetched_at_ + kFreshWithoutTtl;
  } else if (!list_) {
    return fail_waiters(std::get<transport::ClientFailure>(outcome));
  }
  publish();  // where only the refresh failed, the old list serves on
  resolve_waiters();
  rest_when_idle();
}

bool ServerLink::should_refresh() const {
  const auto now = steady_clock::now();
  return now >= fresh_until_ && now >= fetched_at_ + kRefreshAtMostEvery;
}

void ServerLink::resolve_waiters() {
  if (!client_ || !client_->ready() || !list_ || (fetching_ && must_wait_for_list_)) return;
  std::vector<ToolsHandler> ready;
  ready.swap(waiters_);
  for (const auto& handler : ready) handler(list_);
}

void ServerLink::fail_waiters(const ClientFailure& failure) {
  std::vector<ToolsHandler> failed;
  failed.swap(waiters_);
  for (const auto& handler : failed) handler(failure);
  publish();
}

void ServerLink::rest_when_idle() {
  if (!jobs_.empty() || !waiters_.empty()) return;
  if (retired_) return close(nullptr);
  if (!client_ || idle_timer_ != 0) return;
  idle_timer_ = context_.loop.after(context_.options.idle_stop, [self = shared_from_this()] {
    self->idle_timer_ = 0;
    if (!self->jobs_.empty() || !self->waiters_.empty()) return;
    log::info("downstream server is idle and ended", {{"server", self->entry_.name}});
    self->drop_client();
  });
}

void ServerLink::retire() {
  retired_ = true;
  rest_when_idle();
}

void ServerLink::close(std::function<void()> gone) {
  closing_ = true;
  context_.loop.cancel_timer(std::exchange(idle_timer_, 0));
  context_.loop.cancel_timer(std::exchange(start_timer_, 0));
  std::vector<CallId> unsent;
  for (const auto& [id, job] : jobs_)
    if (job.phase != Phase::sent) unsent.push_back(id);
  std::vector<std::shared_ptr<transport::FollowedTask>> tasks;
  for (const auto& [id, job] : jobs_)
    if (job.task) tasks.push_back(job.task);
  for (const auto& task : tasks)
    task->lose({ClientFailureKind::died, "the catalog is closing", transport::Reached::maybe, std::nullopt});
  for (const CallId id : unsent)
    finish(id, failed_reply(ErrorClass::unavailable, "the catalog is closing", Arrived::no));
  fail_waiters({ClientFailureKind::unreachable, "the catalog is closing", transport::Reached::no, std::nullopt});
  if (client_) {
    client_->close(std::move(gone));
    drop_client();
  } else if (gone) {
    context_.loop.post(std::move(gone));
  }
}

// Said once, however many calls run into it.
void ServerLink::note_sign_in(const std::string& message) {
  if (std::exchange(sign_in_noted_, true)) return;
  log::warn("a downstream server wants a sign-in", {{"server", entry_.name}, {"reason", message}});
  metrics::count("carillon_sign_ins_needed_total", {{"server", entry_.name}});
}

void ServerLink::remember_error(const std::string& message) {
  report_.last_error = message;
  report_.last_error_at = SystemClock{}.now();
}

void ServerLink::publish() {
  report_.in_flight = active_;
  report_.waiting = turn_.size();
  report_.warnings = warnings_;
  if (list_) report_.tool_count = list_->tools().size();
  published_.with([&](auto& published) { published = {report_, list_, next_try_}; });
}

}  // namespace carillon::catalog
