// The stand-in over stdio: one line a message, a thread a call.
#include <unistd.h>

#include <iostream>
#include <set>
#include <thread>

#include "tests/stand_in/stand_in.h"

namespace stand_in {
namespace {

class Stdio {
 public:
  explicit Stdio(StandIn& server) : server_(server) {
    server_.on_list_changed([this] { tell_list_changed(); });
  }

  void take(const std::string& line) {
    const json message = json::parse(line, nullptr, false);
    if (!message.is_object() || server_.options().mute) return;
    const std::string method = message.value("method", "");
    if (server_.options().die_on_probe && first_ && method != "initialize") ::_exit(3);
    first_ = false;
    if (method.empty()) return server_.asking().take(message);
    const json params = message.value("params", json::object());
    if (!message.contains("id")) return take_notification(method, params);
    if (StandIn::takes_time(method)) return start_call(method, message["id"], params);
    if (method == "subscriptions/listen") return subscribe(message["id"], params);
    send(response(message["id"], server_.answer(method, params)));
  }

 private:
  void send(const json& message) {
    if (server_.options().noise) write("[info] a line that some servers print\n");
    write(message.dump() + "\n");
  }
  void write(const std::string& bytes) {
    const std::lock_guard lock{out_};
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto put = ::write(STDOUT_FILENO, bytes.data() + done, bytes.size() - done);
      if (put <= 0) ::_exit(0);
      done += static_cast<std::size_t>(put);
    }
  }

  void start_call(const std::string& method, const json& id, const json& params) {
    std::thread{[this, method, id, params] {
      Call call;
      call.id = id;
      call.params = params;
      call.send = [this](const json& message) { send(message); };
      call.send_raw = [this](std::string bytes) { write(bytes); };
      call.cancelled = [this, key = id.dump()] {
        const std::lock_guard lock{state_};
        return cancelled_.count(key) > 0;
      };
      call.ask = [this, &call](const std::string& wish, const json& wishes) {
        return server_.asking().ask(call, wish, wishes);
      };
      try {
        server_.carry_out(method, call);
      } catch (const HttpRefusal&) {
        send(response(id, rpc_error(-32603, "this is not HTTP")));
      }
    }}.detach();
  }

  void take_notification(const std::string& method, const json& params) {
    if (method != "notifications/cancelled" || !params.contains("requestId")) return;
    const std::lock_guard lock{state_};
    cancelled_.insert(params["requestId"].dump());
  }

  void subscribe(const json& id, const json& params) {
    server_.journal().write("subscribed");
    send({{"jsonrpc", "2.0"},
          {"method", "notifications/subscriptions/acknowledged"},
          {"params",
           {{"notifications", params.value("notifications", json::object())},
            {"_meta", {{"io.modelcontextprotocol/subscriptionId", id}}}}}});
    const std::lock_guard lock{state_};
    subscriptions_.insert(id);
  }

  void tell_list_changed() {
    std::set<json> subscriptions;
    {
      const std::lock_guard lock{state_};
      subscriptions = subscriptions_;
    }
    json message{{"jsonrpc", "2.0"}, {"method", "notifications/tools/list_changed"}};
    if (server_.options().era == "legacy") return send(message);
    for (const json& id : subscriptions) {
      message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] = id;
      send(message);
    }
  }

  StandIn& server_;
  bool first_ = true;
  std::mutex out_, state_;
  std::set<std::string> cancelled_;
  std::set<json> subscriptions_;
};

}  // namespace

int serve_stdio(StandIn& server) {
  Stdio stdio{server};
  for (std::string line; std::getline(std::cin, line);) stdio.take(line);
  // Calls may still run on threads that use this frame; ending the process ends them.
  ::_exit(0);
}

}  // namespace stand_in
