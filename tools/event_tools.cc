#include "server/domain/run_trace.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/event_answers.h"
#include "tools/paging.h"
#include "tools/schemas.h"
#include "tools/tool.h"

// Events that others tell us.

namespace carillon::tools {
namespace {

ToolOutcome publish_event(CallContext& context, const json& arguments) {
  const PublishEvent command{.key = command_key(arguments),
                             .event = text_of(arguments, "event"),
                             .payload = arguments.value("payload", json::object()),
                             .event_key = optional_of<std::string>(arguments, "key"),
                             .told_by = run_of_trace(context.request.trace.traceparent)};
  const auto published = context.ports.engine.publish_event(context.caller, command);
  if (!published.ok()) return published.error();
  return answer(*published);
}

ToolOutcome list_events(CallContext& context, const json& arguments) {
  const Format format = format_of(arguments);
  const ListEvents query{.event = optional_of<std::string>(arguments, "event"),
                         .since = optional_of<std::string>(arguments, "since"),
                         .limit = arguments.value("limit", 10),
                         .payload_bytes = payload_bytes_shown(format),
                         .cursor = optional_of<std::string>(arguments, "cursor")};
  return page_that_fits(query, format,
                        [&](const ListEvents& q) { return context.ports.engine.list_events(context.caller, q); });
}

const Tool kEventTools[] = {
    {.name = "publish_event",
     .title = "Publish an event",
     .summary = "Tell an event. Every task scheduled \"on event ...\" whose pattern and where fit is started once.",
     .input_schema = schemas::publish_event,
     .hints = {.idempotent = true, .open_world = true},
     .scope = Scope::events,
     .toolset = Toolset::events,
     .example = R"({"event": "deploy.finished", "payload": {"env": "prod"}, "key": "d-81"})",
     .call = publish_event},
    {.name = "list_events",
     .title = "List events",
     .summary = "Recent events, the last first, with the tasks that each set off, and who waits for events.",
     .input_schema = schemas::list_events,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::events,
     .example = R"({"event": "deploy.*", "since": "today"})",
     .call = list_events},
};

}  // namespace

std::span<const Tool> event_tools() { return kEventTools; }

}  // namespace carillon::tools
