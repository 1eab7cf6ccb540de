#include "catalog/builtin.h"

#include <algorithm>

#include "catalog/reply.h"
#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

ToolReply echo(const ToolCall& call, const std::stop_token&) {
  return text_reply(call.arguments.at("message").get<std::string>());
}

ToolReply notify_log(const ToolCall& call, const std::stop_token&) {
  log::info(
      "notification",
      {{"tool", "carillon.notify_log"}, {"tenant", call.tenant.str()}, {"message", call.arguments.at("message")}});
  return text_reply("logged");
}

constexpr const char* kMessage =
    R"({"type":"object","properties":{"message":{"type":"string","description":"the text","maxLength":100000}},"required":["message"],"additionalProperties":false})";

transport::ListedTool listed(const BuiltInTool& row) {
  transport::ListedTool tool;
  tool.name = row.name;
  tool.title = row.title;
  tool.description = row.description;
  tool.input_schema = row.input_schema;
  tool.read_only = row.effect == Effect::read;
  tool.idempotent = row.effect != Effect::destructive;
  return tool;
}

}  // namespace

ToolReply text_reply(const std::string& text) {
  ToolReply reply;
  reply.content = json::array({{{"type", "text"}, {"text", mask_secrets(text)}}});
  reply.arrived = Arrived::maybe;
  return reply;
}

std::vector<BuiltInTool> plain_tools() {
  std::vector<BuiltInTool> tools;
  tools.push_back({.name = "echo",
                   .title = "Echo",
                   .description = "Answers with the message. For trying schedules out.",
                   .input_schema = ordered_json::parse(kMessage),
                   .effect = Effect::read,
                   .run = echo});
  tools.push_back({.name = "notify_log",
                   .title = "Write to the log",
                   .description = "Writes the message to Carillon's own log.",
                   .input_schema = ordered_json::parse(kMessage),
                   .effect = Effect::idempotent,
                   .run = notify_log});
  return tools;
}

BuiltInServer::BuiltInServer(std::string name, std::vector<BuiltInTool> tools, std::optional<Duration> timeout)
    : name_(std::move(name)), tools_(std::move(tools)), timeout_(timeout) {
  ServerEntry entry;
  entry.name = name_;
  entry.timeout = timeout;
  std::vector<transport::ListedTool> all, offered;
  for (const BuiltInTool& row : tools_) {
    all.push_back(listed(row));
    if (!row.off) offered.push_back(listed(row));
  }
  list_ = std::make_shared<ToolList>(entry, std::move(all));
  offered_ = std::make_shared<ToolList>(entry, std::move(offered));
}

const BuiltInTool* BuiltInServer::find(std::string_view tool) const {
  const auto found = std::find_if(tools_.begin(), tools_.end(), [&](const auto& each) { return each.name == tool; });
  return found == tools_.end() ? nullptr : &*found;
}

Result<ToolFacts> BuiltInServer::describe(const std::string& tool) const {
  const BuiltInTool* row = find(tool);
  const std::string address = name_ + "." + tool;
  if (row == nullptr) {
    auto close = list_->nearest_to(tool);
    for (auto& each : close) each.insert(0, name_ + ".");
    Error error{ErrorCode::unknown_tool, "there is no tool \"" + address + "\"" + did_you_mean(close)};
    error.received = address;
    error.details["nearest"] = close;
    return error;
  }
  if (row->off) return *row->off;
  ToolFacts facts = list_->find(tool)->facts();
  facts.fills_in_template = row->fills_in_template;
  facts.check = row->check;
  return facts;
}

std::optional<ToolReply> BuiltInServer::refuse(const ToolCall& call, const std::string& tool) const {
  const BuiltInTool* row = find(tool);
  if (row == nullptr)
    return failed_reply(ErrorClass::not_found,
                        "there is no built-in tool \"" + tool + "\"" + did_you_mean(list_->nearest_to(tool)),
                        Arrived::no);
  if (row->off) return refused_reply(*row->off);
  if (const auto wrong = list_->find(tool)->refuse_arguments(call.arguments))
    return failed_reply(ErrorClass::invalid_arguments, wrong->message + " (at " + wrong->pointer + ")", Arrived::no);
  return std::nullopt;
}

}  // namespace carillon::catalog
