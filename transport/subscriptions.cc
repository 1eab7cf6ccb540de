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

bool includes(const Audience& audience, const Principal& principal) { return !audience || audience(principal); }

}  // namespace

json tagged(json params, const json& subscription) {
  params["_meta"][meta_key::kSubscriptionId] = subscription;
  return params;
}

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

void Subscriptions::list_changed(ListKind kind, const Audience& audience) {
  const auto method = changed_method(kind);
  tell_listeners(
      [&](const Listener& each) { return each.filter.lists.contains(kind) && includes(audience, each.principal); },
      method, json::object());
  tell_peers([&](const Peer& peer) { return includes(audience, peer.principal()); }, method, json::object());
}

void Subscriptions::resource_updated(const std::string& uri, const Audience& audience) {
  constexpr std::string_view kMethod = "notifications/resources/updated";
  tell_listeners(
      [&](const Listener& each) { return each.filter.resources.contains(uri) && includes(audience, each.principal); },
      kMethod, {{"uri", uri}});
  tell_peers([&](const Peer& peer) { return peer.watches(uri) && includes(audience, peer.principal()); }, kMethod,
             {{"uri", uri}});
}

void Subscriptions::announce(LogLevel level, const json& data) {
  tell_peers([&](const Peer& peer) { return level >= peer.log_level(); }, "notifications/message",
             {{"level", name_of(level)}, {"data", data}});
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
      if (wants(each)) found.push_back(each.exchange);
    return found;
  });
  for (const auto& exchange : listeners)
    exchange->send(json_rpc::notification_text(method, tagged(params, exchange->id())));
}

void Subscriptions::tell_peers(const PeerWants& wants, std::string_view method, const json& params) {
  const std::string text = json_rpc::notification_text(method, params);
  for (const auto& peer : shaken_peers())
    if (wants(*peer)) peer->push(text);
}

std::vector<std::shared_ptr<Peer>> Subscriptions::shaken_peers() const {
  auto peers = state_.with([](const State& s) {
    std::vector<std::shared_ptr<Peer>> found;
    for (const auto& each : s.peers)
      if (auto alive = each.lock(); alive && !alive->closed()) found.push_back(std::move(alive));
    return found;
  });
  std::erase_if(peers, [](const auto& peer) { return !peer->handshake(); });
  return peers;
}

std::vector<WatchedResource> Subscriptions::watched() const {
  auto found = state_.with([](const State& s) {
    std::vector<WatchedResource> all;
    for (const auto& each : s.listeners)
      if (!each.exchange->over())
        for (const auto& uri : each.filter.resources) all.push_back({uri, each.principal});
    return all;
  });
  for (const auto& peer : shaken_peers())
    for (auto& uri : peer->watched()) found.push_back({std::move(uri), peer->principal()});
  return found;
}

bool Subscriptions::is_heard(ListKind kind) const {
  const bool listened = state_.with([&](const State& s) {
    return std::any_of(s.listeners.begin(), s.listeners.end(), [&](const Listener& each) {
      return each.filter.lists.contains(kind) && !each.exchange->over();
    });
  });
  return listened || !shaken_peers().empty();
}

std::vector<Principal> Subscriptions::sessions() const {
  std::vector<Principal> principals;
  for (const auto& peer : shaken_peers()) principals.push_back(peer->principal());
  return principals;
}

bool Subscriptions::notify_session(const Audience& audience, std::string_view method, const json& params) {
  const auto peers = shaken_peers();
  const auto last = std::find_if(peers.rbegin(), peers.rend(),
                                 [&](const auto& peer) { return includes(audience, peer->principal()); });
  if (last == peers.rend()) return false;
  (*last)->push(json_rpc::notification_text(method, params));
  return true;
}

}  // namespace carillon::transport
