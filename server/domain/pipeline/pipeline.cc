#include "server/domain/pipeline/pipeline.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/domain/duration_text.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/json_schema/json_schema.h"
#include "server/domain/nearest.h"
#include "server/domain/pipeline/step_bodies.h"
#include "server/domain/refusal.h"
#include "server/domain/retry_json.h"
#include "server/domain/sensitive_values.h"
#include "server/domain/template.h"

namespace carillon::pipeline {
namespace {

constexpr auto kCommon = std::to_array<std::string_view>(
    {"id", "if", "needs", "timeout", "retry", "on_error", "expect", "undo", "save_as", "sensitive"});
constexpr std::size_t kParallelMax = 1000;

// What names a step elsewhere in its list, until the list is whole.
struct Said {
  std::optional<std::vector<std::string>> needs{};  // none: the step before
  std::string on_error{};                           // an id
};

Error duplicate(const std::string& name, std::string pointer) {
  return invalid("there is another step called \"" + name + "\"", std::move(pointer), name);
}

class Reader {
 public:
  explicit Reader(const Limits& limits) : limits_(limits) {}

  Result<std::vector<Step>> list(const json& value, const std::string& pointer, std::size_t depth) {
    if (!value.is_array() || value.empty()) return invalid("give a list of at least one step", pointer, value);
    if (depth > limits_.nesting_max)
      return Error{ErrorCode::too_large, "steps nest at most " + std::to_string(limits_.nesting_max) + " deep", pointer,
                   depth};
    std::vector<Step> steps;
    std::vector<Said> said;
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto step = read(value[i], below(pointer, std::to_string(i)), depth);
      if (!step) return step.error();
      steps.push_back(std::move(step->first));
      said.push_back(std::move(step->second));
    }
    if (auto error = resolve(steps, said, pointer)) return *error;
    if (auto error = find_circle(steps, pointer)) return *error;
    return steps;
  }

 private:
  Result<std::pair<Step, Said>> read(const json& value, const std::string& pointer, std::size_t depth) {
    if (!value.is_object()) return invalid("a step is an object", pointer, value);
    if (++count_ > limits_.steps_max)
      return Error{ErrorCode::too_large, "a pipeline has at most " + std::to_string(limits_.steps_max) + " steps",
                   pointer, count_};
    std::pair<Step, Said> read;
    auto& [step, said] = read;
    step.pointer = pointer;
    if (auto error = read_kind(step, value, pointer)) return *error;
    if (auto error = read_names(step, value, pointer)) return *error;
    if (auto error = read_expressions(step, value, pointer)) return *error;
    if (auto error = read_policies(step, value, pointer)) return *error;
    if (auto error = read_links(step, said, value, pointer)) return *error;
    auto body = read_body(step.kind, value, pointer);
    if (!body) return body.error();
    step.body = *std::move(body);
    if (auto error = read_branches(step, value, pointer, depth)) return *error;
    if (auto error = read_undo(step, value, pointer)) return *error;
    return read;
  }

  static std::optional<Error> read_kind(Step& step, const json& value, const std::string& pointer) {
    std::vector<std::string_view> given;
    for (std::size_t i = 0; i < kStepKindMembers.size(); ++i) {
      if (!value.contains(kStepKindMembers[i])) continue;
      given.push_back(kStepKindMembers[i]);
      step.kind = static_cast<StepKind>(i);
    }
    if (given.size() > 1)
      return invalid(
          "a step has one kind, not both \"" + std::string(given[0]) + "\" and \"" + std::string(given[1]) + "\"",
          below(pointer, given[1]));
    std::vector<std::string_view> known{kCommon.begin(), kCommon.end()};
    if (given.empty()) {
      known.insert(known.end(), kStepKindMembers.begin(), kStepKindMembers.end());
      if (auto error = unknown_member(value, known, pointer)) return error;
      Error error = invalid("a step needs a kind", pointer);
      for (const auto member : kStepKindMembers) error.try_instead.push_back(member);
      return error;
    }
    known.push_back(given[0]);
    const auto own = own_members(step.kind);
    known.insert(known.end(), own.begin(), own.end());
    return unknown_member(value, known, pointer);
  }

