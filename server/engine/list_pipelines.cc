#include "server/domain/pipeline/outline.h"
#include "server/engine/engine.h"
#include "server/engine/paging.h"
#include "server/engine/pipelines.h"

// list_pipelines: find pipelines and templates, or read those that are named.

namespace carillon {

namespace {

constexpr int kVersionsShown = 10;
constexpr std::size_t kNamesAskedMax = 20;

PipelineRow row_of(const PipelineRecord& record) {
  PipelineRow row{.pipeline = record.name,
                  .version = record.version,
                  .description = record.definition.value("description", ""),
                  .saved_at = record.created_at,
                  .saved_by = record.created_by};
  for (const json& step : record.definition.value("steps", json::array())) row.steps.push_back(step.value("id", ""));
  return row;
}

PipelineDetail detail_of(Tx& tx, const TenantId& tenant, const PipelineRecord& record) {
  PipelineStore pipelines{tx};
  PipelineDetail detail{.row = row_of(record),
                        .latest = record.latest,
                        .is_template = record.is_template,
                        .definition = record.definition};
  for (const auto& version : pipelines.versions(tenant, record.id, kVersionsShown))
    detail.versions.push_back({version.version, version.checksum, version.created_at, version.created_by});
  for (const auto& user : pipelines.users(tenant, record.id))
    if (user.living == Living::yes) detail.tasks.push_back(user.name);
  detail.row.tasks = static_cast<std::int64_t>(detail.tasks.size());
  return detail;
}

Result<PipelinePage> read_named(Tx& tx, const TenantId& tenant, const ListPipelines& query) {
  if (query.names.size() > kNamesAskedMax)
    return Error{ErrorCode::arguments_invalid, "at most 20 names at once", "/names", query.names.size()};
  PipelinePage page;
  for (std::size_t i = 0; i < query.names.size(); ++i) {
    const auto name = read_pipeline_name(query.names[i], "/names/" + std::to_string(i));
    if (!name) return name.error();
    const auto record = find_pipeline(tx, tenant, *name);
    if (!record) return record.error();
    page.details.push_back(detail_of(tx, tenant, *record));
  }
  page.total = static_cast<std::int64_t>(page.details.size());
  if (page.details.size() == 2 && page.details[0].row.pipeline == page.details[1].row.pipeline)
    page.difference = pipeline::differences(page.details[0].definition, page.details[1].definition);
  return page;
}

Result<PipelinePage> find(Tx& tx, const TenantId& tenant, const ListPipelines& query) {
  const auto after = read_cursor(Listing::pipelines, query.cursor);
  if (!after) return after.error();
  const PipelineQuery wanted{
      .text = query.query, .templates = query.templates, .after_name = *after, .limit = query.limit + 1};
  PipelineStore pipelines{tx};
  PipelinePage page{.total = pipelines.count(tenant, wanted)};
  for (const ListedPipeline& listed : pipelines.list(tenant, wanted)) {
    page.pipelines.push_back(row_of(listed.pipeline));
    page.pipelines.back().tasks = listed.tasks;
  }
  if (page.pipelines.size() > static_cast<std::size_t>(query.limit)) {
    page.pipelines.pop_back();
    page.next_cursor = make_cursor(Listing::pipelines, page.pipelines.back().pipeline);
  }
  return page;
}

}  // namespace

Result<PipelinePage> Engine::list_pipelines(const Caller& caller, const ListPipelines& query) {
  if (auto fits = check_limit(query.limit, "/limit"); !fits) return fits.error();
  if (query.query && query.query->find('\0') != std::string::npos)
    return Error{ErrorCode::arguments_invalid, "no name holds a NUL", "/query"};
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<PipelinePage> {
    auto page = query.names.empty() ? find(tx, caller.tenant, query) : read_named(tx, caller.tenant, query);
    if (!page) return page;
    page->zone = zone_of(caller);
    page->now = parts_.clock.now();
    return page;
  });
}

}  // namespace carillon
