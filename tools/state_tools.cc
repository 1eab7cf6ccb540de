#include "server/base/json_text.h"
#include "server/domain/duration_text.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/paging.h"
#include "tools/schemas.h"
#include "tools/state_answers.h"
#include "tools/tool.h"

// The shared state: values that agents and pipelines leave for one another, and leases by which they take turns.

namespace carillon::tools {
namespace {

constexpr int kEarlierDefault = 10;

StateKey entry_of(const json& arguments) {
  return {arguments.value("namespace", std::string{kDefaultNamespace}), text_of(arguments, "key")};
}

struct ReadValue {
  json value;
  std::string warning{};
};

bool exceeds(const JsonShape& shape, const JsonLimits& limits) {
  return shape.depth > limits.depth_max || shape.values > limits.values_max;
}

// JSON where it is JSON, else the text itself. Errors: arguments_invalid at /value for JSON beyond the limits.
Result<ReadValue> read_value(const std::string& text) {
  constexpr JsonLimits kLimits{.depth_max = kStateValueDepthMax};
  auto value = read_json(text, "the value", kLimits);
  if (value.ok()) return ReadValue{std::move(*value)};
  if (exceeds(shape_of(text), kLimits)) {
    Error error = value.error();
    error.pointer = "/value";
    return error;
  }
  ReadValue read{text};
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && std::string_view{"{[\""}.find(text[first]) != std::string_view::npos)
    read.warning = "the value is not JSON (" + value.error().message + "), so it was kept as a text";
  return read;
}

Result<std::optional<Duration>> ttl_of(const json& arguments) {
  const auto text = optional_of<std::string>(arguments, "ttl");
  if (!text) return std::optional<Duration>{};
  const auto ttl = read_duration(*text, "/ttl");
  if (!ttl.ok()) return ttl.error();
  return std::optional{*ttl};
}

ToolOutcome set_state(CallContext& context, const json& arguments) {
  SetState command{.key = command_key(arguments), .entry = entry_of(arguments)};
  command.change = {.op = *state_op_named(text_of(arguments, "op")),
                    .if_version = optional_of<std::int64_t>(arguments, "if_version")};
  const auto ttl = ttl_of(arguments);
  if (!ttl.ok()) return ttl.error();
  command.change.ttl = *ttl;
  std::string warning;
  if (const auto text = optional_of<std::string>(arguments, "value")) {
    auto read = read_value(*text);
    if (!read.ok()) return read.error();
    command.change.value = std::move(read->value);
    warning = std::move(read->warning);
  }
  auto changed = context.ports.engine.set_state(context.caller, command);
  if (!changed.ok()) return changed.error();
  if (!warning.empty()) changed->warnings.push_back(std::move(warning));
  return answer(*changed);
}

// A value that came as JSON instead of its text.
Result<Translated> accept_json_value(json arguments) {
  Translated translated{std::move(arguments)};
  if (!translated.arguments.is_object()) return translated;
  const auto value = translated.arguments.find("value");
  if (value == translated.arguments.end() || value->is_string() || value->is_null()) return translated;
  *value = value->dump(-1, ' ', false, json::error_handler_t::replace);
  translated.notes.emplace_back("/value was taken as JSON: send it as a text that holds the JSON");
  return translated;
}

ToolOutcome get_key(CallContext& context, const json& arguments) {
  if (arguments.contains("prefix"))
    return Error{ErrorCode::arguments_invalid, "give a key to see it, or a prefix to list keys, not both", "/prefix",
                 arguments["prefix"]};
  const Format format = format_of(arguments);
  const GetState query{.entry = entry_of(arguments),
                       .limit = arguments.value("limit", arguments.contains("cursor") ? kEarlierDefault : 0),
                       .cursor = optional_of<std::string>(arguments, "cursor"),
                       .value_bytes = value_bytes_shown(format),
                       .earlier_bytes = listed_bytes_shown(format)};
  return page_that_fits(query, format,
                        [&](const GetState& q) { return context.ports.engine.get_state(context.caller, q); });
}

ToolOutcome get_state(CallContext& context, const json& arguments) {
  if (arguments.contains("key")) return get_key(context, arguments);
  const Format format = format_of(arguments);
  const ListState query{.space = entry_of(arguments).space,
                        .prefix = text_of(arguments, "prefix"),
                        .limit = arguments.value("limit", 10),
                        .cursor = optional_of<std::string>(arguments, "cursor"),
                        .value_bytes = listed_bytes_shown(format)};
  return page_that_fits(query, format,
                        [&](const ListState& q) { return context.ports.engine.list_state(context.caller, q); });
}

const Tool kStateTools[] = {
    {.name = "get_state",
     .title = "Read shared state",
     .summary =
         "The value under a key, its version, and who holds it until when; or the keys that begin with a prefix.",
     .input_schema = schemas::get_state,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::state,
     .example = R"({"key": "repo/a/build"})",
     .call = get_state},
    {.name = "set_state",
     .title = "Change shared state",
     .summary =
         "Keep a value for other agents and runs, count, append to a list, or take turns by a lease on a key. Only "
         "who names its fencing number changes a held key. Earlier values stay 30 days.",
     .input_schema = schemas::set_state,
     .output_schema = output_schemas::set_state.text,
     .hints = {},
     .scope = Scope::state,
     .toolset = Toolset::state,
     .example = R"({"key": "repo/a/build", "op": "acquire", "ttl": "30m"})",
     .call = set_state,
     .translate = accept_json_value},
};

}  // namespace

std::span<const Tool> state_tools() { return kStateTools; }

}  // namespace carillon::tools
