#include "transport/peer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace carillon::transport {
namespace {

std::string key_of(const Exchange& exchange) { return exchange.id().dump(); }

}  // namespace

Peer::Peer(Kind kind, Principal principal, std::shared_ptr<MessageSink> push, Limits limits)
    : kind_(kind),
      principal_(std::move(principal)),
      push_(std::move(push)),
      limits_(limits),
      lane_(std::make_shared<Lane>(limits.running_max)) {}

void Peer::shake(Handshake handshake) {
  state_.with([&](State& s) { s.handshake = std::move(handshake); });
}

std::optional<Peer::Handshake> Peer::handshake() const {
  return state_.with([](const State& s) { return s.handshake; });
}

bool Peer::watch(const std::string& uri) {
  return state_.with([&](State& s) {
    if (s.watched.size() >= limits_.watches_max && !s.watched.contains(uri)) return false;
    s.watched.insert(uri);
    return true;
  });
}

void Peer::unwatch(const std::string& uri) {
  state_.with([&](State& s) { s.watched.erase(uri); });
}

bool Peer::watches(const std::string& uri) const {
  return state_.with([&](const State& s) { return s.watched.contains(uri); });
}

std::vector<std::string> Peer::watched() const {
  return state_.with([](const State& s) { return std::vector<std::string>{s.watched.begin(), s.watched.end()}; });
}

Peer::Admission Peer::admit(const std::shared_ptr<Exchange>& exchange) {
  return state_.with([&](State& s) {
    if (s.closed || s.in_flight.size() >= limits_.requests_max) return Admission::full;
    if (s.request_bytes + exchange->bytes() > limits_.request_bytes_max) return Admission::full;
    auto& place = s.in_flight[key_of(*exchange)];
    // The client may have read the answer and used the id again before release() was reached.
    if (place && !place->over()) return Admission::duplicate_id;
    s.request_bytes += exchange->bytes();
    if (place) s.request_bytes -= place->bytes();
    place = exchange;
    return Admission::admitted;
  });
}

void Peer::release(const Exchange& exchange) {
  state_.with([&](State& s) {
    std::erase_if(s.questions, [&](const auto& entry) { return entry.second.about == &exchange; });
    const auto found = s.in_flight.find(key_of(exchange));
    if (found == s.in_flight.end() || found->second.get() != &exchange) return;
    s.request_bytes -= exchange.bytes();
    s.in_flight.erase(found);
  });
}

void Peer::cancel(const json& request_id) {
  const auto found = state_.with([&](State& s) -> std::shared_ptr<Exchange> {
    const auto at = s.in_flight.find(request_id.dump());
    return at == s.in_flight.end() ? nullptr : at->second;
  });
  if (found) found->cancel();
}

std::size_t Peer::in_flight() const {
  return state_.with([](const State& s) {
    return static_cast<std::size_t>(std::count_if(s.in_flight.begin(), s.in_flight.end(),
                                                  [](const auto& entry) { return !entry.second->endless(); }));
  });
}

std::string Peer::ask(const std::shared_ptr<Exchange>& about, const InputRequest& request, AnswerHandler handler) {
  const std::string id = state_.with([&](State& s) {
    std::string made = "carillon-" + std::to_string(s.next_question++);
    s.questions.emplace(made, Question{about.get(), std::move(handler)});
    return made;
  });
  if (!about->send(json_rpc::request_text(id, request.method, request.params)))
    state_.with([&](State& s) { s.questions.erase(id); });
  return id;
}

void Peer::keep_asking(const std::string& id) {
  state_.with([&](State& s) {
    const auto late = std::count_if(s.questions.begin(), s.questions.end(),
                                    [](const auto& entry) { return entry.second.about == nullptr; });
    if (static_cast<std::size_t>(late) >= limits_.late_max) return;
    if (const auto found = s.questions.find(id); found != s.questions.end()) found->second.about = nullptr;
  });
}

void Peer::answered(const json_rpc::Response& response) {
  if (!response.id.is_string()) return;
  const auto handler = state_.with([&](State& s) -> AnswerHandler {
    const auto found = s.questions.find(response.id.get<std::string>());
    if (found == s.questions.end()) return nullptr;
    AnswerHandler taken = std::move(found->second.handler);
    s.questions.erase(found);
    return taken;
  });
  if (handler) handler(response);
}

void Peer::push(std::string text) {
  if (push_ && !closed()) push_->send(std::move(text));
}

void Peer::close() {
  const auto open = state_.with([](State& s) {
    s.closed = true;
    s.questions.clear();
    s.request_bytes = 0;
    return std::exchange(s.in_flight, {});
  });
  for (const auto& [key, exchange] : open) exchange->cancel();
  gone_.request_stop();
}

bool Peer::closed() const {
  return state_.with([](const State& s) { return s.closed; });
}

}  // namespace carillon::transport
