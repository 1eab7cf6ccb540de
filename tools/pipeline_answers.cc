#include "tools/pipeline_answers.h"

#include "tools/render.h"
#include "tools/resource.h"
#include "tools/run_answers.h"

namespace carillon::tools {
namespace {

// "issues, mail; post": what runs side by side stands between the semicolons.
std::string order_of(const std::vector<std::vector<std::string>>& stages) {
  std::string order;
  for (const auto& stage : stages) {
    std::string ids;
    for (const auto& id : stage) ids += (ids.empty() ? "" : ", ") + id;
    order += (order.empty() ? "" : "; ") + ids;
  }
  return order;
}

ordered_json row_of(const PipelineRow& row, const PipelinePage& page, Format format) {
  ordered_json facts{{"pipeline", row.pipeline}, {"version", row.version}};
  add(facts, "description", extract(row.description, format == Format::concise ? 120 : 2'000).text);
  facts["steps"] = row.steps;
  if (row.tasks > 0) facts["tasks"] = row.tasks;
  if (format == Format::concise) return facts;
  facts["saved"] = say_time(row.saved_at, page.zone, page.now);
  facts["by"] = row.saved_by;
  return facts;
}

ordered_json version_of(const VersionRow& version, const PipelinePage& page) {
  return {{"version", version.version},
          {"checksum", version.checksum},
          {"saved", say_time(version.saved_at, page.zone, page.now)},
          {"by", version.saved_by}};
}

ordered_json detail_of(const PipelineDetail& detail, const PipelinePage& page) {
  ordered_json facts{{"pipeline", detail.row.pipeline}, {"version", detail.row.version}};
  if (detail.latest != detail.row.version) facts["latest"] = detail.latest;
  if (detail.is_template) facts["template"] = true;
  facts["definition"] = detail.definition;
  for (const auto& version : detail.versions) facts["versions"].push_back(version_of(version, page));
  add(facts, "tasks", detail.tasks);
  return facts;
}

// A value that may be long: whole, or the beginning of its JSON.
ordered_json shown(const json& value) {
  constexpr std::size_t kShownMax = 600;
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kShownMax) return ordered_json(value);
  return extract(text, kShownMax).text + "…";
}

ordered_json plan_row(const PlanRow& row) {
  ordered_json facts{{"step", row.step}, {"stage", row.stage}, {"kind", row.kind}};
  add(facts, row.kind == "pipeline" ? "pipeline" : "tool", row.target);
  add(facts, "effect", row.effect);
  add(facts, "status", row.state);
  if (!row.arguments.is_null() && !row.arguments.empty()) facts["arguments"] = shown(row.arguments);
  add(facts, "filled_in_by_the_run", row.open);
  add(facts, "must_approve", row.approval);
  add(facts, "problem", row.problem);
  return facts;
}

// Definitions that do not fit are told as extracts, with the resources that hold them.
Answer answer_named(const PipelinePage& page, Format format) {
  const std::size_t whole_max =
      (format == Format::concise ? kOutputShownMax : kOutputDetailedMax) / page.details.size();
  ordered_json facts;
  std::string text;
  std::vector<ResourceLink> links;
  for (const PipelineDetail& detail : page.details) {
    ordered_json told = detail_of(detail, page);
    const std::string definition = detail.definition.dump(-1, ' ', false, json::error_handler_t::replace);
    if (definition.size() > whole_max) {
      const std::string uri = pipeline_uri(detail.row.pipeline + "@" + std::to_string(detail.row.version));
      told["definition"] = extract(definition, std::min(whole_max, kOutputExtract)).text + "…";
      told["definition_resource"] = uri;
      links.push_back({uri, "definition", kJson, definition.size()});
    }
    text += render(told) + "\n";
    facts["pipelines"].push_back(std::move(told));
  }
  add(facts, "difference", page.difference);
  for (const auto& line : page.difference) text += "differs: " + line + "\n";
  text.pop_back();
  return {.structured = json(facts), .text = std::move(text), .links = std::move(links)};
}

}  // namespace

Answer answer(const PipelineSaved& saved) {
  ordered_json facts{{"pipeline", saved.pipeline}, {"result", saved.result}, {"version", saved.version}};
  if (saved.dry_run) facts["saved"] = false;
  if (saved.is_template) facts["template"] = true;
  facts["order"] = order_of(saved.order);
  for (const auto& use : saved.tools)
    facts["tools"].push_back(
        {{"tool", use.tool}, {"effect", use.effect.empty() ? "unknown" : use.effect}, {"steps", use.steps}});
  add(facts, "changed", saved.changed);
  add(facts, "tasks", saved.tasks);
  add(facts, "warnings", saved.warnings);
  return tell(facts);
}

Answer answer(const PipelinePage& page, Format format) {
  if (!page.details.empty()) return answer_named(page, format);
  ordered_json facts{{"total", page.total}, {"pipelines", ordered_json::array()}};
  std::string text = "total " + std::to_string(page.total) + "\n";
  for (const PipelineRow& row : page.pipelines) {
    facts["pipelines"].push_back(row_of(row, page, format));
    text += render_row(facts["pipelines"].back(), {"pipeline", "description"}) + "\n";
  }
  if (page.next_cursor) {
    facts["next_cursor"] = *page.next_cursor;
    text += "more with cursor " + *page.next_cursor + ", fewer with query\n";
  }
  text.pop_back();
  return {.structured = json(facts), .text = std::move(text)};
}

Answer answer(const PlannedSteps& planned) {
  ordered_json facts;
  add(facts, "pipeline", planned.pipeline);
  facts["plan"] = ordered_json::array();
  for (const PlanRow& row : planned.plan) facts["plan"].push_back(plan_row(row));
  if (planned.more) facts["more"] = true;
  add(facts, "ends", planned.ends);
  if (!planned.output.is_null()) facts["output"] = shown(planned.output);
  add(facts, "problems", planned.problems);
  return tell(facts);
}

json whole(const PipelinePage& page) { return json(detail_of(page.details.front(), page)); }

}  // namespace carillon::tools
