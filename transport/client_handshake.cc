// The way of an McpClient from nothing to a ready connection: which era does the server speak (reference B5)?
//
// A known verdict is tried alone. Otherwise server/discover goes first; any answer that is no modern one leads to
// initialize. A stdio server that does not answer the probe in time gets initialize as well, on the same pipe (it may
// be slow to start, or may ignore what it does not know); whichever is answered well first decides. A server that dies
// of the probe is started afresh, once, and only hears initialize.
#include "transport/client.h"

namespace carillon::transport {
namespace {

bool may_be_an_era_verdict(const ClientFailure& failure) {
  return failure.kind == ClientFailureKind::refused || failure.kind == ClientFailureKind::protocol ||
         failure.kind == ClientFailureKind::session_lost;
}

bool may_be_asked(const json& capabilities) {
  return capabilities.contains("elicitation") || capabilities.contains("sampling") || capabilities.contains("roots");
}

}  // namespace

void McpClient::open() {
  state_ = State::probing;
  start_handshake_timer();
  open_wire();
  if (!wire_) return;
  if (options_.known_era == Era::legacy) return initialize();
  probe();
}

void McpClient::start_handshake_timer() {
  handshake_timer_ = loop_.after(options_.handshake_timeout, [this] {
    handshake_timer_ = 0;
    if (!handshaking()) return;
    if (may_start_over()) {  // the unknown first message may have wedged it
      start_handshake_timer();
      return start_over();
    }
    give_up(
        {ClientFailureKind::timed_out, "the server did not finish the handshake in time", Reached::no, std::nullopt});
  });
}

bool McpClient::may_start_over() const {
  return handshaking() && probe_id_ != 0 && !started_over_ && wire_ && wire_->can_start_afresh();
}

void McpClient::open_wire() {
  wire_ = make_wire_();
  if (auto failure = wire_->open(*this)) {
    loop_.post([old = std::move(wire_)] {});
    give_up(*std::move(failure));
  }
}

// A new process for a server that the probe killed or wedged.
void McpClient::start_over() {
  started_over_ = true;
  probe_id_ = 0;
  pending_.clear();
  if (wire_) {
    wire_->close(nullptr);
    loop_.post([old = std::move(wire_)] {});
  }
  open_wire();
  if (wire_) initialize();
}

void McpClient::probe() {
  facts_.revision = kNewestModern;  // the probe itself wears the modern envelope
  wire_->agree(kNewestModern);
  Pending pending;
  pending.request.method = "server/discover";
  pending.request.timeout = Duration::zero();  // the handshake's own timer is its end
  pending.done = [this](ClientReply reply) { take_probe_answer(std::move(reply)); };
  probe_id_ = send_request(std::move(pending));
  if (!wire_->can_start_afresh()) return;  // over HTTP silence is an error, not a verdict
  probe_timer_ = loop_.after(options_.probe_timeout, [this] {
    probe_timer_ = 0;
    if (state_ == State::probing) initialize();
  });
}

void McpClient::take_probe_answer(ClientReply reply) {
  probe_id_ = 0;
  if (!handshaking()) return;
  if (const auto* result = std::get_if<json>(&reply)) {
    if (auto facts = read_discover_result(*result)) return become_ready(*std::move(facts));
  } else if (const auto* refusal = std::get_if<RpcRefusal>(&reply)) {
    const json error{{"code", refusal->code}, {"data", refusal->data}};
    if (proves_modern(error, refusal->http_status)) {
      ServerFacts facts;
      facts.era = Era::modern;
      facts.revision = kNewestModern;
      facts.capabilities = {{"tools", json::object()}};
      return become_ready(std::move(facts));
    }
  } else if (const auto& failure = std::get<ClientFailure>(reply); !may_be_an_era_verdict(failure)) {
    return give_up(failure);
  }
  if (state_ == State::probing) initialize();
}

void McpClient::initialize() {
  loop_.cancel_timer(probe_timer_);
  probe_timer_ = 0;
  state_ = State::initializing;
  facts_.revision = kNewestLegacy;
  wire_->agree(Revision::v2025_03_26);  // no version header before the handshake
  Pending pending;
  pending.request.method = "initialize";
  pending.request.params = initialize_params(options_.capabilities);
  pending.request.timeout = Duration::zero();
  pending.done = [this](ClientReply reply) { take_initialize_answer(std::move(reply)); };
  initialize_id_ = send_request(std::move(pending));
}

void McpClient::take_initialize_answer(ClientReply reply) {
  if (state_ != State::initializing) return;  // the probe was answered well in the meantime
  if (const auto* failure = std::get_if<ClientFailure>(&reply)) return give_up(*failure);
  if (const auto* refusal = std::get_if<RpcRefusal>(&reply))
    return give_up({ClientFailureKind::protocol,
                    "the server refuses both server/discover and initialize: " + refusal->message, Reached::no,
                    std::nullopt});
  auto facts = read_initialize_result(std::get<json>(reply));
  if (!facts)
    return give_up({ClientFailureKind::protocol,
                    "the server answered initialize with a revision that is not known here", Reached::no,
                    std::nullopt});
  become_ready(*std::move(facts));
}

void McpClient::become_ready(ServerFacts facts) {
  loop_.cancel_timer(handshake_timer_);
  loop_.cancel_timer(probe_timer_);
  handshake_timer_ = probe_timer_ = 0;
  pending_.erase(probe_id_);
  pending_.erase(initialize_id_);
  facts_ = std::move(facts);
  state_ = State::ready;
  wire_->agree(facts_.revision);
  if (facts_.era == Era::legacy) {
    send_notification("notifications/initialized", json::object());
    if (may_be_asked(options_.capabilities)) wire_->listen();
  }
  if (hooks_.ready) hooks_.ready();
  subscribe();
}

// Modern servers tell of a new tool list only to those who listen. Over HTTP listening would hold a thread for as long
// as the server lives, so there the list's time to live has to do.
void McpClient::subscribe() {
  if (!ready() || facts_.era != Era::modern || wire_->closing_cancels() || !facts_.announces_list_changes()) return;
  Pending pending;
  pending.request.method = "subscriptions/listen";
  pending.request.params = {{"notifications", {{"toolsListChanged", true}}}};
  pending.request.timeout = Duration::zero();
  pending.done = [](const ClientReply&) {};  // refused or ended: the time to live has to do
  send_request(std::move(pending));
}

void McpClient::on_closed(const ClientFailure& failure) {
  if (state_ == State::closed) return;
  if (may_start_over() && failure.kind == ClientFailureKind::died) return start_over();
  give_up(failure);
}

void McpClient::give_up(ClientFailure failure) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  loop_.cancel_timer(handshake_timer_);
  loop_.cancel_timer(probe_timer_);
  fail_pending(failure);
  if (wire_) {
    wire_->close(nullptr);
    loop_.post([old = std::move(wire_)] {});
  }
  if (hooks_.closed) hooks_.closed(std::move(failure));
}

}  // namespace carillon::transport
