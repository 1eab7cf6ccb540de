#include "server/domain/task_draft.h"

#include <algorithm>

#include "server/domain/refusal.h"
#include "server/domain/work.h"

namespace carillon {

const std::array<std::string_view, 22> kDraftNames{
    "when",     "timezone",  "tool",        "arguments",     "message",       "prompt",   "agent",  "steps",
    "pipeline", "input",     "description", "tags",          "priority",      "deadline", "dedupe", "lock",
    "notify",   "notify_on", "paused",      "schedule_kind", "schedule_expr", "options"};

namespace {

constexpr std::size_t kDraftTextBytesMax = 4096;
constexpr std::size_t kDescriptionBytesMax = 64 * 1024;
constexpr std::size_t kTagBytesMax = 100;
constexpr std::size_t kTagsMax = 50;

// Reads the members one after the other; the first error stays.
class DraftReader {
 public:
  explicit DraftReader(const json& arguments) : arguments_(arguments) {}

  void text(const char* name, std::optional<std::string>& into, std::size_t bytes_max = kDraftTextBytesMax) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_string()) return refuse(name, "give a text");
    error_ = unfit_text(given->get_ref<const std::string&>(), bytes_max, below("", name));
    into = given->get<std::string>();
  }
  void object(const char* name, std::optional<json>& into) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_object()) return refuse(name, "give an object");
    into = *given;
  }
  void list(const char* name, std::optional<json>& into) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_array()) return refuse(name, "give a list");
    into = *given;
  }
  void flag(const char* name, std::optional<bool>& into) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_boolean()) return refuse(name, "give true or false");
    into = given->get<bool>();
  }
  void priority(std::optional<int>& into) {
    const json* given = member("priority");
    if (given == nullptr) return;
    if (!given->is_number_integer() || given->get<std::int64_t>() < 1 || given->get<std::int64_t>() > 9)
      return refuse("priority", "give a whole number from 1 (most urgent) to 9");
    into = given->get<int>();
  }
  void tags(std::optional<std::vector<std::string>>& into) {
    const json* given = member("tags");
    if (given == nullptr) return;
    if (!given->is_array() || given->size() > kTagsMax) return refuse("tags", "give a list of at most 50 texts");
    std::vector<std::string> tags;
    for (const json& tag : *given) {
      if (!tag.is_string() || tag.get_ref<const std::string&>().empty())
        return refuse("tags", "a tag is a text that is not empty");
      error_ = unfit_text(tag.get_ref<const std::string&>(), kTagBytesMax, "/tags");
      if (error_) return;
      tags.push_back(tag);
    }
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    into = std::move(tags);
  }
  void notify(std::optional<std::vector<std::string>>& into) {
    const json* given = member("notify");
    if (given == nullptr) return;
    if (!given->is_array() || given->size() > kNotifyTargetsMax)
      return refuse("notify", "give a list of at most 10 targets");
    std::vector<std::string> targets;
    for (const json& target : *given) {
      if (!target.is_string()) return refuse("notify", "a target is a text");
      auto read = read_notify_target(target.get_ref<const std::string&>(), "/notify");
      if (!read) {
        error_ = read.error();
        return;
      }
      targets.push_back(std::move(*read));
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    into = std::move(targets);
  }
  void notify_on(std::optional<std::string>& into) {
    text("notify_on", into);
    if (into && !into->empty() && !notify_on_named(*into)) refuse("notify_on", "give failure, always, change or never");
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const json* member(const char* name) const {
    if (error_) return nullptr;
    const auto found = arguments_.find(name);
    return found == arguments_.end() ? nullptr : &*found;
  }
  void refuse(const char* name, std::string message) {
    error_ = invalid(std::move(message), below("", name), arguments_[name]);
  }

  const json& arguments_;
  std::optional<Error> error_;
};

std::optional<Error> check_action(const ActionDraft& action) {
  json given = json::array();
  if (action.tool) given.emplace_back("tool");
  if (action.message) given.emplace_back("message");
  if (action.prompt) given.emplace_back("prompt");
  if (action.steps) given.emplace_back("steps");
  if (action.pipeline) given.emplace_back("pipeline");
  if (given.size() > 1) {
    Error error{ErrorCode::one_action_needed, "give exactly one of tool, message, prompt, steps and pipeline"};
    error.received = std::move(given);
    return error;
  }
  if (action.arguments && (action.message || action.prompt || action.steps || action.pipeline))
    return invalid("arguments belong to a tool; those of steps and pipelines are called input", "/arguments");
  if (action.input && (action.message || action.tool))
    return invalid("input belongs to steps and pipelines; a tool's are called arguments", "/input");
  if (action.agent && (action.message || action.tool || action.steps || action.pipeline))
    return invalid("an agent answers a prompt; a step asks one by its member \"agent\"", "/agent", *action.agent);
  return std::nullopt;
}

// Options that a caller gives; null and "" clear one, so they pass here.
std::optional<Error> check_options(const json& options) {
  if (!options.is_object()) return invalid("options is an object", "/options", options);
  if (options.contains("lock")) return invalid("lock is an argument of its own, beside options", "/options/lock");
  json set = json::object();
  for (const auto& [name, value] : options.items())
    if (!value.is_null() && value != "") set[name] = value;
  if (auto error = unknown_member(options, kOptionNames, "/options")) return error;
  if (const auto read = read_options(set, "/options"); !read) return read.error();
  return std::nullopt;
}

}  // namespace

Result<TaskDraft> read_draft(const json& arguments) {
  if (!arguments.is_object()) return invalid("arguments are an object", "", arguments);
  if (auto error = unknown_member(arguments, kDraftNames, "")) return *error;
  TaskDraft draft;
  DraftReader read{arguments};
  read.text("when", draft.when);
  read.text("schedule_kind", draft.schedule_kind);
  read.text("schedule_expr", draft.schedule_expr);
  read.text("timezone", draft.timezone);
  read.text("tool", draft.action.tool);
  read.object("arguments", draft.action.arguments);
  read.text("message", draft.action.message, kDescriptionBytesMax);
  read.text("prompt", draft.action.prompt, kWorkBytesMax);
  read.text("agent", draft.action.agent);
  read.list("steps", draft.action.steps);
  read.text("pipeline", draft.action.pipeline);
  read.object("input", draft.action.input);
  read.text("description", draft.description, kDescriptionBytesMax);
  read.tags(draft.tags);
  read.priority(draft.priority);
  read.text("deadline", draft.deadline);
  read.object("dedupe", draft.dedupe);
  read.text("lock", draft.lock, kTagBytesMax);
  read.notify(draft.notify);
  read.notify_on(draft.notify_on);
  read.flag("paused", draft.paused);
  if (read.error()) return *read.error();
  if (auto error = check_action(draft.action)) return *error;
  if (arguments.contains("options")) {
    draft.options = arguments["options"];
    if (auto error = check_options(draft.options)) return *error;
  }
  if (draft.when && (draft.schedule_kind || draft.schedule_expr))
    return invalid("give when, or schedule_kind and schedule_expr, not both", "/schedule_kind");
  if (draft.schedule_kind.has_value() != draft.schedule_expr.has_value() && draft.schedule_kind != "manual")
    return invalid("schedule_kind and schedule_expr belong together",
                   draft.schedule_kind ? "/schedule_expr" : "/schedule_kind");
  return draft;
}

}  // namespace carillon
