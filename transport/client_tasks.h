// A call that its server made a task of (reference C1 and C2): looked at until it ends, and then the call's reply.
//
// The server's task is our call under another name. It ends inside the call's own time, is taken back when the call is,
// and what it asks goes to the call's on_input. Looks are as far apart as the server wishes and cost neither thread nor
// connection in between. A connection that is lost is made anew, and the task looked at through the new one; the call
// is never repeated. Both forms are one here: a modern task carries its result and its questions, a core task of
// 2025-11-25 is asked for them by tasks/result. Progress is the server's status message, one step each.
//
// On the ClientLoop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "transport/client.h"

namespace carillon::transport {

// The way to the server, asked for anew with each look. Both are called on the loop.
struct TaskReach {
  using Taker = std::function<void(std::variant<std::shared_ptr<McpClient>, ClientFailure>)>;
  std::function<void(Taker)> connect;  // a client that is ready, now or soon; or why there is none
  std::function<void(const std::shared_ptr<McpClient>&)> forgotten;  // the server does not know this client's session
  Duration pause_max = std::chrono::seconds{60};                     // between looks, whatever the server wishes
};

class FollowedTask : public std::enable_shared_from_this<FollowedTask> {
 public:
  // `call`: the request that the server answered with `made`. `done` comes exactly once, after start().
  FollowedTask(ClientLoop& loop, TaskReach reach, ClientRequest call, ReplyHandler done);
  void start(MadeTask made);
  // Tells the server to stop and ends the call as cancelled.
  void cancel();
  // Ends the call where nobody will look any more.
  void lose(ClientFailure failure);

 private:
  struct Answer {
    json value;
    bool is_delivered = false;
  };
  using Send = std::function<void(const std::shared_ptr<McpClient>&)>;

  void look_after(Duration pause);
  void look();
  void seen(const std::shared_ptr<McpClient>& client, ClientReply reply);
  void seen_task(const McpClient& client, const ServerTask& task);
  void end_with(const ServerTask& task);
  void trouble(const ClientFailure& failure);
  void ask_for_result();
  void take_questions(const json& questions);
  void ask(const InputRequest& question, std::function<void(InputAnswer)> answer);
  void take_answer(const std::string& key, InputAnswer answer);
  void send_answer(const std::string& key);
  void tell_progress(const ServerTask& task);
  void time_out();
  void stop_server();
  void finish(ClientReply reply);
  void with_client(Send send);
  ClientRequest request(std::string method) const;

  ClientLoop& loop_;
  const TaskReach reach_;
  const ClientRequest call_;
  ReplyHandler done_;  // empty: the call has ended
  std::string id_;
  std::unique_ptr<CallClock> clock_;
  Duration wished_{0}, pause_{0};  // between looks: by the server, and now
  ClientLoop::TimerId look_timer_ = 0;
  std::weak_ptr<McpClient> client_;  // of the look under way
  ClientRequestId look_ = 0;
  std::map<std::string, Answer> answers_;  // by the key of their question, which a server never uses again
  std::string told_;                       // the last status message
  int messages_ = 0, troubles_ = 0;
};

}  // namespace carillon::transport
