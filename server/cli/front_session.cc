#include "server/cli/front_session.h"

#include "transport/envelope.h"

namespace carillon::cli {
namespace {

using transport::plain_id;
using transport::read_envelope;
using transport::Reading;

// The answer to a request that died with its daemon; `id` is JSON text.
std::string lost(const std::string& id) {
  return R"({"jsonrpc":"2.0","id":)" + id +
         R"(,"error":{"code":-32603,"message":"Carillon was restarted while this request was under way. What it had )"
         R"(committed stands; repeat the call (with the same client_generated_id, if it had one).",)"
         R"("data":{"error":"unavailable","retryable":true}}})";
}

}  // namespace

void FrontSession::on_host_line(std::string_view line) {
  const auto envelope = read_envelope(line, Reading::whole);
  if (!envelope || envelope->id.empty() || envelope->method.empty()) return;
  std::string id = plain_id(envelope->id);
  if (id.empty()) return;
  // A modern request called initialize is answered with an error; remembering it does no harm.
  if (envelope->method == R"("initialize")") {
    initialize_line_ = std::string{line};
    initialize_id_ = id;
    handshake_ = Handshake::asked;
  }
  under_way_.insert(std::move(id));
}

Pass FrontSession::on_daemon_line(std::string_view line) {
  const auto envelope = read_envelope(line, Reading::until_known);
  if (!envelope || envelope->id.empty() || !envelope->method.empty()) return Pass::forward;
  const std::string id = plain_id(envelope->id);
  if (handshake_ == Handshake::replayed && id == initialize_id_) {
    handshake_ = Handshake::answered;
    return Pass::swallow;
  }
  if (handshake_ == Handshake::asked && id == initialize_id_) handshake_ = Handshake::answered;
  under_way_.erase(id);
  return Pass::forward;
}

FrontSession::Resume FrontSession::resume() {
  Resume resume;
  if (initialize_line_) {
    resume.to_daemon.push_back(*initialize_line_);
    if (handshake_ == Handshake::asked) {
      under_way_.erase(initialize_id_);  // asked again, and its answer goes to the host
    } else {
      handshake_ = Handshake::replayed;
      resume.to_daemon.emplace_back(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
    }
  }
  for (const auto& id : under_way_) resume.to_host.push_back(lost(id));
  under_way_.clear();
  if (handshake_ == Handshake::asked) under_way_.insert(initialize_id_);
  return resume;
}

}  // namespace carillon::cli
