#include "server/domain/pipeline/rehearsal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/pipeline/outline.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"

namespace carillon::pipeline {
namespace {

constexpr std::size_t kStepsMax = 2'000;  // of a rehearsal

// What a leaf is given, its templates not filled in.
json body_of(const Step& step) {
  if (is_container(step.kind)) return nullptr;
  if (auto call = call_of(step)) return std::move(call->arguments);
  if (step.kind == StepKind::child) return step.body.at("with");
  return step.body;
}

// Fills in what `known` has, text by text, and names what it has not.
class PartlyFilled {
 public:
  PartlyFilled(const json& known, const std::string& zone) : known_(known), zone_(zone) {}

  json fill(const json& value, const std::string& pointer) {
    if (value.is_string()) return fill_text(value, pointer);
    json filled = value;
    if (value.is_array())
      for (std::size_t i = 0; i < value.size(); ++i) filled[i] = fill(value[i], below(pointer, std::to_string(i)));
    if (value.is_object())
      for (const auto& [name, inner] : value.items()) filled[name] = fill(inner, below(pointer, name));
    return filled;
  }
  std::vector<std::string> open{};

 private:
  json fill_text(const json& text, const std::string& pointer) {
    const auto roots = check_template(text);
    const bool is_known =
        roots && std::all_of(roots->begin(), roots->end(), [&](const auto& root) { return known_.contains(root); });
    if (is_known)
      if (auto filled = render_template(text, known_, {.zone = zone_})) return *std::move(filled);
    open.push_back(pointer + ": " + text.get<std::string>());
    return text;
  }

  const json& known_;
  const std::string& zone_;
};

class Foreseeing {
 public:
  Foreseeing(const json& known, const std::string& zone) : known_(known), zone_(zone) {}

  void outermost(const std::vector<Step>& steps) {
    const auto stages = stages_of(steps);
    for (const Step& step : steps) {
      const auto has = [&](const auto& stage) { return std::find(stage.begin(), stage.end(), step.id) != stage.end(); };
      stage_ = static_cast<int>(std::find_if(stages.begin(), stages.end(), has) - stages.begin()) + 1;
      add(step, "");
    }
  }
  std::vector<RehearsedStep> found{};

 private:
  void add(const Step& step, const std::string& prefix) {
    PartlyFilled filled{known_, zone_};
    RehearsedStep row{.path = prefix + step.id, .step = &step, .stage = stage_};
    row.arguments = filled.fill(body_of(step), "");
    row.open = std::move(filled.open);
    const std::string path = row.path;
    found.push_back(std::move(row));
    for (std::size_t i = 0; i < step.branches.size(); ++i)
      for (const Step& inner : step.branches[i].steps) add(inner, path + between(step.kind, i));
  }
  static std::string between(StepKind kind, std::size_t branch) {
    if (kind == StepKind::map) return "[*].";
    return kind == StepKind::sequence ? "." : "." + std::to_string(branch) + ".";
  }

  const json& known_;
  const std::string& zone_;
  int stage_ = 1;
};

class Rehearsing {
 public:
  Rehearsing(const Pipeline& pipeline, const RunRoots& roots, const json& stubs, Instant now)
      : planner_(pipeline, roots, now), zone_(roots.zone), stubs_(stubs), now_(now) {}

  Rehearsal all() && {
    for (int stage = 1; !done_.is_cut; ++stage) {
      const Plan plan = planner_.plan(now_);
      done_.end = plan.end;
      if (plan.end || (plan.starts.empty() && plan.cancels.empty())) break;
      for (const std::string& path : plan.cancels)
        for (const StepEvent event : {StepEvent::ask_to_end, StepEvent::cancel}) apply({.path = path, .event = event});
      for (const Start& start : plan.starts) begin(start, stage);
    }
    for (RehearsedStep& row : done_.steps) row.state = planner_.state_of(row.path);
    return std::move(done_);
  }

 private:
  void begin(const Start& start, int stage) {
    if (done_.steps.size() == kStepsMax) {
      done_.is_cut = true;
      return;
    }
    RehearsedStep row{.path = start.path, .step = start.step, .stage = stage};
    const json roots = planner_.roots_of(start.path);
    apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt});
    auto arguments = render_template(body_of(*start.step), roots, {.zone = zone_});
    if (!arguments) {
      row.problem = arguments.error().message;
      row.arguments = body_of(*start.step);
      fail(start, ErrorClass::invalid_arguments, row.problem);
    } else {
      row.arguments = *std::move(arguments);
      end(start, row);
    }
    done_.steps.push_back(std::move(row));
  }

  void end(const Start& start, RehearsedStep& row) {
    const json* result = stub_of(start);
    const json by_itself{{"waited_until", to_rfc3339(now_)}};
    if (result == nullptr && (start.step->kind == StepKind::wait || start.is_undo)) result = &by_itself;
    if (result == nullptr) return done_.missing.push_back(start.path);
    if (!start.step->expect.empty()) {
      const auto expression = jmespath::compile(start.step->expect);
      const auto value = expression ? expression->evaluate(*result) : expression.error();
      if (!value || !jmespath::is_truthy(*value)) {
        row.problem = "its result is not as expected: " + start.step->expect;
        return fail(start, ErrorClass::expect_failed, row.problem);
      }
    }
    apply({.path = start.path, .event = StepEvent::finish, .attempt = start.attempt, .output = *result});
  }

  const json* stub_of(const Start& start) const {
    for (const std::string& name : {start.path, start.is_undo ? std::string{} : start.step->id})
      if (const auto found = stubs_.find(name); found != stubs_.end()) return &*found;
    return nullptr;
  }

  void fail(const Start& start, ErrorClass error_class, const std::string& message) {
    apply({.path = start.path,
           .event = StepEvent::fail,
           .attempt = start.attempt,
           .fault = {.error_class = error_class, .message = message}});
  }

  void apply(Record record) {
    now_ += Duration{1};
    record.at = now_;
    planner_.apply(record);
  }

  Planner planner_;
  const std::string zone_;
  const json& stubs_;
  Instant now_;
  Rehearsal done_{};
};

}  // namespace

std::vector<RehearsedStep> foreseen(const Pipeline& pipeline, const json& known, const std::string& zone) {
  Foreseeing foreseeing{known, zone};
  foreseeing.outermost(pipeline.steps);
  return std::move(foreseeing.found);
}

Rehearsal rehearse(const Pipeline& pipeline, const RunRoots& roots, const json& stubs, Instant now) {
  return Rehearsing{pipeline, roots, stubs, now}.all();
}

}  // namespace carillon::pipeline
