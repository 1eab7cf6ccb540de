#include "transport/client.h"

#include <algorithm>

#include "server/base/check.h"

namespace carillon::transport {
namespace {

constexpr int kPagesMax = 200;

RpcRefusal read_refusal(const json& error, int status) {
  RpcRefusal refusal;
  refusal.http_status = status;
  if (const auto code = error.find("code"); code != error.end() && code->is_number_integer())
    refusal.code = code->get<int>();
  if (const auto message = error.find("message"); message != error.end() && message->is_string())
    refusal.message = message->get<std::string>();
  refusal.data = error.value("data", json());
  return refusal;
}

}  // namespace

struct McpClient::Listing {
  ListHandler done;
  Monotonic deadline;
  ToolListing listing;
  std::optional<std::string> cursor;
  int pages = 0;
};

McpClient::McpClient(ClientLoop& loop, WireFactory make_wire, ClientOptions options, ClientHooks hooks)
    : loop_(loop), make_wire_(std::move(make_wire)), options_(std::move(options)), hooks_(std::move(hooks)) {}

McpClient::~McpClient() { close(nullptr); }

ClientRequestId McpClient::request(ClientRequest request, ReplyHandler done) {
  Pending pending;
  pending.request = std::move(request);
  pending.done = std::move(done);
  return send_request(std::move(pending));
}

ClientRequestId McpClient::send_request(Pending pending) {
  CARILLON_CHECK(loop_.on_loop());
  const ClientRequestId id = ++last_id_;
  if (pending.first_id == 0)
    pending.first_id = id;
  else
    later_rounds_[pending.first_id] = id;
  if (!pending.clock) start_clock(pending);
  pending.is_on_wire = true;
  json params = pending.request.params;
  add_envelope(params, facts_.revision, capabilities_of(pending.request));
  if (pending.request.on_progress) params["_meta"][meta_key::kProgressToken] = id;

  WireMessage message;
  message.text = json_rpc::request_text(id, pending.request.method, params);
  message.method = pending.request.method;
  const auto named = name_member(message.method);
  if (named)
    if (const auto member = params.find(std::string{*named}); member != params.end() && member->is_string())
      message.name = member->get<std::string>();
  message.request = id;
  message.headers = pending.request.headers;
  message.timeout = pending.request.timeout;
  // A legacy server asks in the middle of the exchange, which then is as silent as the one who is asked.
  const bool may_be_silent = pending.request.on_input && !is_modern(facts_.revision);
  if (may_be_silent && message.timeout > Duration::zero()) message.timeout += pending.request.answer_time;
  pending_.emplace(id, std::move(pending));
  std::optional<ClientFailure> failure;
  if (wire_)
    failure = wire_->send(std::move(message));
  else
    failure = ClientFailure{ClientFailureKind::unreachable, "the connection is closed", Reached::no, std::nullopt};
  // Later, not now: whoever asked does not know the id yet.
  if (failure)
    loop_.post([this, id, failure = *std::move(failure), alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) finish(id, failure);
    });
  return id;
}

json McpClient::capabilities_of(const ClientRequest& request) const {
  json offered = request.capabilities.value_or(options_.capabilities);
  if (request.tasks == TaskAnswer::accepted) offered["extensions"][std::string{kTasksExtension}] = json::object();
  return offered;
}

void McpClient::start_clock(Pending& pending) {
  const CallTimes times{pending.request.timeout, pending.request.answer_time};
  pending.clock = std::make_unique<CallClock>(loop_, times, [this, first = pending.first_id] { time_out(first); });
}

ClientRequestId McpClient::present_id(ClientRequestId first_id) const {
  const auto later = later_rounds_.find(first_id);
  return later == later_rounds_.end() ? first_id : later->second;
}

void McpClient::send_notification(std::string_view method, const json& params) {
  json whole = params;
  add_envelope(whole, facts_.revision, options_.capabilities);
  WireMessage message;
  message.text = json_rpc::notification_text(method, whole);
  message.method = std::string{method};
  if (wire_) wire_->send(std::move(message));
}

void McpClient::cancel(ClientRequestId id, std::string_view reason) {
  id = present_id(id);
  if (pending_.count(id) == 0) return;
  const Reached reached = take_back(id, reason);
  finish(id, ClientFailure{ClientFailureKind::cancelled, "the call was cancelled", reached, std::nullopt});
}

