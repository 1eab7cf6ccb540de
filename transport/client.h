// McpClient: one connection to one downstream MCP server, in whichever era that server speaks.
//
// open() finds the era out (server/discover first, initialize otherwise, in a fresh process when the probe killed the
// first), then any number of requests may be in flight. Each ends exactly once: with the result, with the server's
// refusal, or with a failure that says whether the server can have received it. A request that takes too long is
// cancelled on the server, too. What makes no sense is counted and passed over; a server that talks nothing but
// nonsense is given up. What a server asks of us in between goes to the request's on_input, or to ClientHooks::asked;
// without either, ping is answered and everything else refused.
//
// Lives on the ClientLoop's thread: every call and every callback happens there. It must not be destroyed from within
// one of its own callbacks (post the destruction).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "transport/client_clock.h"
#include "transport/client_input.h"
#include "transport/client_loop.h"
#include "transport/client_protocol.h"
#include "transport/client_wire.h"

namespace carillon::transport {

struct ClientOptions {
  // What we offer servers, as MCP writes it ({"elicitation": {}, …}). Who offers something sets ClientHooks::asked or
  // each request's on_input, and over HTTP a legacy server that may ask gets a stream for it, which holds a thread.
  json capabilities = json::object();
  std::optional<Era> known_era{};  // the verdict of an earlier handshake with the same configuration
  Duration probe_timeout = std::chrono::seconds{3};
  Duration handshake_timeout = std::chrono::seconds{30};
  HeaderMarks header_marks = HeaderMarks::ignored;
  std::size_t message_bytes_max = 64u << 20;
  std::size_t garbage_in_a_row_max = 1000;
  std::size_t tools_max = 10'000;
  // How long a request that needs addresses opened waits at least before it is repeated unasked.
  Duration url_pause = std::chrono::seconds{2};
};

struct ClientHooks {
  std::function<void()> ready;                // facts() may be asked, requests may be sent
  std::function<void(ClientFailure)> closed;  // the handshake failed or the connection ended; never after close()
  std::function<void()> tools_changed;        // the server says that its tool list is another
  InputHandler asked;                         // questions that belong to no request with an on_input of its own
};

struct RpcRefusal {
  int code = 0;
  std::string message;
  json data = nullptr;
  int http_status = 200;
};
// The server made a task of the call, which goes on without us (client_tasks.h follows it).
struct MadeTask {
  ServerTask task;
  Duration left{0};  // of the request's own time; zero: without an end
};
// json: the result, an object. MadeTask: only to a request that accepts it.
using ClientReply = std::variant<json, RpcRefusal, ClientFailure, MadeTask>;
using ReplyHandler = std::function<void(ClientReply)>;

struct ProgressReport {
  double progress = 0;
  std::optional<double> total{};
  std::string message{};
};

enum class TaskAnswer { refused, accepted };

struct ClientRequest {
  std::string method;
  json params = json::object();
  std::vector<Header> headers{};
  Duration timeout = std::chrono::seconds{60};               // zero: without an end
  std::function<void(const ProgressReport&)> on_progress{};  // does not lengthen the time
  // What the server asks about this request; answered on the loop, now or later. Meanwhile the request's time stands
  // still and answer_time runs.
  InputHandler on_input{};
  Duration answer_time = std::chrono::hours{24};
  std::optional<json> capabilities{};  // of this request, instead of the options'; a modern server's only
  TaskAnswer tasks = TaskAnswer::refused;
};

struct ToolListing {
  std::vector<ListedTool> tools;
  std::vector<std::string> dropped;
  Duration fresh_for{0};
};
using ListOutcome = std::variant<ToolListing, RpcRefusal, ClientFailure>;
using ListHandler = std::function<void(ListOutcome)>;

using WireFactory = std::function<std::unique_ptr<ClientWire>()>;
using ClientRequestId = std::int64_t;

class McpClient final : private WireListener {
 public:
  McpClient(ClientLoop& loop, WireFactory make_wire, ClientOptions options, ClientHooks hooks);
  ~McpClient() override;

  void open();
  bool ready() const { return state_ == State::ready; }
  const ServerFacts& facts() const { return facts_; }
  std::size_t garbage_seen() const { return garbage_seen_; }

  ClientRequestId request(ClientRequest request, ReplyHandler done);
  // Ends the request at once as cancelled and tells the server; one that has ended is left alone.
  void cancel(ClientRequestId request, std::string_view reason);
  // All pages. Bounded in pages and tools.
  void list_tools(Duration timeout, ListHandler done);
  // What is in flight ends as `died`. `gone`: nothing is left of the server on our side.
  void close(std::function<void()> gone);

