// The services that the official MCP conformance suite expects of a server under test, made from the public headers of
// transport alone. What each fixture must do is the suite's word; nothing here is part of the product.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "transport/resource_service.h"
#include "transport/server.h"
#include "transport/task_store.h"
#include "transport/timer.h"
#include "transport/tool_service.h"

namespace carillon::conformance {

using transport::Answer;
using transport::InputRequest;
using transport::NeedInput;
using transport::RequestContext;
using transport::ToolDone;

// A 1×1 PNG and a WAV of no samples, in base64.
inline constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
inline constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

inline const ordered_json kNoArguments = ordered_json::parse(R"({"type":"object","additionalProperties":false})");
inline const json kYesNo{{"type", "boolean"}};

Answer text_answer(const std::string& text);
InputRequest elicitation(const std::string& message, const json& properties);

class FixtureTasks;

// What a fixture tool may use.
struct Stage {
  transport::Timer& timer;
  FixtureTasks& tasks;
  transport::McpServer* server = nullptr;  // set once it exists
};

struct FixtureCall {
  Stage& stage;
  RequestContext context;
  json arguments;
  ToolDone done;
};
struct FixtureTool {
  std::string name;
  std::string description;
  ordered_json input_schema;
  std::function<void(FixtureCall)> call;
  std::string task_support{};  // of 2025-11-25: optional or required; empty: forbidden
};

std::vector<FixtureTool> content_tools();
std::vector<FixtureTool> input_tools();
std::vector<FixtureTool> task_tools();

class FixtureTools final : public transport::ToolService {
 public:
  explicit FixtureTools(Stage& stage);
  std::shared_ptr<const transport::ToolList> list_tools(const RequestContext& context) override;
  void call_tool(const RequestContext& context, const std::string& name, json arguments, ToolDone done) override;

 private:
  Stage& stage_;
  std::map<std::string, FixtureTool> tools_;
  std::shared_ptr<const transport::ToolList> list_;
};

class FixtureContent final : public transport::ResourceService,
                             public transport::PromptService,
                             public transport::CompletionService {
 public:
  void list_resources(const RequestContext& context, const transport::Cursor& cursor,
                      transport::PageDone done) override;
  void list_templates(const RequestContext& context, const transport::Cursor& cursor,
                      transport::PageDone done) override;
  void read_resource(const RequestContext& context, const std::string& uri, transport::ReadDone done) override;
  bool may_watch(const RequestContext& context, const std::string& uri) override;
  void list_prompts(const RequestContext& context, const transport::Cursor& cursor, transport::PageDone done) override;
  void get_prompt(const RequestContext& context, const std::string& name,
                  const std::map<std::string, std::string>& arguments, transport::PromptDone done) override;
  void complete(const RequestContext& context, const transport::CompletionRequest& request,
                transport::CompletionDone done) override;
};

// Tasks in memory.
class FixtureTasks final : public transport::TaskStore {
 public:
  using Answered = std::function<void(transport::TaskView&, const json& responses)>;

  std::string start(transport::TaskView task, Answered answered = nullptr);
  // Changes a task unless it has ended.
  void change(const std::string& id, const std::function<void(transport::TaskView&)>& change);

  // How many still listen.
  std::size_t followers_of(const std::string& id);

  void get_task(const RequestContext& context, const std::string& id, transport::TaskDone done) override;
  void list_tasks(const RequestContext& context, const transport::Cursor& cursor,
                  transport::TaskPageDone done) override;
  void answer_task(const RequestContext& context, const std::string& id, const json& responses,
                   transport::TaskDone done) override;
  void cancel_task(const RequestContext& context, const std::string& id, transport::TaskDone done) override;
  void follow_task(const RequestContext& context, const std::string& id, transport::TaskDone changed) override;

 private:
  struct Follower {
    std::stop_token gone;
    transport::TaskDone changed;
  };
  struct Kept {
    transport::TaskView view;
    Answered answered;
    std::vector<Follower> followers{};
  };
  Guarded<std::map<std::string, Kept>> tasks_;
};

}  // namespace carillon::conformance
