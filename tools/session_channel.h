// SessionChannel: tells the host's open session of runs that asked for it (notify: session), where the person who runs
// the host has switched that on (`carillon mcp --channel`).
//
// The message is Claude Code's channel notification: a server that declares the experimental capability
// "claude/channel" may send notifications/claude/channel {content, meta}, which the host puts before the model. It
// carries the run's handle, how it ended and, of a message, the message; never what a downstream tool said. One for
// each end, to the session of the run's agent that connected last; no more than so many an hour, the rest in one.
//
// Thread-safe; rounds happen one at a time. The server must outlive it.
#pragma once

#include <mutex>
#include <string>

#include "server/base/json.h"
#include "server/engine/deliveries.h"

namespace carillon {
class Engine;
}  // namespace carillon

namespace carillon::transport {
class McpServer;
}  // namespace carillon::transport

namespace carillon::tools {

inline constexpr std::string_view kChannelCapability = "claude/channel";

struct ChannelOptions {
  int per_hour_max = 20;
  std::string prefix{};  // of our tools' names
};

class SessionChannel {
 public:
  // The server to which hosts connect that want the channel; it declares the capability.
  SessionChannel(Engine& engine, transport::McpServer& server, ChannelOptions options)
      : engine_(engine), server_(server), options_(std::move(options)) {}

  // Sends what is due for the sessions that there are. Throws when the database is away.
  void run_once();

 private:
  Engine& engine_;
  transport::McpServer& server_;
  const ChannelOptions options_;
  std::mutex running_;
};

// The parameters of the notification: {"content", "meta"}, all values texts, as the host wants them.
json channel_message(const Notice& notice, const std::string& prefix);

}  // namespace carillon::tools