 private:
  static constexpr int kRoundsMax = 16;  // in which a request may ask something
  enum class State { idle, probing, initializing, ready, closed };
  // Addresses that somebody has to open before a legacy server does what it was asked; elicitation ids as JSON text.
  struct UrlErrand {
    RpcRefusal refusal;  // that asks for it: how the request ends if nobody agrees
    std::set<std::string> agreed, unfinished;
    std::size_t unanswered = 0;
    Duration pause{0};  // until the request is tried again
  };
  struct Pending {
    ClientRequest request;
    ReplyHandler done;
    std::function<void(const ordered_json&)> done_ordered;  // takes results instead, with their member order
    std::unique_ptr<CallClock> clock{};
    std::unique_ptr<UrlErrand> errand{};
    int rounds = 0;
    bool is_on_wire = true;        // false: answers for the next round are being gathered
    ClientRequestId first_id = 0;  // what the caller knows it by; a further round has an id of its own
  };
  // A question of a legacy server's that is not answered yet.
  struct ServerQuestion {
    json id;
    ClientRequestId about = 0;  // the first id of a request of ours; 0: it is not known which
  };
  struct Listing;

  void on_message(std::string_view text, std::optional<std::int64_t> request, int status) override;
  bool waits_for(std::int64_t request) const override { return pending_.count(request) > 0; }
  void on_exchange_over(std::int64_t request, std::optional<ClientFailure> failure) override;
  void on_closed(const ClientFailure& failure) override;

  // client.cc: requests
  ClientRequestId send_request(Pending pending);
  void send_notification(std::string_view method, const json& params);
  ClientRequestId present_id(ClientRequestId first_id) const;
  json capabilities_of(const ClientRequest& request) const;
  void start_clock(Pending& pending);
  void finish(ClientRequestId id, ClientReply reply);
  void take_task(ClientRequestId id, const json& description);
  void take_result(ClientRequestId id, json result, std::string_view text);
  void time_out(ClientRequestId first_id);
  Reached take_back(ClientRequestId id, std::string_view reason);
  Reached give_up_on(ClientRequestId id);
  void fail_pending(ClientFailure failure);
  void take_notification(const std::string& method, const json& params);
  void take_progress(const json& params);
  void take_garbage(std::string_view text, std::optional<std::int64_t> request);
  void list_page(std::shared_ptr<Listing> listing);

  // client_input.cc: what a server asks
  void take_questions(ClientRequestId id, const json& result);
  const InputHandler& who_answers(const ClientRequest& request) const;
  ClientRequestId take_aside(ClientRequestId id);
  void take_answer(ClientRequestId round, const std::string& key, InputAnswer answer);
  void answer_server(const json_rpc::Request& request, std::optional<ClientRequestId> exchange);
  ClientRequestId asked_about(const json& params, std::optional<ClientRequestId> exchange) const;
  void take_server_answer(const std::string& key, const InputAnswer& answer);
  void withdraw_question(const json& params);
  void close_questions(ClientRequestId first_id);
  void send_answer(std::string text);

  // client_urls.cc: addresses to be opened first
  void take_refusal(ClientRequestId id, RpcRefusal refusal);
  void take_agreement(ClientRequestId round, const std::string& elicitation, const InputAnswer& answer);
  void repeat_later(ClientRequestId round);
  void repeat(ClientRequestId round);
  void take_completion(const json& params);

  // client_handshake.cc: the way to a ready connection
  void start_handshake_timer();
  bool may_start_over() const;
  void open_wire();
  void start_over();
  void probe();
  void take_probe_answer(ClientReply reply);
  void initialize();
  void take_initialize_answer(ClientReply reply);
  void become_ready(ServerFacts facts);
  void subscribe();
  void give_up(ClientFailure failure);
  bool handshaking() const { return state_ == State::probing || state_ == State::initializing; }

  ClientLoop& loop_;
  WireFactory make_wire_;
  ClientOptions options_;
  ClientHooks hooks_;
  std::shared_ptr<ClientWire> wire_;
  State state_ = State::idle;
  ServerFacts facts_;
  std::map<ClientRequestId, Pending> pending_;
  std::map<ClientRequestId, ClientRequestId> later_rounds_;  // first id to present id
  std::map<std::string, ServerQuestion> asked_;              // by the text of the id
  // Requests that were taken back and not answered since: a legacy server may still ask about them.
  std::set<ClientRequestId> given_up_;
  ClientRequestId last_id_ = 0;
  ClientRequestId probe_id_ = 0, initialize_id_ = 0;
  ClientLoop::TimerId handshake_timer_ = 0, probe_timer_ = 0;
  bool started_over_ = false;
  std::size_t garbage_seen_ = 0, garbage_in_a_row_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // posted tasks ask whether we still are
};

}  // namespace carillon::transport