  std::optional<Error> read_names(Step& step, const json& value, const std::string& pointer) {
    const auto name = [&](const char* member) -> std::optional<std::string> {
      const json said = value.value(member, json());
      if (!said.is_string() || !is_step_name(said.get_ref<const std::string&>())) return std::nullopt;
      return said.get<std::string>();
    };
    const auto id = name("id");
    if (!id)
      return invalid("a step needs an id of letters, digits and _ that begins with no digit", below(pointer, "id"),
                     value.value("id", json()));
    step.id = *id;
    if (!names_.insert(step.id).second) return duplicate(step.id, below(pointer, "id"));
    if (!value.contains("save_as")) return std::nullopt;
    const auto alias = name("save_as");
    if (!alias) return invalid("`save_as` is a name like a step's id", below(pointer, "save_as"), value["save_as"]);
    step.save_as = *alias;
    if (step.save_as != step.id && !names_.insert(step.save_as).second)
      return duplicate(step.save_as, below(pointer, "save_as"));
    return std::nullopt;
  }

  static std::optional<Error> read_expression(std::string& into, const json& value, const char* member,
                                              const std::string& pointer) {
    if (!value.contains(member)) return std::nullopt;
    const json& said = value[member];
    if (!said.is_string()) return invalid("give a JMESPath expression", below(pointer, member), said);
    into = bare_expression(said.get_ref<const std::string&>());
    if (const auto expression = jmespath::compile(into); !expression) {
      Error error = expression.error();
      error.pointer = below(pointer, member);
      return error;
    }
    return std::nullopt;
  }

  static std::optional<Error> read_expressions(Step& step, const json& value, const std::string& pointer) {
    if (auto error = read_expression(step.condition, value, "if", pointer)) return error;
    return read_expression(step.expect, value, "expect", pointer);
  }

  static std::optional<Error> read_policies(Step& step, const json& value, const std::string& pointer) {
    // What a list gives is made by its steps, a wait and an event cannot fail for a while, and what Carillon does
    // itself calls nobody.
    static constexpr auto kOfList = std::to_array<std::string_view>({"retry", "expect", "sensitive"});
    static constexpr auto kOfChild = std::to_array<std::string_view>({"retry", "sensitive"});
    static constexpr auto kOfWait = std::to_array<std::string_view>({"retry", "expect", "sensitive", "timeout"});
    static constexpr auto kOfAgent = std::to_array<std::string_view>({"retry", "sensitive"});
    static constexpr auto kOfState = std::to_array<std::string_view>({"expect", "sensitive", "timeout"});
    const auto refuse = [&](const auto& members, const char* where) -> std::optional<Error> {
      for (const auto member : members)
        if (value.contains(member))
          return invalid("a step with \"" + std::string(member_of(step.kind)) + "\" has no \"" + std::string(member) +
                             "\"" + where,
                         below(pointer, member));
      return std::nullopt;
    };
    if (is_container(step.kind))
      if (auto error = refuse(kOfList, "; give it to the steps inside")) return error;
    if (step.kind == StepKind::child)
      if (auto error = refuse(kOfChild, "; give it to the steps inside")) return error;
    if (step.kind == StepKind::wait || step.kind == StepKind::event || step.kind == StepKind::signal ||
        step.kind == StepKind::approval)
      if (auto error = refuse(kOfWait, "")) return error;
    if (step.kind == StepKind::agent) {
      if (auto error = refuse(kOfAgent, "")) return error;
      if (value.contains("timeout"))
        return invalid("how long an agent has says `within`, inside \"agent\"", below(pointer, "timeout"),
                       value["timeout"]);
    }
    if (step.kind == StepKind::state)
      if (auto error = refuse(kOfState, "")) return error;
    if (value.contains("timeout")) {
      const std::string here = below(pointer, "timeout");
      if (!value["timeout"].is_string()) return invalid("a timeout is a duration", here, value["timeout"]);
      const auto timeout = read_duration(value["timeout"].get<std::string>(), here);
      if (!timeout) return timeout.error();
      if (timeout->count() <= 0) return invalid("a timeout is longer than nothing", here, value["timeout"]);
      step.timeout = *timeout;
    }
    if (value.contains("retry")) {
      const auto retry = read_retry(value["retry"], below(pointer, "retry"));
      if (!retry) return retry.error();
      step.retry = *retry;
    }
    if (!value.contains("sensitive")) return std::nullopt;
    const std::string here = below(pointer, "sensitive");
    if (!value["sensitive"].is_array()) return invalid("give a list of JSON pointers", here, value["sensitive"]);
    for (const json& each : value["sensitive"]) {
      if (!each.is_string() || !is_json_pointer(each.get_ref<const std::string&>()))
        return invalid("a JSON pointer is empty or begins with \"/\", and has ~0 and ~1 alone behind a tilde", here,
                       each);
      step.sensitive.push_back(each);
    }
    return std::nullopt;
  }

