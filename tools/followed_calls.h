// FollowedCalls: the tasks of MCP (implements transport's TaskStore). A taskId is an alias of a run, known to nobody
// but the agent that made the call, and answered from the run's truth by any process on the database.
//
// A task whose run failed is `completed` with an answer that is an error: `failed` is for errors of the protocol, and
// what the database does to us is no end of anybody's run. Taking a task back asks its run to stop, if the call started
// the run; a call that only looks on stops looking. While the run's call asks something that the client can answer, the
// task is `input_required`. Answers to what no task asks, and those that do not fit, are passed over, as MCP wants: the
// question stays.
//
// Calls block for a query or two. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "tools/ports.h"
#include "tools/task_following.h"
#include "transport/task_store.h"

namespace carillon::tools {

class FollowedCalls final : public transport::TaskStore {
 public:
  explicit FollowedCalls(const Ports& ports);
  ~FollowedCalls() override;

  void get_task(const transport::RequestContext& context, const std::string& id, transport::TaskDone done) override;
  void list_tasks(const transport::RequestContext& context, const transport::Cursor& cursor,
                  transport::TaskPageDone done) override;
  void answer_task(const transport::RequestContext& context, const std::string& id, const json& responses,
                   transport::TaskDone done) override;
  void cancel_task(const transport::RequestContext& context, const std::string& id, transport::TaskDone done) override;
  void follow_task(const transport::RequestContext& context, const std::string& id,
                   transport::TaskDone changed) override;

 private:
  const Ports ports_;
  const std::shared_ptr<TaskFollowing> following_;
};

}  // namespace carillon::tools
