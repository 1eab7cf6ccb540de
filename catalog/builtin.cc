#include "catalog/builtin.h"

#include <algorithm>
#include <array>

#include "catalog/reply.h"
#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"
#include "transport/allowed_hosts.h"
#include "transport/client_fetch.h"

namespace carillon::catalog {
namespace {

constexpr Duration kFetchTimeoutMax = std::chrono::seconds{60};

struct Context {
  const CatalogOptions& options;
  const ToolCall& call;
};

enum class Runs { at_once, on_a_thread };

struct Row {
  const char* name;
  const char* title;
  const char* description;
  const char* input_schema;
  Effect effect;
  Runs runs;
  ToolReply (*run)(const Context&);
};

ToolReply text_reply(const std::string& text) {
  ToolReply reply;
  reply.content = json::array({{{"type", "text"}, {"text", mask_secrets(text)}}});
  reply.arrived = Arrived::maybe;
  return reply;
}

ToolReply echo(const Context& context) { return text_reply(context.call.arguments.at("message").get<std::string>()); }

ToolReply notify_log(const Context& context) {
  log::info("notification", {{"tool", "carillon.notify_log"},
                             {"tenant", context.call.tenant.str()},
                             {"message", context.call.arguments.at("message")}});
  return text_reply("logged");
}

ErrorClass class_of(ErrorCode code) {
  if (code == ErrorCode::arguments_invalid) return ErrorClass::invalid_arguments;
  return code == ErrorCode::not_allowed ? ErrorClass::tool_error : ErrorClass::unavailable;
}

ToolReply http_get(const Context& context) {
  const auto url = context.call.arguments.at("url").get<std::string>();
  const auto address = transport::allowed_address(url, context.options.http_get_hosts);
  if (!address)
    return failed_reply(ErrorClass::tool_error,
                        context.options.http_get_hosts.empty()
                            ? "carillon.http_get is off: allow hosts in the configuration (catalog.http_get_hosts)"
                            : "carillon.http_get may not reach this address (catalog.http_get_hosts)",
                        Arrived::no);
  transport::FetchOptions options;
  options.reach = transport::may_be_private(*address, context.options.http_get_hosts) ? transport::Reach::anywhere
                                                                                      : transport::Reach::public_only;
  options.timeout = std::clamp(context.call.timeout, Duration{std::chrono::milliseconds{1}}, kFetchTimeoutMax);
  options.body_bytes_max = context.options.http_get_bytes_max;
  const auto fetched = transport::fetch(url, options);
  if (!fetched.ok()) return failed_reply(class_of(fetched.error().code), fetched.error().message, Arrived::maybe);
  // What is not UTF-8 cannot travel in JSON: say so instead of mangling it.
  const bool is_text =
      json::parse(json(fetched->body).dump(-1, ' ', false, json::error_handler_t::replace)) == fetched->body;
  ToolReply reply =
      text_reply(is_text ? fetched->body : "(" + std::to_string(fetched->body.size()) + " bytes that are no text)");
  reply.structured = {{"status", fetched->status}, {"content_type", fetched->content_type}, {"cut", fetched->cut}};
  if (!fetched->location.empty()) reply.structured["location"] = mask_secrets(fetched->location);
  if (fetched->status < 400) return reply;
  reply.failure = fetched->status == 429   ? ErrorClass::rate_limited
                  : fetched->status >= 500 ? ErrorClass::unavailable
                                           : ErrorClass::tool_error;
  reply.message = "HTTP status " + std::to_string(fetched->status);
  return reply;
}

constexpr const char* kMessage =
    R"({"type":"object","properties":{"message":{"type":"string","description":"the text","maxLength":100000}},"required":["message"],"additionalProperties":false})";
constexpr const char* kUrl =
    R"({"type":"object","properties":{"url":{"type":"string","description":"an http or https address on an allowed host","maxLength":8000}},"required":["url"],"additionalProperties":false})";

constexpr std::array<Row, 3> kRows{{
    {"echo", "Echo", "Answers with the message. For trying schedules out.", kMessage, Effect::read, Runs::at_once,
     echo},
    {"notify_log", "Write to the log", "Writes the message to Carillon's own log.", kMessage, Effect::idempotent,
     Runs::at_once, notify_log},
    {kHttpGet, "Fetch an address", "Gets a text over HTTP from a host that the configuration allows.", kUrl,
     Effect::read, Runs::on_a_thread, http_get},
}};

transport::ListedTool listed(const Row& row) {
  transport::ListedTool tool;
  tool.name = row.name;
  tool.title = row.title;
  tool.description = row.description;
  tool.input_schema = ordered_json::parse(row.input_schema);
  tool.read_only = row.effect == Effect::read;
  tool.idempotent = row.effect != Effect::destructive;
  return tool;
}

}  // namespace

BuiltInServer::BuiltInServer(CatalogOptions options, std::shared_ptr<transport::BlockingPool> pool)
    : options_(std::move(options)), pool_(std::move(pool)) {
  ServerEntry entry;
  entry.name = kBuiltInServer;
  std::vector<transport::ListedTool> tools;
  tools.reserve(std::size(kRows));
  for (const Row& row : kRows) tools.push_back(listed(row));
  list_ = std::make_shared<ToolList>(entry, std::move(tools));
}

void BuiltInServer::run(const ToolCall& call, const std::string& tool,
                        const std::function<void(ToolReply)>& done) const {
  const auto started = std::chrono::steady_clock::now();
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.name == tool; });
  if (row == kRows.end())
    return done(failed_reply(ErrorClass::not_found,
                             "there is no built-in tool \"" + tool + "\"" + did_you_mean(list_->nearest_to(tool)),
                             Arrived::no));
  if (const auto wrong = list_->find(tool)->refuse_arguments(call.arguments))
    return done(
        failed_reply(ErrorClass::invalid_arguments, wrong->message + " (at " + wrong->pointer + ")", Arrived::no));
  const auto work = [row, options = options_, call, started, done] {
    ToolReply reply = row->run({options, call});
    reply.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started);
    done(std::move(reply));
  };
  if (row->runs == Runs::at_once) return work();
  if (!pool_->run(work)) done(failed_reply(ErrorClass::unavailable, "too many fetches are waiting", Arrived::no));
}

}  // namespace carillon::catalog
