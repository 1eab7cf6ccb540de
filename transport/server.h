// McpServer: the protocol of an MCP server, in every era, over whatever carries messages.
//
// A carrier makes a Peer for whoever connects, hands each message over together with the sink for its replies, and
// disconnects the peer at the end. Services answer through the ports; which methods exist follows from the ports given.
// The announcements (tools_changed …) reach every client that listens, in the way its era has for that.
// Thread-safe. Services must outlive it; answers that come after stop() go nowhere.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "transport/exchange.h"
#include "transport/executor.h"
#include "transport/http_handler.h"
#include "transport/json_rpc.h"
#include "transport/peer.h"
#include "transport/resource_service.h"
#include "transport/task_store.h"
#include "transport/tool_service.h"

namespace carillon::transport {

struct Services {
  ToolService* tools = nullptr;
  ResourceService* resources = nullptr;
  PromptService* prompts = nullptr;
  CompletionService* completions = nullptr;
  TaskStore* tasks = nullptr;
};

struct ServerOptions {
  json server_info = json::object();   // name, version, title …
  std::string instructions;            // for the model
  json experimental = json::object();  // further capabilities to declare, as MCP's `experimental`
  std::chrono::milliseconds list_ttl{std::chrono::minutes{5}};
  std::string cache_scope = "private";  // public only if lists do not depend on the caller
  std::size_t page_size = 500;
  std::string state_secret;  // seals requestState; empty: a random one
  std::chrono::seconds state_lifetime{std::chrono::hours{1}};
  json_rpc::Limits message{};
  Peer::Limits peer{};
};

struct WatchedResource {
  std::string uri;
  Principal principal;
};

// A message and where it came from.
struct Arrival {
  std::shared_ptr<Peer> peer;
  std::shared_ptr<MessageSink> sink;
  const HttpHeaders* headers = nullptr;  // over HTTP; read before receive() returns
  std::size_t bytes = 0;                 // of the text it was parsed from
};

struct ServerCore;

class McpServer {
 public:
  // `clock` and `executor` must outlive the server.
  McpServer(ServerOptions options, Services services, const Clock& clock, Executor& executor);
  ~McpServer();
  McpServer(const McpServer&) = delete;
  McpServer& operator=(const McpServer&) = delete;

  std::shared_ptr<Peer> connect(Peer::Kind kind, Principal principal, std::shared_ptr<MessageSink> push);
  void disconnect(const std::shared_ptr<Peer>& peer);

  // One text from a stream: a message or a batch.
  void receive_text(const Arrival& from, std::string_view text);
  // The same for a carrier that parses itself. Requests are answered through the sink, now or later; notifications and
  // responses, and batches of them, do not use it: then nothing is due.
  enum class Due { reply, nothing };
  Due receive(const Arrival& arrival, json_rpc::Parsed parsed);

  void tools_changed();
  void prompts_changed();
  void resources_changed(const Audience& audience = {});
  // Told to those of the audience who watch the resource under this very URI.
  void resource_updated(const std::string& uri, const Audience& audience = {});
  // A log message that belongs to no request, to the legacy clients that want messages of this level; newer revisions
  // have no way for one. No secrets.
  void announce(LogLevel level, const json& data);

  // What somebody watches now, once for each URI and who watches it; and whether anybody would hear resources_changed.
  std::vector<WatchedResource> watched_resources() const;
  bool anyone_hears_resources_changed() const;

  // The sessions that a notification of our own can reach: legacy ones after their handshake. The modern protocol has
  // no place for it.
  std::vector<Principal> sessions() const;
  // Sends it to the session of the audience that connected last. False: there is none.
  bool notify_session(const Audience& audience, std::string_view method, const json& params);

  // Ends listening streams politely and lets no further request reach a service.
  void stop();

  const ServerOptions& options() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace carillon::transport
