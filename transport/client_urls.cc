// How an McpClient takes the refusal of 2025-11-25 that a request needs somebody to open addresses first (-32042, its
// pages "Elicitation", "URL Elicitation Required Error"): they are questions like any other. The request is repeated
// when the server says that all are done with, and otherwise now and then.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "transport/client.h"

namespace carillon::transport {
namespace {

constexpr int kUrlElicitationRequired = -32042;
constexpr std::size_t kAddressesMax = 20;
constexpr Duration kErrandPauseMax = std::chrono::seconds{60};

std::string id_of(const json& elicitation) { return elicitation.value("elicitationId", json()).dump(); }

bool is_address(const json& elicitation) {
  if (!elicitation.is_object()) return false;
  const auto is_text = [&](const char* name) {
    const auto found = elicitation.find(name);
    return found != elicitation.end() && found->is_string();
  };
  return elicitation.value("mode", json()) == "url" && is_text("elicitationId") && is_text("url") && is_text("message");
}

// The addresses, each once; none: there are none, too many, or one of them is none.
std::vector<json> addresses_in(const RpcRefusal& refusal) {
  const json given = refusal.data.is_object() ? refusal.data.value("elicitations", json()) : json();
  if (!given.is_array() || given.size() > kAddressesMax || !std::all_of(given.begin(), given.end(), is_address))
    return {};
  std::vector<json> addresses;
  for (const auto& each : given) {
    const bool is_new =
        std::none_of(addresses.begin(), addresses.end(), [&](const json& a) { return id_of(a) == id_of(each); });
    if (is_new) addresses.push_back(each);
  }
  return addresses;
}

}  // namespace

void McpClient::take_refusal(ClientRequestId id, RpcRefusal refusal) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  const auto addresses = addresses_in(refusal);
  const InputHandler handler = who_answers(found->second.request);
  const bool is_asking = refusal.code == kUrlElicitationRequired && !is_modern(facts_.revision);
  if (!is_asking || addresses.empty() || !handler) return finish(id, std::move(refusal));

  std::vector<json> unasked;
  auto& errand = found->second.errand;
  if (!errand) errand = std::make_unique<UrlErrand>();
  errand->refusal = std::move(refusal);
  errand->unfinished.clear();
  for (const auto& each : addresses) {
    errand->unfinished.insert(id_of(each));
    if (errand->agreed.count(id_of(each)) == 0) unasked.push_back(each);
  }
  if (!unasked.empty()) errand->pause = options_.url_pause;
  if (!unasked.empty() && ++found->second.rounds > kRoundsMax) return finish(id, std::move(errand->refusal));
  const ClientRequestId round = take_aside(id);
  Pending& pending = pending_.at(round);
  pending.clock->ask();  // until the request is repeated
  pending.errand->unanswered = unasked.size();
  if (unasked.empty()) return repeat_later(round);
  for (const auto& each : unasked) {
    if (pending_.count(round) == 0) return;  // an answer has ended it
    handler(InputRequest{"elicitation/create", each},
            [this, round, asked = id_of(each), alive = std::weak_ptr<bool>(alive_)](const InputAnswer& answer) {
              if (!alive.expired()) take_agreement(round, asked, answer);
            });
  }
}

void McpClient::take_agreement(ClientRequestId round, const std::string& elicitation, const InputAnswer& answer) {
  const auto found = pending_.find(round);
  if (found == pending_.end()) return;  // cancelled or refused in the meantime
  UrlErrand& errand = *found->second.errand;
  if (const auto* nobody = std::get_if<ProtocolError>(&answer))
    return finish(round, ClientFailure{ClientFailureKind::needs_input, nobody->message, Reached::no, std::nullopt});
  const json& given = std::get<json>(answer);
  const bool agrees = given.is_object() && given.value("action", json()) == "accept";
  if (!agrees) return finish(round, std::move(errand.refusal));
  if (!errand.agreed.insert(elicitation).second) return;  // answered twice
  if (--errand.unanswered > 0) return;
  if (errand.unfinished.empty()) return repeat(round);
  repeat_later(round);
}

// The server need not say when an address is done with, and what it says may be lost.
void McpClient::repeat_later(ClientRequestId round) {
  UrlErrand& errand = *pending_.at(round).errand;
  loop_.after(errand.pause, [this, round, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired() && pending_.count(round) > 0) repeat(round);
  });
  errand.pause = std::min(2 * errand.pause, kErrandPauseMax);
}

void McpClient::repeat(ClientRequestId round) {
  auto node = pending_.extract(round);
  node.mapped().clock->answered();
  send_request(std::move(node.mapped()));
}

void McpClient::take_completion(const json& params) {
  const std::string done = id_of(params);
  std::vector<ClientRequestId> free;
  for (auto& [id, pending] : pending_) {
    if (!pending.errand || pending.is_on_wire || pending.errand->unfinished.erase(done) == 0) continue;
    if (pending.errand->unfinished.empty() && pending.errand->unanswered == 0) free.push_back(id);
  }
  for (const ClientRequestId round : free) repeat(round);
}

}  // namespace carillon::transport
