// TaskFollowing: who wants to hear how tasks go on, and the rounds in which this process finds out.
//
// A run may be worked on by any process, so the database is asked about all followed calls together: each second while
// there are any, and at once when a run ends here. Rounds come one after the other on the executor, so whoever follows
// is told one thing at a time; a round that fails is logged and repeated a second later.
//
// Thread-safe. stop() returns when no round is under way and none will be.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "server/engine/followed_calls.h"
#include "tools/ports.h"
#include "transport/task_store.h"

namespace carillon::tools {

struct TaskFollower {
  transport::RequestContext context;
  FollowedCallId call;
  RunId run;
  transport::TaskDone changed;
  std::string told{};  // the state that it was told last; touched by rounds only
};

class TaskFollowing : public std::enable_shared_from_this<TaskFollowing> {
 public:
  using Look =
      std::function<std::optional<transport::TaskView>(const transport::RequestContext&, const std::string& id)>;

  TaskFollowing(const Ports& ports, Look look) : ports_(ports), look_(std::move(look)) {}

  // Tells how the task stands in the next round, and goes on until it has ended or its client has gone. Beyond a limit
  // of followers the first thing told is the last: clients poll anyway.
  void follow(TaskFollower follower);
  void look_again();
  void stop();

 private:
  using Ticket = std::uint64_t;
  using Followers = std::map<Ticket, std::shared_ptr<TaskFollower>>;  // by the ticket of its watch
  struct State {
    Followers followers;
    bool queued = false;  // a round is waiting for the executor
    bool timed = false;   // the timer will ask for one
  };

  void round();
  void tell_changes();
  void tell(Ticket ticket, TaskFollower& follower, const std::string& state);
  Followers present_followers();
  void drop(Ticket ticket);

  const Ports ports_;
  const Look look_;
  Guarded<State> state_;
  std::mutex round_;  // held by the round under way
  bool stopped_ = false;
};

}  // namespace carillon::tools
