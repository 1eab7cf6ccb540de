// A small server for the tests of transport: tools that echo, fail, ask, park and throw; a sink that remembers.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "transport/executor.h"
#include "transport/protocol.h"
#include "transport/resource_service.h"
#include "transport/server.h"
#include "transport/tool_service.h"

namespace carillon::transport::fixture {

inline constexpr auto kPatience = std::chrono::seconds{20};  // for a broken program only

class InlineExecutor final : public Executor {
 public:
  bool run(std::function<void()> work) override {
    work();
    return true;
  }
};

// Calls that wait until a test answers them, and what happened to them.
class Parking {
 public:
  void park(const RequestContext& context, ToolDone done) {
    // The callback may run at once, in this thread, when the client has gone already.
    auto watch = std::make_unique<std::stop_callback<std::function<void()>>>(context.cancelled, [this] {
      const std::lock_guard lock{mutex_};
      ++cancelled_;
      changed_.notify_all();
    });
    const std::lock_guard lock{mutex_};
    parked_.push_back({std::move(done), std::move(watch)});
    ++arrived_;
    changed_.notify_all();
  }
  bool wait_parked(std::size_t count) {
    return wait([&] { return arrived_ >= count; });
  }
  bool wait_cancelled(std::size_t count) {
    return wait([&] { return cancelled_ >= count; });
  }
  void answer_all(const Answer& answer) {
    std::vector<Parked> all;
    {
      const std::lock_guard lock{mutex_};
      all.swap(parked_);
    }
    for (auto& each : all) each.done(answer);
  }

 private:
  struct Parked {
    ToolDone done;
    std::unique_ptr<std::stop_callback<std::function<void()>>> watch;
  };
  bool wait(const std::function<bool()>& holds) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, kPatience, holds);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Parked> parked_;
  std::size_t arrived_ = 0;
  std::size_t cancelled_ = 0;
};

class Tools final : public ToolService {
 public:
  Tools() { set_names({"echo", "fail", "ask", "park", "boom", "steps", "log", "region"}); }

  void set_names(const std::vector<std::string>& names) {
    auto list = std::make_shared<ToolList>();
    for (const auto& name : names) {
      ordered_json entry{{"name", name}, {"title", "T"}, {"description", "d"}, {"inputSchema", {{"type", "object"}}}};
      if (name == "region")
        entry["inputSchema"]["properties"]["region"] = {{"type", "string"}, {"x-mcp-header", "Region"}};
      list->tools.push_back(std::move(entry));
    }
    list_ = std::move(list);
  }

  std::shared_ptr<const ToolList> list_tools(const RequestContext&) override { return list_; }

  void call_tool(const RequestContext& context, const std::string& name, json arguments, ToolDone done) override {
    {
      const std::lock_guard lock{context_mutex_};  // calls come on several threads
      last_context = context;
    }
    if (name == "echo" || name == "region") return done(Answer{json::array({text_block(arguments.dump())}), arguments});
    if (name == "fail") return done(Answer{json::array({text_block("no")}), std::nullopt, true});
    if (name == "ask") return ask(context, arguments.value("how", "form"), done);
    if (name == "park") return parking.park(context, std::move(done));
    if (name == "boom") throw std::runtime_error{"a defect"};
    if (name == "steps") {
      for (const double step : {1.0, 1.0, 2.0}) context.channel->report({step, 2.0, "on it"});
      return done(Answer{json::array({text_block("stepped")})});
    }
    if (name == "log") {
      context.channel->log(LogLevel::debug, "quiet");
      context.channel->log(LogLevel::error, "loud");
      return done(Answer{json::array({text_block("logged")})});
    }
    done(invalid_params("there is no tool " + name));
  }

  Parking parking;
  RequestContext last_context;
  std::mutex context_mutex_;

 private:
  // By a form, a page to visit, or a model that has tools.
  static InputRequest question(const std::string& how, json form) {
    if (how == "url")
      return {"elicitation/create", {{"mode", "url"}, {"message", "Sign in"}, {"url", "https://example.com/in"}}};
    if (how == "model")
      return {"sampling/createMessage", {{"messages", json::array()}, {"maxTokens", 1}, {"tools", json::array()}}};
    return {"elicitation/create", std::move(form)};
  }

  static void ask(const RequestContext& context, const std::string& how, const ToolDone& done) {
    const json answer = context.input.responses.value("name", json());
    const json form{{"message", "Who?"},
                    {"mode", "form"},
                    {"requestedSchema", {{"type", "object"}, {"properties", {{"name", {{"type", "string"}}}}}}}};
    if (!answer.is_object()) return done(NeedInput{{{"name", question(how, form)}}, {{"asked", 1}}});
    const std::string name = answer.value("content", json::object()).value("name", "nobody");
    done(Answer{
        json::array({text_block("Hello, " + name + ", asked " + context.input.state.value("asked", json(0)).dump())})});
  }

  std::shared_ptr<const ToolList> list_;
};

class Resources final : public ResourceService {
 public:
  void list_resources(const RequestContext&, const Cursor&, PageDone done) override {
    done(Page{{{{"uri", "test://a"}, {"name", "A"}}}, std::nullopt, fresh_for});
  }
  void list_templates(const RequestContext&, const Cursor&, PageDone done) override { done(Page{}); }
  void read_resource(const RequestContext&, const std::string& uri, ReadDone done) override {
    if (uri != "test://a") return done(Contents{});
    done(Contents{{{{"uri", uri}, {"text", "A"}}}, fresh_for});
  }
  bool may_watch(const RequestContext&, const std::string& uri) override { return uri == "test://a"; }

  Freshness fresh_for{};
};

// Remembers what a request was answered with.
class Collected final : public MessageSink {
 public:
  void send(std::string text) override { add(std::move(text), 0); }
  void reply(int status, std::string text) override { add(std::move(text), status); }
  void abandon() override { add("", -1); }

  std::vector<std::string> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(texts_, {});
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, kPatience, [&] { return texts_.size() >= count; });
    return std::exchange(texts_, {});
  }
  int status() const { return status_; }

 private:
  void add(std::string text, int status) {
    const std::lock_guard lock{mutex_};
    if (status >= 0) texts_.push_back(std::move(text));
    if (status != 0) status_ = status;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
  std::atomic<int> status_{0};  // -1: abandoned
};

struct Server {
  explicit Server(ServerOptions options = default_options())
      : mcp(std::move(options), {&tools, &resources}, clock, executor) {}
  static ServerOptions default_options() {
    ServerOptions options;
    options.server_info = {{"name", "fixture"}, {"version", "1"}};
    options.instructions = "Call echo.";
    return options;
  }

  Tools tools;
  Resources resources;
  SystemClock clock;
  InlineExecutor executor;
  McpServer mcp;
};

inline json modern_meta() {
  return {{meta_key::kProtocolVersion, "2026-07-28"},
          {meta_key::kClientCapabilities, {{"elicitation", json::object()}}},
          {meta_key::kClientInfo, {{"name", "test"}, {"version", "1"}}}};
}

inline json modern_request(const json& id, const std::string& method, json params = json::object()) {
  params["_meta"] = modern_meta();
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

inline json modern_call(const json& id, const std::string& tool, const json& arguments = json::object()) {
  return modern_request(id, "tools/call", {{"name", tool}, {"arguments", arguments}});
}

}  // namespace carillon::transport::fixture
