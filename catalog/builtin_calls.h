// BuiltInCalls: calls of built-in tools that lead outside take their turn, as those of a downstream server do.
//
// Calls with one destination share a breaker and a number of places; those beyond wait, no longer than their own
// timeout, and their queue has an end. The work itself blocks a thread of the pool. Lives on the ClientLoop's thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "catalog/breakers.h"
#include "catalog/builtin.h"
#include "catalog/catalog_options.h"
#include "catalog/loop_door.h"
#include "transport/client_http.h"

namespace carillon::catalog {

struct BuiltInJob {
  CallId id = 0;
  ToolCall call;
  std::function<void(ToolReply)> done;
  Destination destination{};
  std::shared_ptr<ServerBreaker> breaker{};  // null: none
  BuiltInTool::Run run{};
  Monotonic started{};
};

struct BuiltInContext {
  transport::ClientLoop& loop;
  std::shared_ptr<transport::BlockingPool> pool;
  std::shared_ptr<LoopDoor> door;
  std::size_t waiting_max;  // for one destination
};

class BuiltInCalls : public std::enable_shared_from_this<BuiltInCalls> {
 public:
  explicit BuiltInCalls(BuiltInContext context) : context_(std::move(context)) {}

  void call(BuiltInJob job);
  bool cancel(CallId id, const std::string& reason);
  // Every call is answered now; what still works is asked to stop, and nobody listens to it any more.
  void close();

 private:
  struct Job {
    BuiltInJob what;
    bool is_under_way = false;
    std::optional<BreakerPass> pass{};
    transport::ClientLoop::TimerId timer = 0;
    std::stop_source stop{};
  };
  struct Turns {
    std::deque<CallId> waiting;
    std::size_t under_way = 0;
  };

  void begin_next(const std::string& destination);
  void begin(Job& job);
  void finish(CallId id, ToolReply reply);

  BuiltInContext context_;
  std::map<CallId, Job> jobs_;
  std::map<std::string, Turns> turns_;  // of destinations with calls
  bool closed_ = false;
};

}  // namespace carillon::catalog
