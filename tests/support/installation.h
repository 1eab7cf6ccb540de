// A whole installation below the tools, for their tests: the real engine on a real database, a clock that the test
// owns, and stand-ins for what is outside: downstream servers and the worker. A test settles runs itself.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/domain/run_id.h"
#include "server/engine/engine.h"
#include "server/store/store.h"
#include "tests/support/test_database.h"
#include "tools/downstream.h"
#include "tools/prompt_set.h"
#include "tools/resource_set.h"
#include "tools/resource_watch.h"
#include "tools/tool_set.h"
#include "transport/timer.h"
#include "transport/worker_pool.h"

namespace carillon::test {

inline constexpr auto kPatience = std::chrono::seconds{20};  // for a broken program only
inline const json kOutput{{"content", json::array()}, {"structured", {{"count", 3}}}, {"text", "three"}};

class StandInTools final : public ToolCaller {
 public:
  CallId start(ToolCall, std::function<void(ToolReply)> done) override {
    done({.failure = ErrorClass::unavailable, .message = "a stand-in calls nothing"});
    return 1;
  }
  void cancel(CallId, std::string_view) override {}
  Result<ToolFacts> describe(const TenantId&, std::string_view tool, Duration) override {
    if (tool != "stand_in.echo") {
      Error error{ErrorCode::unknown_tool, "no server offers " + std::string(tool), "/tool"};
      error.details["nearest"] = {"stand_in.echo"};
      return error;
    }
    return ToolFacts{.tool = "stand_in.echo",
                     .title = "Echo",
                     .description = "Says it again. Nothing else.",
                     .effect = Effect::read,
                     .timeout = std::chrono::seconds{5},
                     .input_schema = ordered_json::parse(
                         R"({"type":"object","required":["message"],"properties":{"message":{"type":"string"}}})"),
                     .output_schema = nullptr,
                     .sensitive = {}};
  }
};

class StandInDownstream final : public tools::Downstream {
 public:
  tools::DownstreamFound found{};
  tools::DownstreamQuery asked{};
  Result<tools::DownstreamFound> search_tools(const TenantId&, const tools::DownstreamQuery& query) override {
    asked = query;
    if (!query.server.empty() && query.server != "stand_in")
      return Error{ErrorCode::unknown_name, "no such server", "/server"};
    tools::DownstreamFound answer = found;
    if (answer.tools.size() > query.limit) answer.tools.resize(query.limit);
    return answer;
  }
  Result<ToolFacts> describe_tool(const TenantId& tenant, const std::string& tool, Duration wait) override {
    return StandInTools{}.describe(tenant, tool, wait);
  }
};

class NoWorker final : public WorkerSignal {
 public:
  void runs_ready(std::int16_t, Instant) override {}
  void run_told(RunId, std::int16_t) override {}
  void cancel_requested(RunId) override {}
  void run_taken_away(RunId) override {}
  void schedule_changed(std::int16_t) override {}
  void dispatch_changed(const TenantId&) override {}
  void question_answered(RunId) override {}
};

class NoChannel final : public transport::RequestChannel {
 public:
  void report(const transport::Progress&) override {}
  void log(transport::LogLevel, const json&) override {}
  void drop_stream(std::chrono::milliseconds) override {}
};

// Fri 2026-11-20 14:00 in Berlin.
inline const Instant kNow = *parse_rfc3339("2026-11-20T13:00:00Z");

struct Installation {
  TestDatabase database{};
  Store store{database.urls(), PoolOptions{}};
  FixedClock clock{kNow};
  StandInTools tool_caller{};
  NoWorker worker{};
  RunIdMaker ids{1};
  Engine engine{{store, clock, tool_caller, worker, ids}, {.zone = "Europe/Berlin"}};
  StandInDownstream downstream{};
  transport::WorkerPool pool{{.threads_max = 2}};
  transport::Timer timer{};
  tools::ToolSet tools{tools::Ports{engine, downstream, pool, timer}, {}};
  tools::ResourceWatch watch{engine, {.looked_at_max = 8, .unwatched_max = Duration{0}}};
  tools::ResourceSet resources{tools::Ports{engine, downstream, pool, timer}, watch};
  PromptTemplates prompt_templates{store, clock};
  tools::PromptSet prompts{tools::Ports{engine, downstream, pool, timer}, "", prompt_templates};
  tools::Completions completions{tools::Ports{engine, downstream, pool, timer}, prompt_templates};
  std::vector<std::string> scopes = Scopes::all().names();
  std::stop_source client{};

  transport::RequestContext context() const;
  // Starts a call; its answer comes through the future, at once or when it has waited.
  std::future<transport::ToolOutcome> start(const std::string& tool, json arguments);
  transport::Answer answer(const std::string& tool, json arguments);
  // The structured half of an answer that is no refusal; checks that the text says the same.
  json call(const std::string& tool, json arguments);
  // The refusal's JSON.
  json refused(const std::string& tool, json arguments);

  // What a worker does when it takes a queued run up, and when a run has ended: it leaves for run_history.
  void begin(const std::string& run);
  void settle(const std::string& run, const std::string& outcome, const json& output, const std::string& error_class);
};

// Every fact of the structured half stands in the text.
void check_same(const json& structured, const std::string& text);

}  // namespace carillon::test