  static std::optional<Error> read_links(Step& step, Said& said, const json& value, const std::string& pointer) {
    if (value.contains("needs")) {
      const json& needs = value["needs"];
      const bool fits = needs.is_array() &&
                        std::all_of(needs.begin(), needs.end(), [](const json& each) { return each.is_string(); });
      if (!fits) return invalid("`needs` is a list of steps' ids", below(pointer, "needs"), needs);
      said.needs = needs.get<std::vector<std::string>>();
    }
    const json on_error = value.value("on_error", json("fail"));
    if (!on_error.is_string())
      return invalid("`on_error` is \"fail\", \"continue\" or the id of a later step", below(pointer, "on_error"),
                     on_error);
    if (on_error == "continue") step.on_error.what = AfterError::go_on;
    if (on_error != "continue" && on_error != "fail") said.on_error = on_error;
    return std::nullopt;
  }

  std::optional<Error> read_branches(Step& step, const json& value, const std::string& pointer, std::size_t depth) {
    switch (step.kind) {
      case StepKind::sequence:
        return add_branch(step, value["sequence"], below(pointer, "sequence"), depth);
      case StepKind::parallel:
        return read_parallel(step, value, pointer, depth);
      case StepKind::map:
        return read_map(step, value, pointer, depth);
      case StepKind::choice:
        return read_switch(step, value["switch"], below(pointer, "switch"), depth);
      default:
        return std::nullopt;
    }
  }

  std::optional<Error> add_branch(Step& step, const json& steps, const std::string& pointer, std::size_t depth) {
    auto inner = list(steps, pointer, depth + 1);
    if (!inner) return inner.error();
    step.branches.push_back({"", *std::move(inner)});
    return std::nullopt;
  }

  std::optional<Error> read_parallel(Step& step, const json& value, const std::string& pointer, std::size_t depth) {
    const json& branches = value["parallel"];
    const std::string here = below(pointer, "parallel");
    if (!branches.is_array() || branches.empty()) return invalid("give a list of branches", here, branches);
    for (std::size_t i = 0; i < branches.size(); ++i) {
      // A branch of one step may be written as that step.
      const bool alone = branches[i].is_object();
      auto inner = list(alone ? json::array({branches[i]}) : branches[i], below(here, std::to_string(i)), depth + 1);
      if (!inner) return inner.error();
      step.branches.push_back({"", *std::move(inner)});
    }
    const json fail_fast = value.value("fail_fast", json(true));
    if (!fail_fast.is_boolean()) return invalid("`fail_fast` is true or false", below(pointer, "fail_fast"), fail_fast);
    step.join.fail_fast = fail_fast.get<bool>();
    return read_join(step, value.value("join", json("all")), below(pointer, "join"));
  }

  static std::optional<Error> read_join(Step& step, const json& join, const std::string& pointer) {
    if (join == "all" || join == "any" || join == "majority") {
      step.join.kind = join == "all" ? JoinKind::all : join == "any" ? JoinKind::any : JoinKind::majority;
      return std::nullopt;
    }
    const json least = join.is_object() && join.size() == 1 ? join.value("at_least", json()) : json();
    if (!least.is_number_integer() || least < 1 || least > step.branches.size()) {
      Error error = invalid("`join` says how many branches have to succeed", pointer, join);
      error.try_instead = {"all", "any", "majority", json{{"at_least", 1}}};
      return error;
    }
    step.join.kind = JoinKind::at_least;
    step.join.least = least.get<std::size_t>();
    return std::nullopt;
  }

  std::optional<Error> read_map(Step& step, const json& value, const std::string& pointer, std::size_t depth) {
    const json& items = value["map"];
    if (!items.is_array() && !items.is_string())
      return invalid("`map` is a list, or a template that gives one: \"${steps.issues}\"", below(pointer, "map"),
                     items);
    if (const auto roots = check_template(items); !roots) {
      Error error = roots.error();
      error.pointer = below(pointer, "map") + error.pointer;
      return error;
    }
    step.body = items;
    const json as = value.value("as", json("item"));
    if (!as.is_string() || !is_step_name(as.get_ref<const std::string&>()))
      return invalid("`as` is a name like a step's id", below(pointer, "as"), as);
    step.item = as;
    const json at_once = value.value("max_parallel", json(step.max_parallel));
    if (!at_once.is_number_integer() || at_once < 1 || at_once > kParallelMax)
      return invalid("`max_parallel` is a whole number from 1 to 1000", below(pointer, "max_parallel"), at_once);
    step.max_parallel = at_once.get<std::size_t>();
    return add_branch(step, value.value("do", json()), below(pointer, "do"), depth);
  }

