#include "tools/prompt_set.h"

#include <algorithm>
#include <vector>

#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/domain/nearest.h"
#include "tools/caller_of.h"
#include "tools/instructions.h"
#include "tools/render.h"
#include "tools/resource_set.h"
#include "tools/service_guard.h"

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

ordered_json entry_of(const PromptTemplate& prompt) {
  ordered_json entry{{"name", prompt.name}, {"description", prompt.description}};
  for (const auto& [name, description, need] : prompt.parameters)
    entry["arguments"].push_back(
        {{"name", name}, {"description", description}, {"required", need == ParameterNeed::required}});
  return entry;
}

const PromptArgument* find_argument(const Prompt& row, std::string_view name) {
  const auto found = std::find_if(row.arguments.begin(), row.arguments.end(),
                                  [&](const PromptArgument& argument) { return argument.name == name; });
  return found == row.arguments.end() ? nullptr : &*found;
}

Error unknown_prompt(const std::string& name, const std::vector<PromptTemplateRecord>& templates) {
  std::vector<std::string_view> names;
  for (const auto& row : all_prompts()) names.push_back(row.name);
  for (const auto& each : templates) names.push_back(each.prompt.name);
  const auto near = nearest(name, names);
  Error error{ErrorCode::unknown_name, "there is no prompt \"" + name.substr(0, 200) + "\"" + did_you_mean(near)};
  error.details["nearest"] = near;
  return error;
}

Error no_scope(Scope scope, std::string_view prompt) {
  Error error{ErrorCode::not_allowed, "this credential lacks the scope \"" + std::string(name_of(scope)) + "\" that " +
                                          std::string(prompt) + " needs"};
  error.details["scope"] = name_of(scope);
  return error;
}

Status check_sizes(const PromptArguments& given) {
  for (const auto& [name, value] : given)
    if (value.size() > kArgumentBytesMax)
      return Error{ErrorCode::too_large, "an argument has at most 64 KiB", "/arguments/" + name};
  return Done{};
}

Status check_arguments(const Prompt& row, const PromptArguments& given) {
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
  }
  if (auto fit = check_sizes(given); !fit) return fit;
  for (const auto& argument : row.arguments) {
    const auto found = given.find(std::string(argument.name));
    if (argument.presence == Presence::required && (found == given.end() || found->second.empty()))
      return Error{ErrorCode::arguments_invalid, "the prompt needs the argument " + std::string(argument.name),
                   "/arguments/" + std::string(argument.name)};
  }
  return Done{};
}

void count_prompt(std::string_view prompt, std::string_view outcome) {
  metrics::count("carillon_prompts_total", {{"prompt", prompt}, {"outcome", outcome}});
}

Error no_such_argument() { return {ErrorCode::unknown_name, "the prompt has no such argument", "/argument/name"}; }

struct Completing {
  Suggest suggest;  // null when nothing completes it
};
// What completes an argument of a template: nothing. Errors: there is no such one.
Result<Completing> completing(const std::vector<PromptTemplateRecord>& templates,
                              const transport::CompletionRequest& request) {
  for (const auto& [prompt, version] : templates) {
    if (prompt.name != request.reference) continue;
    for (const auto& parameter : prompt.parameters)
      if (parameter.name == request.argument) return Completing{nullptr};
    return no_such_argument();
  }
  return unknown_prompt(request.reference, templates);
}

// What completes an argument of a row, or a variable of a resource. Errors: unknown references.
Result<Completing> completing(const transport::CompletionRequest& request) {
  if (request.of == transport::CompletionRequest::Of::prompt) {
    const PromptArgument* argument = find_argument(*find_prompt(request.reference), request.argument);
    if (argument == nullptr) return no_such_argument();
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
  const auto templates = guarded(caller, "prompts/list", [&]() -> Result<std::vector<PromptTemplateRecord>> {
    if (!caller.scopes.has(Scope::read)) return std::vector<PromptTemplateRecord>{};
    return templates_.list(caller.tenant);
  });
  if (!templates) return done(protocol_error(templates.error()));
  for (const auto& each : *templates)
    if (find_prompt(each.prompt.name) == nullptr) page.entries.push_back(entry_of(each.prompt));
  done(std::move(page));
}

void PromptSet::get_prompt(const transport::RequestContext& context, const std::string& name,
                           const std::map<std::string, std::string>& arguments, transport::PromptDone done) {
  const Caller caller = caller_of(context);
  const Prompt* row = find_prompt(name);
  if (row == nullptr) return get_template(caller, name, arguments, done);
  const auto text = guarded(caller, name, [&]() -> Result<std::string> {
    if (!caller.scopes.has(row->scope)) return no_scope(row->scope, row->name);
    if (const auto fit = check_arguments(*row, arguments); !fit.ok()) return fit.error();
    return row->write({caller, ports_, arguments});
  });
  count_prompt(row->name, text.ok() ? "ok" : describe(text.error().code).name);
  if (!text.ok()) return done(protocol_error(text.error()));
  const std::string masked = mask_secrets(with_prefix(extract(*text, kPromptCharsMax).text, prefix_));
  done(transport::PromptText{std::string(row->summary),
                             {{{"role", "user"}, {"content", transport::text_block(masked)}}}});
}

// As its author wrote it: neither shortened nor with other names of tools.
void PromptSet::get_template(const Caller& caller, const std::string& name, const PromptArguments& arguments,
                             const transport::PromptDone& done) {
  struct Written {
    std::string description, text;
  };
  const auto written = guarded(caller, name, [&]() -> Result<Written> {
    if (!caller.scopes.has(Scope::read)) return no_scope(Scope::read, name);
    if (const auto fit = check_sizes(arguments); !fit) return fit.error();
    const auto found = templates_.find(caller.tenant, name);
    if (!found) return unknown_prompt(name, templates_.list(caller.tenant));
    const auto text = templates_.write(found->prompt, arguments);
    if (!text) return text.error();
    return Written{found->prompt.description, *text};
  });
  // What nobody wrote has no series of its own.
  const bool is_known = written.ok() || written.error().code != ErrorCode::unknown_name;
  count_prompt(is_known ? name : "none", written.ok() ? "ok" : describe(written.error().code).name);
  if (!written) return done(protocol_error(written.error()));
  done(transport::PromptText{mask_secrets(written->description),
                             {{{"role", "user"}, {"content", transport::text_block(mask_secrets(written->text))}}}});
}

Result<Suggestions> Completions::suggestions_for(const Caller& caller, const transport::CompletionRequest& request) {
  const bool of_template =
      request.of == transport::CompletionRequest::Of::prompt && find_prompt(request.reference) == nullptr;
  const auto wanted = of_template ? completing(templates_.list(caller.tenant), request) : completing(request);
  if (!wanted) return wanted.error();
  if (wanted->suggest == nullptr || !caller.scopes.has(Scope::read)) return Suggestions{};
  return wanted->suggest({caller, ports_, request.value, request.others});
}

void Completions::complete(const transport::RequestContext& context, const transport::CompletionRequest& request,
                           transport::CompletionDone done) {
  const Caller caller = caller_of(context);
  const auto suggestions = guarded(caller, "completion/complete", [&] { return suggestions_for(caller, request); });
  if (!suggestions.ok()) return done(protocol_error(suggestions.error()));
  transport::Completion completion{.values = {}, .total = suggestions->total};
  for (const auto& value : suggestions->values) completion.values.push_back(mask_secrets(value));
  done(std::move(completion));
}

}  // namespace carillon::tools
