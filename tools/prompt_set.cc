#include "tools/prompt_set.h"

#include <algorithm>
#include <vector>

#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/domain/nearest.h"
#include "tools/instructions.h"
#include "tools/render.h"
#include "tools/resource_set.h"
#include "tools/service_guard.h"
#include "tools/tool_set.h"

namespace carillon::tools {
namespace {

constexpr std::size_t kArgumentBytesMax = 64 * 1024;

ordered_json entry_of(const Prompt& row) {
  ordered_json entry{{"name", row.name}, {"title", row.title}, {"description", row.summary}};
  for (const auto& argument : row.arguments)
    entry["arguments"].push_back({{"name", argument.name},
                                  {"description", argument.summary},
                                  {"required", argument.presence == Presence::required}});
  return entry;
}

const PromptArgument* find_argument(const Prompt& row, std::string_view name) {
  const auto found = std::find_if(row.arguments.begin(), row.arguments.end(),
                                  [&](const PromptArgument& argument) { return argument.name == name; });
  return found == row.arguments.end() ? nullptr : &*found;
}

Error unknown_prompt(const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& row : all_prompts()) names.push_back(row.name);
  const auto near = nearest(name, names);
  Error error{ErrorCode::unknown_name, "there is no prompt \"" + name.substr(0, 200) + "\"" + did_you_mean(near)};
  error.details["nearest"] = near;
  return error;
}

Error no_scope(const Prompt& row) {
  Error error{ErrorCode::not_allowed, "this credential lacks the scope \"" + std::string(name_of(row.scope)) +
                                          "\" that " + std::string(row.name) + " needs"};
  error.details["scope"] = name_of(row.scope);
  return error;
}

Status check_arguments(const Prompt& row, const std::map<std::string, std::string>& given) {
  for (const auto& [name, value] : given) {
    if (find_argument(row, name) == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& argument : row.arguments) names.push_back(argument.name);
      const auto near = nearest(name, names);
      Error error{ErrorCode::arguments_invalid,
                  "the prompt has no argument \"" + name.substr(0, 200) + "\"" + did_you_mean(near), "/arguments"};
      error.details["accepted"] = names;
      return error;
    }
    if (value.size() > kArgumentBytesMax)
      return Error{ErrorCode::too_large, "an argument has at most 64 KiB", "/arguments/" + name};
  }
  for (const auto& argument : row.arguments) {
    const auto found = given.find(std::string(argument.name));
    if (argument.presence == Presence::required && (found == given.end() || found->second.empty()))
      return Error{ErrorCode::arguments_invalid, "the prompt needs the argument " + std::string(argument.name),
                   "/arguments/" + std::string(argument.name)};
  }
  return Done{};
}

void count(std::string_view prompt, std::string_view outcome) {
  metrics::count("carillon_prompts_total", {{"prompt", prompt}, {"outcome", outcome}});
}

struct Completing {
  Suggest suggest;  // null when nothing completes it
};
// What completes the argument that was asked about. Errors: unknown references.
Result<Completing> completing(const transport::CompletionRequest& request) {
  if (request.of == transport::CompletionRequest::Of::prompt) {
    const Prompt* row = find_prompt(request.reference);
    if (row == nullptr) return unknown_prompt(request.reference);
    const PromptArgument* argument = find_argument(*row, request.argument);
    if (argument == nullptr) return Error{ErrorCode::unknown_name, "the prompt has no such argument", "/argument/name"};
    return Completing{argument->suggest};
  }
  for (const auto& row : all_resources()) {
    if (row.pattern != request.reference) continue;
    for (const auto& variable : row.variables)
      if (variable.name == request.argument) return Completing{variable.suggest};
    return Error{ErrorCode::unknown_name, "the template has no such variable", "/argument/name"};
  }
  return Error{ErrorCode::unknown_name, "there is no such resource template", "/ref/uri"};
}

}  // namespace

std::span<const Prompt> all_prompts() {
  static const std::vector<Prompt> rows = [] {
    std::vector<Prompt> all;
    for (const auto family : {review_prompts(), planning_prompts()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return rows;
}

const Prompt* find_prompt(std::string_view name) {
  const auto rows = all_prompts();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Prompt& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

void PromptSet::list_prompts(const transport::RequestContext& context, const transport::Cursor&,
                             transport::PageDone done) {
  const Caller caller = caller_of(context);
  transport::Page page;
  for (const auto& row : all_prompts())
    if (caller.scopes.has(row.scope)) page.entries.push_back(entry_of(row));
  done(std::move(page));
}

void PromptSet::get_prompt(const transport::RequestContext& context, const std::string& name,
                           const std::map<std::string, std::string>& arguments, transport::PromptDone done) {
  const Caller caller = caller_of(context);
  const Prompt* row = find_prompt(name);
  if (row == nullptr) {
    count("none", "unknown_name");
    return done(protocol_error(unknown_prompt(name)));
  }
  const auto text = guarded(caller, name, [&]() -> Result<std::string> {
    if (!caller.scopes.has(row->scope)) return no_scope(*row);
    if (const auto fit = check_arguments(*row, arguments); !fit.ok()) return fit.error();
    return row->write({caller, ports_, arguments});
  });
  count(row->name, text.ok() ? "ok" : describe(text.error().code).name);
  if (!text.ok()) return done(protocol_error(text.error()));
  const std::string masked = mask_secrets(with_prefix(extract(*text, kPromptCharsMax).text, prefix_));
  done(transport::PromptText{std::string(row->summary),
                             {{{"role", "user"}, {"content", transport::text_block(masked)}}}});
}

void Completions::complete(const transport::RequestContext& context, const transport::CompletionRequest& request,
                           transport::CompletionDone done) {
  const Caller caller = caller_of(context);
  const auto suggestions = guarded(caller, "completion/complete", [&]() -> Result<Suggestions> {
    const auto wanted = completing(request);
    if (!wanted.ok()) return wanted.error();
    if (wanted->suggest == nullptr || !caller.scopes.has(Scope::read)) return Suggestions{};
    return wanted->suggest({caller, ports_, request.value, request.others});
  });
  if (!suggestions.ok()) return done(protocol_error(suggestions.error()));
  transport::Completion completion{.values = {}, .total = suggestions->total};
  for (const auto& value : suggestions->values) completion.values.push_back(mask_secrets(value));
  done(std::move(completion));
}

}  // namespace carillon::tools