  std::optional<Error> read_switch(Step& step, const json& branches, const std::string& pointer, std::size_t depth) {
    static constexpr auto kKnown = std::to_array<std::string_view>({"if", "do", "else"});
    if (!branches.is_array() || branches.empty()) return invalid("give a list of branches", pointer, branches);
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const std::string here = below(pointer, std::to_string(i));
      const json& branch = branches[i];
      if (!branch.is_object()) return invalid(R"(a branch is {"if", "do"} or {"else"})", here, branch);
      if (auto error = unknown_member(branch, kKnown, here)) return error;
      const bool otherwise = branch.contains("else");
      if (otherwise == (branch.contains("if") || branch.contains("do")) || (!otherwise && !branch.contains("if")))
        return invalid(R"(a branch is {"if", "do"} or {"else"})", here, branch);
      if (otherwise && i + 1 < branches.size()) return invalid("`else` is the last branch", below(here, "else"));
      std::string condition;
      if (auto error = read_expression(condition, branch, "if", here)) return error;
      const char* steps = otherwise ? "else" : "do";
      if (auto error = add_branch(step, branch.value(steps, json()), below(here, steps), depth)) return error;
      step.branches.back().condition = std::move(condition);
    }
    return std::nullopt;
  }

  // The body of a step without an id of its own.
  std::optional<Error> read_undo(Step& step, const json& value, const std::string& pointer) {
    if (!value.contains("undo")) return std::nullopt;
    const std::string here = below(pointer, "undo");
    static constexpr auto kForeign =
        std::to_array<std::string_view>({"id", "if", "needs", "on_error", "undo", "save_as"});
    if (!value["undo"].is_object()) return invalid("an undo is a step without an id", here, value["undo"]);
    Step undo;
    if (auto error = read_kind(undo, value["undo"], here)) return error;
    for (const auto member : kForeign)
      if (value["undo"].contains(member))
        return invalid("an undo has no \"" + std::string(member) + "\"", below(here, member));
    if (is_container(undo.kind)) return invalid("an undo is one step, not a list", here);
    if (undo.kind == StepKind::signal || undo.kind == StepKind::approval || undo.kind == StepKind::agent)
      return invalid("an undo waits for nobody", below(here, member_of(undo.kind)));
    if (auto error = read_expressions(undo, value["undo"], here)) return error;
    if (auto error = read_policies(undo, value["undo"], here)) return error;
    auto body = read_body(undo.kind, value["undo"], here);
    if (!body) return body.error();
    undo.id = step.id;
    undo.pointer = here;
    undo.body = *std::move(body);
    step.undo.push_back(std::move(undo));
    return std::nullopt;
  }

