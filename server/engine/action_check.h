// Whether an action can work: its tools exist, its arguments fit their schemas and whoever asks for it holds the scopes
// that servers.json demands for them; asked of the downstream servers when a task is made, not at three in the morning.
//
// What is wrong is an error; what cannot be known now (a server that is away, a sign-in that a person has still to do)
// is a warning, because it may be right when the task runs. Waits for downstream servers: never inside a transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/caller.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/task_draft.h"
#include "server/domain/tool_caller.h"

namespace carillon {

// The warnings. Errors: unknown_tool, not_allowed, arguments_invalid at the argument; the first of them, with all in
// details.problems where there are several.
Result<std::vector<std::string>> check_targets(ToolCaller& tools, const Caller& caller, const Action& action,
                                               Duration wait);

// A prompt template that an action names for a model.
struct TemplateUse {
  std::string name;
  std::optional<json> params;  // nothing: only a run knows which there are
  std::string pointer;         // to the arguments that name it
};
// Those whose names are known before a run.
std::vector<TemplateUse> template_uses(const Action& action);
// Whether such names are those of Carillon's own templates: who has a server "llm" may mean something else by them.
bool has_own_templates(ToolCaller& tools, const TenantId& tenant);

// The same of the tools that a schedule looks at for its conditions, at /when; with a warning for those that are not
// declared read-only, because they are called again and again.
Result<std::vector<std::string>> check_conditions(ToolCaller& tools, const Caller& caller, const Schedule& schedule,
                                                  Duration wait);

// The tools that a task tells of its runs (notify): that they are there, that the caller may call them, and that they
// can be given a text. Errors as of check_targets, at /notify.
Result<std::vector<std::string>> check_notified_tools(ToolCaller& tools, const Caller& caller,
                                                      const std::vector<std::string>& targets, Duration wait);

// Whether a prompt for which no agent is named is answered by the model: llm.generate can be called.
bool model_answers(ToolCaller& tools, const Caller& caller, const ActionDraft& draft, Duration wait);

// What the next run of the action will run into as far as is known now, whoever asks: tools that are not there any
// more, arguments that fit no more, sign-ins that a person has to do. A server that does not answer within `wait`,
// which is for all of them together, is no such thing: it may answer then.
std::vector<std::string> troubles_ahead(ToolCaller& tools, const TenantId& tenant, const Action& action, Duration wait);

// Only the scopes, of what is known of the tools at this moment; the run asks again. Errors: not_allowed.
Status check_scopes(ToolCaller& tools, const Caller& caller, const Action& action);

// Errors: not_allowed at `pointer`, with the tool and the scopes that `held` lacks.
Status check_scopes(const ToolFacts& facts, const Scopes& held, const std::string& pointer);

// Errors: arguments_invalid with a pointer below `pointer` and the schema's words.
Status check_arguments(const ToolFacts& facts, const json& arguments, const std::string& pointer);

}  // namespace carillon
