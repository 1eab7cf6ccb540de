#include "transport/subscriptions.h"

#include <algorithm>
#include <utility>

#include "transport/protocol.h"

namespace carillon::transport {
namespace {

constexpr std::string_view changed_method(ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return "notifications/tools/list_changed";
    case ListKind::prompts:
      return "notifications/prompts/list_changed";
    case ListKind::resources:
      return "notifications/resources/list_changed";
  }
  return "";
}

json tagged(json params, const json& subscription) {
  params["_meta"][meta_key::kSubscriptionId] = subscription;
  return params;
}

}  // namespace

void Subscriptions::add(Listener listener, const json& acknowledged) {
  const auto exchange = listener.exchange;
  state_.with([&](State& s) {
    std::erase_if(s.listeners, [](const Listener& each) { return each.exchange->over(); });
    exchange->send(json_rpc::notification_text("notifications/subscriptions/acknowledged",
                                               tagged({{"notifications", acknowledged}}, exchange->id())));
    s.listeners.push_back(std::move(listener));
  });
}

void Subscriptions::add_peer(const std::shared_ptr<Peer>& peer) {
  state_.with([&](State& s) {
    std::erase_if(s.peers, [](const auto& each) {
      const auto alive = each.lock();
      return !alive || alive->closed();
    });
    s.peers.push_back(peer);
  });
}

void Subscriptions::list_changed(ListKind kind) {
  const auto method = changed_method(kind);
  tell_listeners([&](const ListenFilter& filter) { return filter.lists.contains(kind); }, method, json::object());
  tell_peers([](const Peer&) { return true; }, method, json::object());
}

void Subscriptions::resource_updated(const std::string& uri) {
  constexpr std::string_view kMethod = "notifications/resources/updated";
  tell_listeners([&](const ListenFilter& filter) { return filter.resources.contains(uri); }, kMethod, {{"uri", uri}});
  tell_peers([&](const Peer& peer) { return peer.watches(uri); }, kMethod, {{"uri", uri}});
}

void Subscriptions::task_changed(const std::string& id, const json& task) {
  tell_listeners([&](const ListenFilter& filter) { return filter.tasks.contains(id); }, "notifications/tasks", task);
}

void Subscriptions::finish(const json& result) {
  const auto listeners = state_.with([](State& s) { return std::exchange(s.listeners, {}); });
  for (const auto& listener : listeners) {
    const json& id = listener.exchange->id();
    // Two pages of the specification disagree on how a server ends a listen stream; on a shared pipe do both.
    if (listener.kind == Peer::Kind::stream)
      listener.exchange->send(json_rpc::notification_text("notifications/cancelled", {{"requestId", id}}));
    listener.exchange->reply(200, json_rpc::result_text(id, tagged(result, id)));
  }
}

std::size_t Subscriptions::listeners() const {
  return state_.with([](const State& s) {
    return static_cast<std::size_t>(std::count_if(s.listeners.begin(), s.listeners.end(),
                                                  [](const Listener& each) { return !each.exchange->over(); }));
  });
}

void Subscriptions::tell_listeners(const Wants& wants, std::string_view method, const json& params) {
  const auto listeners = state_.with([&](State& s) {
    std::erase_if(s.listeners, [](const Listener& each) { return each.exchange->over(); });
    std::vector<std::shared_ptr<Exchange>> found;
    for (const auto& each : s.listeners)
      if (wants(each.filter)) found.push_back(each.exchange);
    return found;
  });
  for (const auto& exchange : listeners)
    exchange->send(json_rpc::notification_text(method, tagged(params, exchange->id())));
}

void Subscriptions::tell_peers(const PeerWants& wants, std::string_view method, const json& params) {
  const auto peers = state_.with([](State& s) {
    std::vector<std::shared_ptr<Peer>> found;
    for (const auto& each : s.peers)
      if (auto alive = each.lock(); alive && !alive->closed()) found.push_back(std::move(alive));
    return found;
  });
  const std::string text = json_rpc::notification_text(method, params);
  for (const auto& peer : peers)
    if (peer->handshake() && wants(*peer)) peer->push(text);
}

}  // namespace carillon::transport
