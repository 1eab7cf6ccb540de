#include "tools/reference.h"

#include <algorithm>

#include "server/base/error.h"
#include "tools/prompt.h"
#include "tools/resource.h"

namespace carillon::tools {
namespace {

constexpr std::string_view kPrinted =
    "<!-- Printed from the source; CARILLON_WRITE_DOCS=1 with the tests of tools rewrites it. -->\n";

std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.replace(at, 1, "\\|");
  return text;
}

std::string type_of(const ordered_json& property) {
  std::string type = property.value("type", "any");
  if (type == "array") type = "list of " + property["items"].value("type", "any");
  if (!property.contains("minimum") && !property.contains("maximum")) return type;
  const auto bound = [&](const char* name) { return property.contains(name) ? property[name].dump() : "…"; };
  return type + " " + bound("minimum") + "–" + bound("maximum");
}

std::string meaning_of(const ordered_json& property) {
  std::string meaning = property.value("description", "");
  const ordered_json& values = property.contains("items") ? property["items"] : property;
  if (!values.contains("enum")) return meaning;
  std::string words;
  for (const auto& word : values["enum"]) words += (words.empty() ? "`" : ", `") + word.get<std::string>() + "`";
  return meaning.empty() ? words : meaning + " One of " + words + ".";
}

std::string arguments_table(const Tool& tool) {
  const auto schema = ordered_json::parse(tool.input_schema.text);
  const auto required = schema.value("required", std::vector<std::string>{});
  std::string table = "| argument | type | meaning |\n|---|---|---|\n";
  for (const auto& [name, property] : schema["properties"].items()) {
    const bool must = std::find(required.begin(), required.end(), name) != required.end();
    table += "| `" + name + "`" + (must ? " (required)" : "") + " | " + type_of(property) + " | " +
             cell(meaning_of(property)) + " |\n";
  }
  return table;
}

std::string hints_line(const Hints& hints) {
  std::string line = hints.reads_only ? "only reads" : hints.destroys ? "may destroy" : "changes, destroys nothing";
  if (hints.idempotent) line += ", repeating changes nothing more";
  if (hints.open_world) line += ", may reach servers outside";
  return line;
}

std::string index_row(const Tool& tool, const std::string& toolset) {
  return "| [" + std::string(tool.name) + "](" + std::string(tool.name) + ".md) | " + toolset + " | " +
         std::string(name_of(tool.scope)) + " | " + std::string(tool.title) + " |\n";
}

}  // namespace

std::string tool_page(const Tool& tool) {
  const std::string name{tool.name};
  const bool for_models = find_tool(tool.name) != nullptr;
  std::string page = std::string(kPrinted) + "# " + name + "\n\n" + std::string(tool.title) + ". " +
                     std::string(tool.summary) + "\n\n";
  page += "Scope `" + std::string(name_of(tool.scope)) + "`, " +
          (for_models ? "toolset `" + std::string(name_of(tool.toolset)) + "`" : "offered over REST alone") + "; " +
          hints_line(tool.hints) + ".\n\n" + arguments_table(tool);
  page += "\nA call that works:\n\n```json\n" + ordered_json::parse(tool.example).dump(2) + "\n```\n";
  page += "\n";
  if (for_models)
    page +=
        "On the command line: `carillon call " + name + " --args '" + ordered_json::parse(tool.example).dump() + "'`. ";
  page += "Over REST: `POST /api/v1/tools/" + name + "`.\n";
  if (!tool.output_schema.empty())
    page += "\nStructured result (outputSchema):\n\n```json\n" + ordered_json::parse(tool.output_schema).dump(2) +
            "\n```\n";
  return page;
}

std::string tools_index() {
  std::string page = std::string(kPrinted) + "# Tools\n\n| tool | toolset | scope | purpose |\n|---|---|---|---|\n";
  for (const auto& tool : all_tools()) page += index_row(tool, std::string(name_of(tool.toolset)));
  for (const auto& tool : rest_tools()) page += index_row(tool, "REST alone");
  return page;
}

std::string errors_page() {
  std::string page =
      std::string(kPrinted) +
      "# Errors\n\nA refusal is a tool result with `isError: true`. Its JSON names the code, what to change, "
      "and where they help the argument (`pointer`), what came (`got`) and calls or values that would work "
      "(`try`):\n\n```json\n"
      "{\"error\": \"when_ambiguous\", \"pointer\": \"/when\", \"got\": \"30m\",\n"
      " \"message\": \"\\\"30m\\\" could be a delay or a repeat.\",\n"
      " \"try\": [\"in 30m\", \"every 30m\"], \"now\": \"Fri 2026-11-20 14:05 Europe/Berlin\", "
      "\"retryable\": false}\n```\n\n"
      "Unknown tools and malformed requests are JSON-RPC errors instead.\n\n"
      "| code | repeating may help | meaning |\n|---|---|---|\n";
  for (const auto& code : kErrorCodes)
    page += "| `" + std::string(code.name) + "` | " + (code.retryable ? "yes" : "no") + " | " +
            cell(std::string(code.meaning)) + " |\n";
  return page;
}

std::string resources_page() {
  std::string page =
      std::string(kPrinted) +
      "# Resources\n\nWhat can be read without calling a tool. Reading needs the scope `read` and changes nothing. "
      "Each part "
      "between slashes is percent-encoded: the run `morning-brief#142` is `run://morning-brief%23142` (a plain `#` is "
      "understood). Runs are named by handle or id, tasks by name or id.\n\n"
      "`resources/list` names the status, the guides, all tasks by name and the newest runs; everything else is a "
      "template. "
      "Who subscribes (`resources/subscribe`, or `subscriptions/listen` with `resourceSubscriptions` in the newest "
      "revision) "
      "is told within a second of a change, whichever process made it.\n\n"
      "Answers of tools link here (`resource_link`) instead of carrying more than 2,000 characters of output; "
      "`get_run` with "
      "`output_path` reads one value.\n\n"
      "| resource | holds | type | can be watched |\n|---|---|---|---|\n";
  for (const auto& row : all_resources())
    page += "| `" + std::string(row.pattern) + "` | " + cell(std::string(row.summary)) + " | " +
            std::string(row.mime_type) + " | " + (row.watch == Watch::nothing ? "no" : "yes") + " |\n";
  page += "\nFor example:";
  for (const auto& row : all_resources()) page += " `" + std::string(row.example) + "`";
  return page + "\n";
}

std::string prompts_page() {
  std::string page = std::string(kPrinted) +
                     "# Prompts\n\nTexts that a person starts from a host's menu. Each carries the facts of the "
                     "moment, so it works in hosts "
                     "that read no resources; arguments are completed while they are typed. All need the scope `read` "
                     "and change nothing.\n";
  for (const auto& row : all_prompts()) {
    page +=
        "\n## " + std::string(row.name) + "\n\n" + std::string(row.title) + ". " + std::string(row.summary) + "\n\n";
    if (!row.arguments.empty()) page += "| argument | meaning |\n|---|---|\n";
    for (const auto& argument : row.arguments)
      page += "| `" + std::string(argument.name) + "`" +
              (argument.presence == Presence::required ? " (required)" : "") + " | " +
              cell(std::string(argument.summary)) + " |\n";
    if (!row.arguments.empty()) page += "\n";
    page += "For example `" + std::string(row.example) + "`.\n";
  }
  return page;
}

}  // namespace carillon::tools
