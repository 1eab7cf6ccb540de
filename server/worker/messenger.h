// Messenger: hints between the workers of a database. What commands of this process commit for shards that others own
// is told to their owners, and what others tell us makes us look. Hints are payload-free, coalesced to one a channel
// every 10 ms, and sent by a connection that writes nothing else. Nothing depends on them: everything is also found by
// polling.
//
// tell_* may be called from any thread; run_once() belongs to the messenger's.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>

#include "server/base/guarded.h"
#include "server/store/listener.h"

namespace carillon {

inline constexpr int kShardGroups = 4;  // one channel each

struct MessengerParts {
  std::function<void()> look_again;  // runs, schedules or pauses have changed
  std::function<void()> look_for_cancels;
  std::function<void()> look_for_answers;
};

class Messenger {
 public:
  Messenger(const HotPathOptions& options, const std::string& instance, MessengerParts parts);

  void tell_shard(std::int16_t shard);
  void tell_cancel();
  void tell_answer();
  void tell_everybody();

  // Waits for something to hear or to tell, at most a second.
  void run_once();
  void wake() { listener_.wake(); }
  bool healthy() const { return healthy_; }

 private:
  void tell(std::string channel);
  void send();

  Listener listener_;
  const MessengerParts parts_;
  Guarded<std::set<std::string>> to_tell_;
  Monotonic next_send_{};
  std::atomic<bool> healthy_{false};
};

}  // namespace carillon