void McpClient::time_out(ClientRequestId first_id) {
  const ClientRequestId id = present_id(first_id);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  if (found->second.clock->asking()) {
    const Reached reached = take_back(id, "nobody answered");
    return finish(id, ClientFailure{ClientFailureKind::needs_input,
                                    "it asked for input, and no answer was given in time", reached, std::nullopt});
  }
  const auto seconds = std::chrono::duration<double>(found->second.request.timeout).count();
  const Reached reached = take_back(id, "timeout");
  std::string message = "no answer within " + json(seconds).dump() + " s";
  if (garbage_in_a_row_ > 0) message += " (the server's last line was no JSON-RPC)";
  finish(id, ClientFailure{ClientFailureKind::timed_out, std::move(message), reached, std::nullopt});
}

// Takes the request off the wire, or tells the server that nobody waits for it any more.
Reached McpClient::take_back(ClientRequestId id, std::string_view reason) {
  if (!wire_) return Reached::no;
  const Pending& pending = pending_.at(id);
  if (!pending.is_on_wire) return Reached::maybe;  // in earlier rounds; now nothing is on the way
  const Reached reached = give_up_on(id);
  const bool must_tell = !wire_->closing_cancels() || !is_modern(facts_.revision);
  if (reached == Reached::maybe && must_tell && id != initialize_id_)  // initialize may not be cancelled
    send_notification("notifications/cancelled", {{"requestId", id}, {"reason", std::string{reason}}});
  return reached;
}

Reached McpClient::give_up_on(ClientRequestId id) {
  constexpr std::size_t kGivenUpMax = 1000;
  constexpr ClientRequestId kMoreThanWeRemember = 0;  // no request's id, so no answer takes it out again
  const Reached reached = wire_->withdraw(id);
  if (reached == Reached::maybe && pending_.at(id).request.on_input)
    given_up_.insert(given_up_.size() < kGivenUpMax ? id : kMoreThanWeRemember);
  return reached;
}

void McpClient::finish(ClientRequestId id, ClientReply reply) {
  auto node = pending_.extract(id);
  if (node.empty()) return;  // it has ended before
  node.mapped().clock.reset();
  later_rounds_.erase(node.mapped().first_id);
  close_questions(node.mapped().first_id);
  node.mapped().done(std::move(reply));
}

void McpClient::fail_pending(ClientFailure failure) {
  // Handlers may send new requests; those belong to whatever comes next and are not failed here.
  std::vector<std::pair<ClientRequestId, Reached>> ended;
  for (const auto& [id, pending] : pending_) ended.emplace_back(id, wire_ ? wire_->withdraw(id) : Reached::no);
  for (const auto& [id, reached] : ended) {
    failure.reached = reached;
    finish(id, failure);
  }
}

void McpClient::close(std::function<void()> gone) {
  if (state_ == State::closed) {
    if (gone) loop_.post(std::move(gone));
    return;
  }
  state_ = State::closed;
  loop_.cancel_timer(handshake_timer_);
  loop_.cancel_timer(probe_timer_);
  fail_pending({ClientFailureKind::died, "the connection was closed", Reached::maybe, std::nullopt});
  if (wire_) {
    wire_->close(std::move(gone));
    loop_.post([old = std::move(wire_)] {});
  } else if (gone) {
    loop_.post(std::move(gone));
  }
}

void McpClient::on_message(std::string_view text, std::optional<std::int64_t> request, int status) {
  const json_rpc::Limits limits{options_.message_bytes_max, 512, 100};
  auto parsed = json_rpc::parse(text, limits);
  if (auto* response = std::get_if<json_rpc::Response>(&parsed)) {
    garbage_in_a_row_ = 0;
    if (!response->id.is_number_integer()) return;
    const auto id = response->id.get<ClientRequestId>();
    given_up_.erase(id);  // a late answer, but now the server is done with it
    if (!response->ok()) return take_refusal(id, read_refusal(response->error, status));
    return take_result(id, std::move(response->result), text);
  }
  if (const auto* notification = std::get_if<json_rpc::Notification>(&parsed)) {
    garbage_in_a_row_ = 0;
    return take_notification(notification->method, notification->params);
  }
  if (const auto* asked = std::get_if<json_rpc::Request>(&parsed)) {
    garbage_in_a_row_ = 0;
    return answer_server(*asked, request);
  }
  if (status < 300) take_garbage(text, request);  // a refusing status says more than its body
}

