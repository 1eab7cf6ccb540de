#include "tests/domain/pipeline/model.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace carillon::pipeline::test {
namespace {

// partial: some call that should have been made was not, or was cut short; right where something else ended the list.
enum class Fate { ok, skipped, failed, unknown, partial };

class Walk {
 public:
  Walk(const json& input, const Outcomes& outcomes) : input_(input), outcomes_(outcomes) {}

  Fate list(const json& steps, const std::string& prefix) {
    std::map<std::string, Fate> fates;
    std::map<std::string, bool> bypassed;
    std::set<std::string> targets;
    Fate whole = Fate::ok;
    std::string before;
    for (const json& step : steps) {
      const std::string id = step["id"];
      std::vector<std::string> needs;
      if (step.contains("needs"))
        needs = step["needs"].get<std::vector<std::string>>();
      else if (!before.empty())
        needs = {before};
      before = id;
      bool reachable = true, past = false;
      for (const auto& need : needs) {
        reachable = reachable && fates.count(need) != 0;
        past = past || bypassed[need] || leads_away(steps, need, fates);
      }
      if (!reachable) continue;  // a need failed, or was not reached itself
      if (past && targets.count(id) == 0) {
        bypassed[id] = true;
        fates[id] = Fate::skipped;
        continue;
      }
      const Fate fate = one(step, prefix, fates);
      const std::string on_error = step.value("on_error", "fail");
      const bool is_bad = fate == Fate::failed || fate == Fate::unknown;
      if (is_bad && on_error != "fail") {
        if (on_error != "continue") targets.insert(on_error);
        fates[id] = fate;
      } else if (is_bad) {
        if (whole != Fate::unknown) whole = fate;
      } else if (fate == Fate::partial) {
        if (whole == Fate::ok) whole = Fate::partial;
      } else {
        fates[id] = fate;
      }
    }
    return whole;
  }

 private:
  static bool leads_away(const json& steps, const std::string& id, const std::map<std::string, Fate>& fates) {
    const auto fate = fates.find(id);
    if (fate == fates.end() || (fate->second != Fate::failed && fate->second != Fate::unknown)) return false;
    for (const json& step : steps)
      if (step["id"] == id) return step.value("on_error", "fail") != "continue";
    return false;
  }

  // "input.yes", "input.no", or "steps.x != `null`" of a step of the list.
  bool holds(const json& step, const std::map<std::string, Fate>& fates) {
    if (!step.contains("if")) return true;
    const std::string condition = step["if"];
    if (condition.starts_with("input.")) return input_.value(condition.substr(6), false);
    const std::string named = condition.substr(6, condition.find(' ') - 6);
    const auto fate = fates.find(named);
    return fate != fates.end() && fate->second == Fate::ok;  // values of calls are never null
  }

  Fate one(const json& step, const std::string& prefix, const std::map<std::string, Fate>& fates) {
    const std::string path = prefix + step["id"].get<std::string>();
    if (!holds(step, fates)) return Fate::skipped;
    if (step.contains("uses")) {
      const auto outcome = outcomes_.find(path);
      if (outcome == outcomes_.end()) return Fate::partial;
      return outcome->second == StepState::succeeded ? Fate::ok
             : outcome->second == StepState::failed  ? Fate::failed
                                                     : Fate::unknown;
    }
    if (step.contains("sequence")) return list(step["sequence"], path + ".");
    if (step.contains("switch")) return choice(step, path);
    if (step.contains("map")) return map(step, path);
    return parallel(step, path);
  }

  Fate choice(const json& step, const std::string& path) {
    const json& first = step["switch"][0];
    const bool taken = input_.value(first["if"].get<std::string>().substr(6), false);
    return taken ? list(first["do"], path + ".0.") : list(step["switch"][1]["else"], path + ".1.");
  }

  // What is not known outweighs what has failed, whichever came first.
  Fate map(const json& step, const std::string& path) {
    Fate whole = Fate::ok;
    for (std::size_t i = 0; i < step["map"].size(); ++i) {
      const Fate fate = list(step["do"], path + "[" + std::to_string(i) + "].");
      if (fate == Fate::ok) continue;
      if (fate == Fate::partial) {
        if (whole == Fate::ok) whole = Fate::partial;
        continue;
      }
      if (step.value("on_error", "fail") == "continue") continue;
      if (whole != Fate::unknown) whole = fate;
    }
    return whole;
  }

  Fate parallel(const json& step, const std::string& path) {
    std::size_t good = 0, partial = 0;
    Fate bad = Fate::ok;
    const json& branches = step["parallel"];
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const Fate fate = list(branches[i], path + "." + std::to_string(i) + ".");
      good += fate == Fate::ok ? 1 : 0;
      partial += fate == Fate::partial ? 1 : 0;
      if (fate != Fate::failed && fate != Fate::unknown) continue;
      if (bad != Fate::unknown) bad = fate;
    }
    const json& join = step["join"];
    const std::size_t needed = join == "all"        ? branches.size()
                               : join == "any"      ? 1
                               : join == "majority" ? branches.size() / 2 + 1
                                                    : join["at_least"].get<std::size_t>();
    if (good >= needed) return Fate::ok;
    if (bad != Fate::ok && good + partial < needed + (step["fail_fast"].get<bool>() ? branches.size() : 0)) return bad;
    return partial > 0 && bad != Fate::unknown ? Fate::partial : bad;  // in a run that had failed before it was decided
  }

  const json& input_;
  const Outcomes& outcomes_;
};

}  // namespace

Judgement judge(const json& pipeline, const json& input, const Outcomes& outcomes) {
  Walk walk{input, outcomes};
  const Fate fate = walk.list(pipeline["steps"], "");
  switch (fate) {
    case Fate::ok:
      return {"", "succeeded"};
    case Fate::failed:
      return {"", "failed"};
    case Fate::unknown:
      return {"", "unknown"};
    default:
      return {"a call was never made or never ended, and nothing says why", ""};
  }
}

}  // namespace carillon::pipeline::test
