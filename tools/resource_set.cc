#include "tools/resource_set.h"

#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/engine/engine.h"
#include "tools/caller_of.h"
#include "tools/help.h"
#include "tools/resource_watch.h"
#include "tools/service_guard.h"
#include "transport/protocol.h"

namespace carillon::tools {
namespace {

constexpr int kTasksOnPage = 100;
constexpr int kRunsListed = 25;
constexpr std::chrono::milliseconds kStaleAtOnce{0};

bool is_template(const Resource& row) { return !row.variables.empty(); }
bool may_read(const Caller& caller) { return caller.scopes.has(Scope::read); }

ordered_json entry_of(const Resource& row, const char* uri_member) {
  return {{uri_member, row.pattern},
          {"name", row.name},
          {"title", row.title},
          {"description", row.summary},
          {"mimeType", row.mime_type}};
}

ordered_json entry(std::string uri, const std::string& name, const std::string& about) {
  return {{"uri", std::move(uri)}, {"name", name}, {"description", about}, {"mimeType", kJson}};
}

void add_standing(std::vector<ordered_json>& entries) {
  for (const auto& row : all_resources())
    if (!is_template(row)) entries.push_back(entry_of(row, "uri"));
  for (const auto& guide : guides())
    entries.push_back({{"uri", "docs://" + encode_segment(guide.name)},
                       {"name", guide.name},
                       {"title", guide.title},
                       {"mimeType", kMarkdown}});
}

Status add_newest_runs(std::vector<ordered_json>& entries, const Caller& caller, Engine& engine) {
  const auto runs = engine.list_runs(caller, {.limit = kRunsListed});
  if (!runs.ok()) return runs.error();
  for (const auto& run : runs->runs)
    entries.push_back(entry(run_uri(run.run), run.run, std::string(name_of(run.state))));
  return Done{};
}

Result<transport::Page> list_page(const Caller& caller, Engine& engine, const transport::Cursor& cursor) {
  transport::Page page{.entries = {}, .next_cursor = std::nullopt, .fresh_for = kStaleAtOnce};
  if (!cursor || cursor->empty()) add_standing(page.entries);
  const auto tasks = engine.list_tasks(caller, {.limit = kTasksOnPage, .cursor = cursor});
  if (!tasks.ok()) return tasks.error();
  for (const auto& task : tasks->tasks)
    page.entries.push_back(entry(task_uri(task.task), task.task, std::string(name_of(task.state)) + ", " + task.reads));
  page.next_cursor = tasks->next_cursor;
  if (!page.next_cursor)
    if (const auto added = add_newest_runs(page.entries, caller, engine); !added.ok()) return added.error();
  for (auto& each : page.entries)
    each = ordered_json::parse(mask_secrets(each.dump(-1, ' ', false, json::error_handler_t::replace)));
  return page;
}

bool is_missing(ErrorCode code) {
  return code == ErrorCode::unknown_name || code == ErrorCode::unknown_tool || code == ErrorCode::ambiguous_name;
}

transport::Contents contents_of(const Reading& reading, const std::string& uri) {
  transport::Contents contents{.blocks = {}, .fresh_for = reading.fresh_for};
  for (const auto& block : reading.blocks)
    contents.blocks.push_back({{"uri", uri}, {"mimeType", block.mime_type}, {"text", mask_secrets(block.text)}});
  return contents;
}

void count_reading(std::string_view resource, std::string_view outcome) {
  metrics::count("carillon_resource_reads_total", {{"resource", resource}, {"outcome", outcome}});
}

// Not found as the client's era says it. The URI stands alone in the data then: by that clients tell it from other bad
// parameters in the newest revision, which has no code of its own for it. What would help is in the message.
transport::ProtocolError refusal(const transport::RequestContext& context, const std::string& uri, const Error& error) {
  transport::ProtocolError refused = protocol_error(error);
  if (!is_missing(error.code)) {
    refused.data["uri"] = uri;
    return refused;
  }
  if (context.era == transport::Era::legacy) refused.code = transport::rpc_code::kResourceNotFoundLegacy;
  refused.data = {{"uri", uri}};
  return refused;
}

Error no_scope() {
  Error error{ErrorCode::not_allowed, "this credential lacks the scope \"read\" that resources need"};
  error.details["scope"] = name_of(Scope::read);
  return error;
}

}  // namespace

std::span<const Resource> all_resources() {
  static const std::vector<Resource> rows = [] {
    std::vector<Resource> all;
    for (const auto family : {status_resources(), task_resources(), run_resources(), pipeline_resources(),
                              catalog_resources(), state_resources()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return rows;
}

ReadBlock json_block(const json& value) { return {kJson, value.dump(2, ' ', false, json::error_handler_t::replace)}; }

std::optional<FoundResource> find_resource(const std::string& text) {
  const auto uri = parse_uri(text);
  if (!uri) return std::nullopt;
  for (const auto& row : all_resources())
    if (auto variables = match_uri(row.pattern, *uri)) return FoundResource{&row, std::move(*variables)};
  return std::nullopt;
}

transport::ProtocolError protocol_error(const Error& error) {
  const bool ours = error.code == ErrorCode::unavailable || error.code == ErrorCode::internal ||
                    error.code == ErrorCode::server_unavailable;
  return {ours ? transport::rpc_code::kInternal : transport::rpc_code::kInvalidParams, mask_secrets(error.message),
          mask_secrets(to_answer(error))};
}

void ResourceSet::list_resources(const transport::RequestContext& context, const transport::Cursor& cursor,
                                 transport::PageDone done) {
  const Caller caller = caller_of(context);
  if (!may_read(caller)) return done(transport::Page{});
  auto page = guarded(caller, "resources/list", [&] { return list_page(caller, ports_.engine, cursor); });
  if (!page.ok()) return done(protocol_error(page.error()));
  done(std::move(*page));
}

void ResourceSet::list_templates(const transport::RequestContext& context, const transport::Cursor&,
                                 transport::PageDone done) {
  transport::Page page;
  if (may_read(caller_of(context)))
    for (const auto& row : all_resources())
      if (is_template(row)) page.entries.push_back(entry_of(row, "uriTemplate"));
  done(std::move(page));
}

void ResourceSet::read_resource(const transport::RequestContext& context, const std::string& uri,
                                transport::ReadDone done) {
  const Caller caller = caller_of(context);
  const auto found = find_resource(uri);
  if (!found) {
    count_reading("none", "unknown_name");
    return done(transport::Contents{});
  }
  const auto reading = guarded(caller, uri, [&]() -> Result<Reading> {
    if (!caller.scopes.has(found->row->scope)) return no_scope();
    return found->row->read({caller, ports_, found->variables});
  });
  count_reading(found->row->name, reading.ok() ? "ok" : describe(reading.error().code).name);
  if (!reading.ok()) return done(refusal(context, uri, reading.error()));
  done(contents_of(*reading, uri));
}

bool ResourceSet::may_watch(const transport::RequestContext& context, const std::string& uri) {
  const Caller caller = caller_of(context);
  const auto found = find_resource(uri);
  if (!found || found->row->watch == Watch::nothing || !caller.scopes.has(found->row->scope)) return false;
  return watch_.begin(caller, uri, *found);
}

}  // namespace carillon::tools
