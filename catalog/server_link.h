// ServerLink: one downstream server and everybody who calls it.
//
// All callers share one process (or one HTTP session). It is started by the first call, ended when nobody has called
// for a while, and started again with growing delays when it fails. Calls beyond the entry's limit wait their turn; the
// queue has an end. While its circuit breaker is open, calls are refused at once, those that wait too (breakers.h). A
// call waits for the server and its tool list no longer than its own timeout. While somebody is
// asked what a call needs to know, its time stands still and others have its turn (but for legacy servers over stdio,
// whose questions only one call at a time can be told from). A call that the server makes a task of is followed to its
// end, through a new connection where the old one is lost.
//
// Lives on the ClientLoop's thread, except report() and tools(), which any thread may ask.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/breakers.h"
#include "catalog/catalog_options.h"
#include "catalog/loop_door.h"
#include "catalog/secrets.h"
#include "catalog/server_report.h"
#include "catalog/tool_list.h"
#include "server/base/guarded.h"
#include "server/domain/tool_caller.h"
#include "transport/client.h"
#include "transport/client_http.h"
#include "transport/client_stdio.h"
#include "transport/client_tasks.h"
#include "transport/oauth_client.h"

namespace carillon::catalog {

struct LinkContext {
  transport::ClientLoop& loop;
  std::shared_ptr<transport::BlockingPool> pool, listening;  // for exchanges; for streams of servers that may ask
  std::shared_ptr<LoopDoor> door;
  std::shared_ptr<ServerBreaker> breaker;
  CatalogOptions options;
};

struct CallJob {
  CallId id = 0;
  ToolCall call;
  std::string tool;  // without the server
  std::function<void(ToolReply)> done;
  Monotonic started;
};

using ToolsOutcome = std::variant<ToolListPtr, transport::ClientFailure>;
using ToolsHandler = std::function<void(ToolsOutcome)>;

class ServerLink : public std::enable_shared_from_this<ServerLink> {
 public:
  ServerLink(LinkContext context, ServerEntry entry);

  const ServerEntry& entry() const { return entry_; }
  ServerReport report() const;
  ToolListPtr tools() const;  // null: not yet listed
  ServerBreaker& breaker() const { return *context_.breaker; }

  void call(CallJob job);
  // Calls that wait get their turn, as far as there is room, or a refusal.
  void begin_next();
  bool cancel(CallId call, const std::string& reason);
  // The tools of a running server; starts it where necessary. `handler` comes exactly once, at once if it can.
  void want_tools(ToolsHandler handler);
  // No new calls will come: ends the server when the last one is done.
  void retire();
  void close(std::function<void()> gone);

 private:
  enum class Phase { waiting, preparing, sent };
  struct Job {
    CallJob what;
    Phase phase = Phase::waiting;
    std::optional<BreakerPass> pass{};  // from its turn on, until the breaker has been told
    transport::ClientLoop::TimerId timer = 0;
    transport::ClientRequestId request = 0;
    std::shared_ptr<transport::McpClient> client{};   // it was sent through
    std::shared_ptr<transport::FollowedTask> task{};  // what the server made of it
    int repetitions = 0;  // one transparent repetition, where the server certainly did nothing
    bool looked_again = false;
    std::size_t open_questions = 0;
    bool gave_up_place = false;  // while its questions are open: it counts as no call in flight
  };
  using ToolPtr = std::shared_ptr<const CatalogTool>;
  using Answered = std::function<void(transport::InputAnswer)>;

  // server_link.cc: calls
  bool has_room() const;
  void begin(CallId id);
  void refuse(CallId id, const BreakerPass& pass);
  void tell_breaker(Job& job, CallVerdict verdict);
  void prepared(CallId id, ToolsOutcome outcome);
  void send(CallId id, const ToolPtr& tool);
  transport::ClientRequest request_for(const Job& job, const ToolPtr& tool);
  void answered(CallId id, const ToolPtr& tool, transport::ClientReply reply);
  void follow(CallId id, const ToolPtr& tool, transport::MadeTask made);
  transport::TaskReach reach();
  bool asks_without_saying_for_whom() const;
  void ask(CallId id, const ToolPtr& tool, const transport::InputRequest& question, Answered answer);
  void take_answer(CallId id, int repetition, Result<json> given, const Answered& answer);
  void be_useful();
  bool repeat(CallId id, const transport::ClientReply& reply);
  void out_of_time(CallId id);
  void finish(CallId id, ToolReply reply);
  Duration time_left(const Job& job) const;
  ToolReply unknown_tool(const Job& job, const ToolList& list) const;
  std::string context_of(const transport::ClientFailure& failure) const;

  // server_lifecycle.cc: the server itself
  void start();
  std::unique_ptr<transport::ClientWire> make_wire();
  void became_ready();
  void ended(const transport::ClientFailure& failure);
  void drop_client();
  bool start_later();
  void fetch_tools();
  void take_tools(transport::ListOutcome outcome);
  void resolve_waiters();
  void fail_waiters(const transport::ClientFailure& failure);
  void rest_when_idle();
  bool must_fetch() const { return !list_ || list_changed_; }
  bool should_refresh() const;
  void note_sign_in(const std::string& message);
  bool is_waiting_for_person() const;
  void remember_error(const std::string& message);
  void publish();

  LinkContext context_;
  ServerEntry entry_;
  std::shared_ptr<transport::ErrorTail> errors_;
  std::shared_ptr<transport::OAuthClient> sign_in_;  // null: the entry's headers have to do
  std::shared_ptr<transport::McpClient> client_;     // a call that was sent keeps its own alive
  std::optional<transport::Era> known_era_;

  std::map<CallId, Job> jobs_;
  std::deque<CallId> turn_;  // waiting for theirs
  std::size_t active_ = 0;   // preparing or sent
  std::vector<ToolsHandler> waiters_;

  ToolListPtr list_;
  std::vector<std::string> warnings_;
  Monotonic fetched_at_{}, fresh_until_{};
  bool list_changed_ = false;  // the list we have is known to be old
  bool fetching_ = false;
  bool must_wait_for_list_ = false;  // the fetch under way brings what waiters need

  int failures_in_a_row_ = 0;
  bool was_useful_ = false;  // this start has answered a call
  Monotonic next_try_{};
  std::optional<transport::ClientFailure> last_failure_;
  transport::ClientLoop::TimerId start_timer_ = 0, idle_timer_ = 0;
  bool retired_ = false, closing_ = false;
  bool sign_in_noted_ = false;  // it was said that a person must sign in

  struct Published {
    ServerReport report;
    ToolListPtr list;
    Monotonic next_try{};
  };
  ServerReport report_;  // the loop's own copy
  Guarded<Published> published_;
};

}  // namespace carillon::catalog
