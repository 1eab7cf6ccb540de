// FrontSession: what a front must remember of the conversation it splices, so that a restart of the daemon does not
// end the host's session (spec lifetime.md: the front keeps the `initialize` exchange and replays it).
//
// It sees each line that passes and keeps only ids: requests under way, and the initialize exchange of a legacy host.
// After a reconnect it says what to send to the new daemon, what to answer to the host for requests that died with the
// old one, and it swallows the second answer to `initialize`. Pure; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace carillon::cli {

enum class Pass { forward, swallow };

class FrontSession {
 public:
  void on_host_line(std::string_view line);    // host → daemon
  Pass on_daemon_line(std::string_view line);  // daemon → host

  struct Resume {
    std::vector<std::string> to_daemon;  // without line ends
    std::vector<std::string> to_host;
  };
  Resume resume();  // the daemon was lost and a new one is connected

  bool idle() const { return under_way_.empty(); }

 private:
  std::unordered_set<std::string> under_way_;  // ids, as plain_id() writes them
  std::optional<std::string> initialize_line_;
  std::string initialize_id_;
  enum class Handshake { none, asked, answered, replayed } handshake_ = Handshake::none;
};

}  // namespace carillon::cli
