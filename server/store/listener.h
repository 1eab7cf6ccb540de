// Listener: notifications as hints that there is something to look at. Never more than that: whoever waits here polls
// too.
//
// listen first, then look, then wait: after wait() said `listening_anew` (the first time, and after each lost session)
// the caller looks at everything, so nothing that was sent before counts. A connection that is dead without being
// closed is found by probing: the listener notifies itself and expects to hear it (this also finds a pooler that never
// delivers: healthy() is false then). Sends notifications of others' concern too, each channel at most once a call.
//
// One thread waits; wake() may be called from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/process/unique_fd.h"
#include "server/store/hot_path_connection.h"

namespace carillon {

class Listener {
 public:
  // `name` makes the probe's channel ours alone.
  Listener(HotPathOptions options, std::vector<std::string> channels, const std::string& name);

  struct Heard {
    std::vector<std::string> channels{};  // each once
    bool listening_anew = false;
  };
  // Waits until a notification comes, wake() is called or `longest` has passed. Throws DatabaseGone.
  Heard wait(Duration longest);
  void wake();
  void notify(const std::vector<std::string>& channels);
  bool healthy() const { return healthy_; }

 private:
  void listen();
  void probe();
  void check_probe();

  HotPathConnection connection_;
  std::vector<std::string> channels_;
  std::string probe_channel_;
  process::UniqueFd wake_;
  std::uint64_t listening_on_ = 0;  // which connection
  std::optional<Monotonic> probe_sent_{};
  Monotonic next_probe_{};
  bool healthy_ = false;
};

}  // namespace carillon
