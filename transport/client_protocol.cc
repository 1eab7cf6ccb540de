#include "transport/client_protocol.h"

#include <algorithm>
#include <charconv>

#include "server/base/version.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kTaskIdBytesMax = 512;
constexpr std::int64_t kMillisecondsMax = 86'400'000;

json client_info() { return {{"name", "carillon"}, {"version", std::string{kVersion}}}; }

std::string text_member(const json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::string text_member(const ordered_json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::optional<bool> flag_member(const ordered_json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(name);
  return member != object.end() && member->is_boolean() ? std::optional{member->get<bool>()} : std::nullopt;
}

void take_description(const json& info, ServerFacts& facts) {
  facts.name = text_member(info, "name");
  facts.version = text_member(info, "version");
}

json object_member(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_object() ? *member : json::object();
}

// Empty: taken into the page. Otherwise why the entry is dropped.
std::string take_tool(const ordered_json& entry, HeaderMarks marks, ToolPage& page) {
  if (!entry.is_object()) return "an entry is no object";
  ListedTool tool;
  tool.name = text_member(entry, "name");
  if (tool.name.empty() || tool.name.size() > 256) return "a tool has no usable name";
  if (!entry.contains("inputSchema") || !entry["inputSchema"].is_object()) return tool.name + ": no input schema";
  tool.title = text_member(entry, "title");
  tool.description = text_member(entry, "description");
  tool.input_schema = entry["inputSchema"];
  if (entry.contains("outputSchema") && entry["outputSchema"].is_object()) tool.output_schema = entry["outputSchema"];
  if (const auto hints = entry.find("annotations"); hints != entry.end() && hints->is_object()) {
    if (tool.title.empty()) tool.title = text_member(*hints, "title");
    tool.read_only = flag_member(*hints, "readOnlyHint");
    tool.idempotent = flag_member(*hints, "idempotentHint");
    tool.destructive = flag_member(*hints, "destructiveHint");
    tool.open_world = flag_member(*hints, "openWorldHint");
  }
  if (const auto execution = entry.find("execution"); execution != entry.end() && execution->is_object())
    tool.needs_task = text_member(*execution, "taskSupport") == "required";
  if (marks == HeaderMarks::checked) {
    auto params = header_params(tool.input_schema);
    if (const auto* broken = std::get_if<std::string>(&params)) return tool.name + ": " + *broken;
    tool.header_params = std::get<std::vector<HeaderParam>>(std::move(params));
  }
  page.tools.push_back(std::move(tool));
  return "";
}

}  // namespace

std::vector<Header> param_headers(const std::vector<HeaderParam>& params, const json& arguments) {
  std::vector<Header> headers;
  for (const auto& param : params)
    if (const auto text = mirrored_text(argument_at(arguments, param)))
      headers.emplace_back("Mcp-Param-" + param.header, to_header_value(*text));
  return headers;
}

bool ServerFacts::announces_list_changes() const {
  const auto tools = capabilities.find("tools");
  return tools != capabilities.end() && tools->is_object() && tools->value("listChanged", json()) == true;
}

bool ServerFacts::makes_core_tasks() const {
  if (revision != Revision::v2025_11_25) return false;
  const json requests = object_member(object_member(capabilities, "tasks"), "requests");
  return object_member(requests, "tools").contains("call");
}

ResultKind kind_of(const json& result) {
  const auto kind = result.find("resultType");
  if (kind == result.end() || *kind == "complete") return ResultKind::complete;
  if (*kind == "task") return ResultKind::task;
  return *kind == "input_required" ? ResultKind::input_required : ResultKind::unknown;
}

std::optional<ServerTask> read_task(const json& description) {
  const json& flat =
      description.contains("task") && description["task"].is_object() ? description["task"] : description;
  ServerTask task;
  task.id = text_member(flat, "taskId");
  task.status = text_member(flat, "status");
  if (task.id.empty() || task.id.size() > kTaskIdBytesMax || task.status.empty()) return std::nullopt;
  task.message = text_member(flat, "statusMessage");
  for (const char* name : {"pollIntervalMs", "pollInterval"})
    if (const auto found = flat.find(name); found != flat.end() && found->is_number_integer())
      task.poll_interval =
          std::chrono::milliseconds{std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, kMillisecondsMax)};
  task.whole = flat;
  return task;
}

