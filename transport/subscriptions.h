// Who wants to hear of changes: modern listeners (subscriptions/listen) and legacy peers (after their handshake).
//
// Thread-safe. Messages leave through the listeners' own exchanges, so ordering with their acknowledgement is kept.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/guarded.h"
#include "transport/exchange.h"
#include "transport/peer.h"
#include "transport/server.h"

namespace carillon::transport {

enum class ListKind { tools, prompts, resources };

struct ListenFilter {
  std::set<ListKind> lists;
  std::set<std::string> resources;
};

// The params of a message on a listen stream: every one names its subscription.
json tagged(json params, const json& subscription);

class Subscriptions {
 public:
  struct Listener {
    std::shared_ptr<Exchange> exchange;
    ListenFilter filter;
    Principal principal{};
    Peer::Kind kind = Peer::Kind::stream;
  };

  // Acknowledges and adds; the exchange stays open until either side ends it.
  void add(Listener listener, const json& acknowledged);
  void add_peer(const std::shared_ptr<Peer>& peer);

  void list_changed(ListKind kind, const Audience& audience = {});
  void resource_updated(const std::string& uri, const Audience& audience = {});
  void announce(LogLevel level, const json& data);
  // Ends all listeners with `result` plus their subscription id.
  void finish(const json& result);

  std::size_t listeners() const;
  // Every watched resource with who watches it.
  std::vector<WatchedResource> watched() const;
  bool is_heard(ListKind kind) const;

  // Legacy peers after their handshake, in the order in which they connected.
  std::vector<Principal> sessions() const;
  // Sends a notification to the last of them that belongs to the audience; false: none does.
  bool notify_session(const Audience& audience, std::string_view method, const json& params);

 private:
  struct State {
    std::vector<Listener> listeners;
    std::vector<std::weak_ptr<Peer>> peers;
  };
  using Wants = std::function<bool(const Listener&)>;
  using PeerWants = std::function<bool(const Peer&)>;
  void tell_listeners(const Wants& wants, std::string_view method, const json& params);
  void tell_peers(const PeerWants& wants, std::string_view method, const json& params);
  std::vector<std::shared_ptr<Peer>> shaken_peers() const;

  Guarded<State> state_;
};

}  // namespace carillon::transport