  static std::optional<Error> resolve(std::vector<Step>& steps, const std::vector<Said>& said,
                                      const std::string& pointer) {
    std::map<std::string, std::size_t, std::less<>> places;
    std::vector<std::string_view> ids;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      places.emplace(steps[i].id, i);
      ids.emplace_back(steps[i].id);
    }
    const auto find = [&](const std::string& id, const std::string& at) -> Result<std::size_t> {
      const auto place = places.find(id);
      if (place != places.end()) return place->second;
      const auto close = nearest(id, ids);
      return invalid("there is no step \"" + id + "\" in this list" + did_you_mean(close), at, id);
    };
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::string here = below(pointer, std::to_string(i));
      if (!said[i].needs && i > 0) steps[i].needs.push_back(i - 1);
      for (std::size_t n = 0; said[i].needs && n < said[i].needs->size(); ++n) {
        const auto place = find((*said[i].needs)[n], below(below(here, "needs"), std::to_string(n)));
        if (!place) return place.error();
        steps[i].needs.push_back(*place);
      }
      if (said[i].on_error.empty()) continue;
      const auto target = find(said[i].on_error, below(here, "on_error"));
      if (!target) return target.error();
      if (*target <= i) return invalid("`on_error` leads to a later step", below(here, "on_error"), said[i].on_error);
      steps[i].on_error = {AfterError::go_to, *target};
    }
    return std::nullopt;
  }

  // A circle of needs, told by the ids along it. A step that errors lead to comes after those whose errors they are.
  static std::optional<Error> find_circle(const std::vector<Step>& steps, const std::string& pointer) {
    enum class Mark { fresh, open, done };
    std::vector<Mark> marks(steps.size(), Mark::fresh);
    std::vector<std::size_t> path;
    std::vector<std::vector<std::size_t>> before(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      before[i].insert(before[i].end(), steps[i].needs.begin(), steps[i].needs.end());
      if (steps[i].on_error.what == AfterError::go_to) before[steps[i].on_error.target].push_back(i);
    }
    const auto visit = [&](const auto& self, std::size_t place) -> bool {
      if (marks[place] == Mark::done) return false;
      path.push_back(place);
      if (marks[place] == Mark::open) return true;
      marks[place] = Mark::open;
      for (const std::size_t earlier : before[place])
        if (self(self, earlier)) return true;
      marks[place] = Mark::done;
      path.pop_back();
      return false;
    };
    for (std::size_t i = 0; i < steps.size(); ++i) {
      path.clear();
      if (!visit(visit, i)) continue;
      std::string names;
      for (auto each = std::find(path.begin(), path.end(), path.back()); each != path.end(); ++each)
        names += (names.empty() ? "" : " after ") + steps[*each].id;
      return invalid("these steps wait for each other: " + names,
                     below(below(pointer, std::to_string(path.back())), "needs"));
    }
    return std::nullopt;
  }

  const Limits limits_;
  std::size_t count_ = 0;
  std::set<std::string> names_;
};

std::optional<Error> read_frame(Pipeline& pipeline, const json& definition, const std::string& pointer) {
  if (definition.contains("description")) {
    if (!definition["description"].is_string())
      return invalid("a description is a text", below(pointer, "description"), definition["description"]);
    pipeline.description = definition["description"];
  }
  if (definition.contains("inputs")) {
    pipeline.inputs = definition["inputs"];
    if (const auto schema = json_schema::compile(pipeline.inputs); !schema) {
      Error error = schema.error();
      error.pointer = below(pointer, "inputs") + error.pointer;
      return error;
    }
  }
  if (definition.contains("output")) {
    pipeline.output = definition["output"];
    if (const auto roots = check_template(pipeline.output); !roots) {
      Error error = roots.error();
      error.pointer = below(pointer, "output") + error.pointer;
      return error;
    }
  }
  return std::nullopt;
}

void add_leaves(std::vector<const Step*>& leaves, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (!is_container(step.kind)) leaves.push_back(&step);
    for (const Branch& branch : step.branches) add_leaves(leaves, branch.steps);
    add_leaves(leaves, step.undo);
  }
}

}  // namespace

std::vector<const Step*> leaves_of(const Pipeline& pipeline) {
  std::vector<const Step*> leaves;
  add_leaves(leaves, pipeline.steps);
  return leaves;
}

std::size_t needed_branches(const Join& join, std::size_t branches) {
  switch (join.kind) {
    case JoinKind::all:
      return branches;
    case JoinKind::any:
      return 1;
    case JoinKind::majority:
      return branches / 2 + 1;
    case JoinKind::at_least:
      return join.least;
  }
  return branches;
}

Result<Pipeline> read_pipeline(const json& definition, std::string_view pointer, const Limits& limits) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"steps", "inputs", "output", "description"});
  const std::string here{pointer};
  if (!definition.is_object()) return invalid("a pipeline is an object with steps", here, definition);
  if (const std::size_t bytes = definition.dump(-1, ' ', false, json::error_handler_t::replace).size();
      bytes > limits.bytes_max)
    return Error{ErrorCode::too_large,
                 "a definition has at most " + std::to_string(limits.bytes_max) +
                     " bytes; give what is large as input, or keep it in the state",
                 below(here, "steps"), bytes};
  if (auto error = unknown_member(definition, kKnown, here)) return *error;
  Pipeline pipeline;
  if (auto error = read_frame(pipeline, definition, here)) return *error;
  auto steps = Reader{limits}.list(definition.value("steps", json()), below(here, "steps"), 1);
  if (!steps) return steps.error();
  pipeline.steps = *std::move(steps);
  return pipeline;
}

}  // namespace carillon::pipeline