void McpClient::take_result(ClientRequestId id, json result, std::string_view text) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  if (!result.is_object()) return finish(id, protocol_failure("the result is no object"));
  const auto kind = kind_of(result);
  const ClientRequest& asked = found->second.request;
  // A core task comes only to who asked for one.
  const bool is_task =
      kind == ResultKind::task || (asked.params.contains("task") && result.value("task", json()).is_object());
  if (is_task && asked.tasks == TaskAnswer::accepted) return take_task(id, result);
  if (kind == ResultKind::unknown || kind == ResultKind::task)
    return finish(id, protocol_failure("the result is of an unknown type"));
  if (kind == ResultKind::input_required) return take_questions(id, result);
  if (!found->second.done_ordered) return finish(id, std::move(result));
  auto node = pending_.extract(found);
  node.mapped().clock.reset();
  node.mapped().done_ordered(ordered_json::parse(text)["result"]);
}

void McpClient::take_task(ClientRequestId id, const json& description) {
  auto task = read_task(description);
  if (!task) return finish(id, protocol_failure("the server made a task of the call, but does not say which"));
  finish(id, MadeTask{*std::move(task), pending_.at(id).clock->left()});
}

void McpClient::on_exchange_over(std::int64_t request, std::optional<ClientFailure> failure) {
  if (failure) return finish(request, *std::move(failure));
  finish(request, protocol_failure("the server ended the exchange without an answer"));
}

void McpClient::take_notification(const std::string& method, const json& params) {
  if (method == "notifications/tools/list_changed") {
    if (hooks_.tools_changed && ready()) hooks_.tools_changed();
    return;
  }
  if (method == "notifications/cancelled") return withdraw_question(params);
  if (method == "notifications/elicitation/complete") return take_completion(params);
  if (method == "notifications/progress") take_progress(params);
}

void McpClient::take_progress(const json& params) {
  const auto token = params.find("progressToken");
  if (token == params.end() || !token->is_number_integer()) return;
  const auto found = pending_.find(token->get<ClientRequestId>());
  if (found == pending_.end() || !found->second.request.on_progress) return;
  ProgressReport report;
  if (const auto at = params.find("progress"); at != params.end() && at->is_number())
    report.progress = at->get<double>();
  if (const auto of = params.find("total"); of != params.end() && of->is_number()) report.total = of->get<double>();
  if (const auto text = params.find("message"); text != params.end() && text->is_string())
    report.message = text->get<std::string>();
  const auto on_progress = found->second.request.on_progress;
  on_progress(report);
}

void McpClient::take_garbage(std::string_view text, std::optional<std::int64_t> request) {
  ++garbage_seen_;
  const auto id = request ? request : id_in_broken_answer(text.substr(0, 4096));
  if (id && pending_.count(*id) > 0) return finish(*id, protocol_failure("the answer is no JSON-RPC message"));
  if (++garbage_in_a_row_ <= options_.garbage_in_a_row_max) return;
  on_closed({ClientFailureKind::protocol, "the server talks no JSON-RPC", Reached::maybe, std::nullopt});
}

void McpClient::list_tools(Duration timeout, ListHandler done) {
  auto listing = std::make_shared<Listing>();
  listing->done = std::move(done);
  listing->deadline = std::chrono::steady_clock::now() + timeout;
  list_page(std::move(listing));
}

void McpClient::list_page(std::shared_ptr<Listing> listing) {
  Pending pending;
  pending.request.method = "tools/list";
  if (listing->cursor) pending.request.params["cursor"] = *listing->cursor;
  pending.request.timeout =
      std::max(Duration{1}, std::chrono::duration_cast<Duration>(listing->deadline - std::chrono::steady_clock::now()));
  pending.done = [listing](ClientReply reply) {
    if (auto* refusal = std::get_if<RpcRefusal>(&reply)) return listing->done(std::move(*refusal));
    if (auto* failure = std::get_if<ClientFailure>(&reply)) return listing->done(std::move(*failure));
  };
  pending.done_ordered = [this, listing](const ordered_json& result) {
    auto page = read_tool_page(result, options_.header_marks);
    if (!page) return listing->done(protocol_failure("the answer to tools/list is no tool list"));
    ToolListing& all = listing->listing;
    std::move(page->tools.begin(), page->tools.end(), std::back_inserter(all.tools));
    std::move(page->dropped.begin(), page->dropped.end(), std::back_inserter(all.dropped));
    all.fresh_for = listing->pages == 0 ? page->fresh_for : std::min(all.fresh_for, page->fresh_for);
    const bool goes_on = page->next_cursor && page->next_cursor != listing->cursor;
    if (!goes_on) return listing->done(std::move(all));
    if (++listing->pages >= kPagesMax || all.tools.size() > options_.tools_max)
      return listing->done(protocol_failure("the tool list does not end"));
    listing->cursor = page->next_cursor;
    list_page(listing);
  };
  send_request(std::move(pending));
}

}  // namespace carillon::transport