json initialize_params(const json& capabilities) {
  return {{"protocolVersion", std::string{name_of(kNewestLegacy)}},
          {"capabilities", capabilities},
          {"clientInfo", client_info()}};
}

void add_envelope(json& params, Revision revision, const json& capabilities) {
  if (!is_modern(revision)) return;
  json& meta = params["_meta"];
  if (!meta.is_object()) meta = json::object();
  meta.emplace(meta_key::kProtocolVersion, std::string{name_of(revision)});
  meta.emplace(meta_key::kClientCapabilities, capabilities);
  meta.emplace(meta_key::kClientInfo, client_info());
}

std::optional<ServerFacts> read_initialize_result(const json& result) {
  if (!result.is_object()) return std::nullopt;
  const auto revision = revision_named(text_member(result, "protocolVersion"));
  if (!revision || is_modern(*revision)) return std::nullopt;
  ServerFacts facts;
  facts.era = Era::legacy;
  facts.revision = *revision;
  facts.instructions = text_member(result, "instructions");
  facts.capabilities = object_member(result, "capabilities");
  take_description(object_member(result, "serverInfo"), facts);
  return facts;
}

std::optional<ServerFacts> read_discover_result(const json& result) {
  if (!result.is_object()) return std::nullopt;
  const auto versions = result.find("supportedVersions");
  if (versions == result.end() || !versions->is_array()) return std::nullopt;
  const json wanted = std::string{name_of(kNewestModern)};
  if (std::find(versions->begin(), versions->end(), wanted) == versions->end()) return std::nullopt;
  ServerFacts facts;
  facts.era = Era::modern;
  facts.revision = kNewestModern;
  facts.instructions = text_member(result, "instructions");
  facts.capabilities = object_member(result, "capabilities");
  take_description(object_member(object_member(result, "_meta"), meta_key::kServerInfo), facts);
  return facts;
}

std::optional<ToolPage> read_tool_page(const ordered_json& result, HeaderMarks marks) {
  if (!result.is_object() || !result.contains("tools") || !result["tools"].is_array()) return std::nullopt;
  ToolPage page;
  for (const auto& entry : result["tools"])
    if (auto reason = take_tool(entry, marks, page); !reason.empty()) page.dropped.push_back(std::move(reason));
  if (const auto cursor = result.find("nextCursor"); cursor != result.end() && cursor->is_string())
    page.next_cursor = cursor->get<std::string>();  // an empty one is not the end
  if (const auto ttl = result.find("ttlMs"); ttl != result.end() && ttl->is_number_integer())
    page.fresh_for = std::chrono::milliseconds{std::clamp<std::int64_t>(ttl->get<std::int64_t>(), 0, kMillisecondsMax)};
  return page;
}

bool proves_modern(const json& error, int http_status) {
  const auto code = error.find("code");
  if (code == error.end() || !code->is_number_integer()) return false;
  if (*code == rpc_code::kUnsupportedVersion) {
    const json supported = object_member(error, "data").value("supported", json::array());
    return std::find(supported.begin(), supported.end(), json(std::string{name_of(kNewestModern)})) != supported.end();
  }
  if (*code == rpc_code::kHeaderMismatch || *code == rpc_code::kMissingCapability) return true;
  return *code == rpc_code::kMethodNotFound && http_status == 404;
}

std::optional<std::int64_t> id_in_broken_answer(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  const auto key = line.find("\"id\"");
  if (key == std::string_view::npos || line.find("\"method\"") != std::string_view::npos) return std::nullopt;
  line.remove_prefix(key + 4);
  const auto digit = line.find_first_not_of(" \t:");
  if (digit == std::string_view::npos) return std::nullopt;
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(line.data() + digit, line.data() + line.size(), id);
  return problem == std::errc{} ? std::optional{id} : std::nullopt;
}

}  // namespace carillon::transport
