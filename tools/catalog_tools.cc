#include "server/domain/question.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/catalog_answers.h"
#include "tools/dispatch.h"
#include "tools/downstream.h"
#include "tools/render.h"
#include "tools/run_answers.h"
#include "tools/schemas.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

constexpr std::chrono::seconds kCallWaitDefault{30};
constexpr std::size_t kTroubleBytes = 400;         // of each server's words, in a list of all
constexpr std::size_t kTroubleOfOneBytes = 4'000;  // when one server was asked about

// The end of what a server wrote, in whole lines where that is possible.
std::string tail_of(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const std::size_t from = text.size() - bytes_max;
  const std::size_t line = text.find('\n', from);
  const std::string tail = text.substr(line == std::string::npos ? from : line + 1);
  return "…" + extract(tail, bytes_max).text;
}

ordered_json server_row(const DownstreamServer& server, std::size_t stderr_max) {
  ordered_json row{{"server", server.name}, {"state", server.state}};
  if (server.tools) row["tools"] = *server.tools;
  if (server.latency) row["latency"] = say_duration(*server.latency);
  add(row, "sign_in", server.sign_in);
  add(row, "detail", extract(server.detail, kTroubleBytes).text);
  add(row, "stderr", tail_of(server.stderr_tail, stderr_max));
  return row;
}

// A schema is read as JSON, not as a list of facts.
std::string tool_line(ordered_json row) {
  std::string schemas;
  for (const char* name : {"input_schema", "output_schema"}) {
    if (!row.contains(name)) continue;
    schemas += "\n  " + std::string(name) + " " + row[name].dump();
    row.erase(name);
  }
  return render_row(row, {"tool", "effect", "summary", "description"}) + schemas;
}

// As many tools as fit the answer; schemas can be long. Who looks for tools is told only of servers in trouble.
Answer found_answer(const DownstreamFound& found, const DownstreamQuery& query) {
  const std::size_t chars_max = query.detail == DownstreamDetail::schema ? 4 * kConciseCharsMax : kConciseCharsMax / 2;
  const std::size_t stderr_max = query.server.empty() ? kTroubleBytes : kTroubleOfOneBytes;
  ordered_json facts;
  std::string text;
  for (const auto& server : found.servers) {
    if (!query.query.empty() && server.detail.empty()) continue;
    facts["servers"].push_back(server_row(server, stderr_max));
    text += "server " + render_row(facts["servers"].back(), {"server", "state", "detail"}) + "\n";
  }
  std::size_t shown = 0;
  for (const auto& tool : found.tools) {
    const ordered_json row = tool_row(tool, query.detail);
    const std::string line = tool_line(row);
    if (shown > 0 && text.size() + line.size() > chars_max) break;
    facts["tools"].push_back(row);
    text += line + "\n";
    ++shown;
  }
  facts["total"] = found.total;
  text += std::to_string(shown) + " of " + std::to_string(found.total) + " tools";
  if (shown < found.total) text += "; find tools with query or server, more of them with limit";
  return {.structured = json(facts), .text = text};
}

ToolOutcome search_tools(CallContext& context, const json& arguments) {
  const std::string word = text_of(arguments, "detail");
  DownstreamQuery query{.query = text_of(arguments, "query"),
                        .server = text_of(arguments, "server"),
                        .detail = word == "name"     ? DownstreamDetail::name
                                  : word == "schema" ? DownstreamDetail::schema
                                                     : DownstreamDetail::summary,
                        .limit = arguments.value("limit", std::size_t{10})};
  if (query.query.empty() && query.server.empty()) query.limit = 0;
  const auto found = context.ports.downstream.search_tools(context.caller.tenant, query);
  if (!found.ok()) return found.error();
  return found_answer(*found, query);
}

ToolOutcome call_tool(CallContext& context, const json& arguments) {
  const CallTool command{.key = command_key(arguments),
                         .tool = text_of(arguments, "tool"),
                         .arguments = arguments.at("arguments"),
                         .can_answer = askable_part(context.request.client_capabilities)};
  Engine& engine = context.ports.engine;
  if (flag_of(arguments, "dry_run")) {
    const auto checked = engine.check_tool(context.caller, command);
    if (!checked.ok()) return checked.error();
    return tell({{"tool", checked->tool}, {"effect", checked->effect}, {"accepted", true}});
  }
  const auto started = engine.call_tool(context.caller, command);
  if (!started.ok()) return started.error();
  const Duration wait = wait_of(context, arguments, kCallWaitDefault);
  if (wait.count() == 0) return answer(*started);
  return Parked{.run = RunId{started->run_id}, .wait = wait};
}

const Tool kCatalogTools[] = {
    {.name = "search_tools",
     .title = "Search downstream tools",
     .summary =
         "Find tools of downstream servers by words; without query and server, list the servers with health and tool "
         "count.",
     .input_schema = schemas::search_tools,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::catalog,
     .example = R"({"query": "list issues", "detail": "schema"})",
     .call = search_tools},
    {.name = "call_tool",
     .title = "Call a downstream tool",
     .summary = "Call one downstream tool once, recorded as a run, and return its output; or only check the arguments.",
     .input_schema = schemas::call_tool,
     .output_schema = output_schemas::call_tool.text,
     .hints = {.destroys = true, .open_world = true},
     .scope = Scope::tools,
     .toolset = Toolset::catalog,
     .example = R"({"tool": "carillon.echo", "arguments": {"message": "hi"}})",
     .call = call_tool,
     .resume = run_answer},
};

}  // namespace

std::span<const Tool> catalog_tools() { return kCatalogTools; }

}  // namespace carillon::tools
