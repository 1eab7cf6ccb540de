#include "server/domain/ordinaut_steps.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/refusal.h"

namespace carillon {

namespace {

constexpr std::string_view kApproval = "orchestrator.request_approval";
constexpr auto kModelTools = std::to_array<std::string_view>({"llm.plan", "llm.generate", "llm.generate_followups"});
constexpr double kHoursMax = 24.0 * 365;

class StepRewriter {
 public:
  StepRewriter(json step, std::string pointer, std::vector<std::string>& notes)
      : step_(std::move(step)), pointer_(std::move(pointer)), notes_(notes) {}

  Result<json> rewrite(std::size_t number) {
    name(number);
    if (auto error = seconds()) return *error;
    if (auto error = retries()) return *error;
    const json uses = step_.value("uses", json());
    if (uses == kApproval) return ask();
    if (uses.is_string() && uses.get_ref<const std::string&>().starts_with("llm.")) model();
    return step_;
  }

 private:
  void note(std::string text) {
    if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) notes_.push_back(std::move(text));
  }

  void name(std::size_t number) {
    if (!step_.contains("id")) step_["id"] = "step_" + std::to_string(number);
    if (!step_["id"].is_string()) return;
    std::string id = step_["id"].get<std::string>();
    for (char& c : id)
      if (c == '-' || c == ' ' || c == '.') c = '_';
    if (!id.empty() && id.front() >= '0' && id.front() <= '9') id.insert(0, "_");
    if (id == step_["id"]) return;
    note("the step " + step_["id"].get<std::string>() + " is called " + id + " here");
    step_["id"] = std::move(id);
  }

  // Ordinaut counts a step's timeout in seconds.
  std::optional<Error> seconds() {
    if (!step_.contains("timeout_seconds")) return std::nullopt;
    const json given = step_["timeout_seconds"];
    if (!given.is_number_integer() || given.get<std::int64_t>() <= 0)
      return invalid("give whole seconds", below(pointer_, "timeout_seconds"), given);
    step_["timeout"] = std::to_string(given.get<std::int64_t>()) + "s";
    step_.erase("timeout_seconds");
    return std::nullopt;
  }

  std::optional<Error> retries() {
    if (!step_.contains("max_retries")) return std::nullopt;
    const json given = step_["max_retries"];
    if (!given.is_number_integer() || given.get<std::int64_t>() < 0 || given.get<std::int64_t>() >= 100)
      return invalid("give a number of retries from 0 to 99", below(pointer_, "max_retries"), given);
    if (step_.contains("retry"))
      return invalid("give retry or max_retries, not both", below(pointer_, "max_retries"), given);
    step_["retry"] = {{"max_attempts", given.get<std::int64_t>() + 1}};
    step_.erase("max_retries");
    return std::nullopt;
  }

  Result<json> ask() {
    const std::string here = below(pointer_, "with");
    json with = step_.value("with", json::object());
    if (!with.is_object()) return invalid("`with` is an object", here, with);
    json approval{{"on_reject", "continue"}};
    if (with.contains("message")) approval["message"] = with["message"];
    with.erase("message");
    if (with.contains("timeout_hours")) {
      const json hours = with["timeout_hours"];
      if (!hours.is_number() || hours.get<double>() <= 0 || hours.get<double>() > kHoursMax)
        return invalid("give a number of hours", below(here, "timeout_hours"), hours);
      approval["within"] = std::to_string(static_cast<std::int64_t>(hours.get<double>() * 3600)) + "s";
      approval["on_expiry"] = "reject";
      with.erase("timeout_hours");
    }
    if (with.contains("data")) {
      with["items"] = std::move(with["data"]);
      with.erase("data");
    }
    if (!with.empty()) approval["arguments"] = std::move(with);
    step_["approval"] = std::move(approval);
    step_.erase("uses");
    step_.erase("with");
    note(std::string(kApproval) + " is a step of the kind approval here, decided by a person");
    return step_;
  }

  void model() {
    const std::string uses = step_["uses"];
    if (std::find(kModelTools.begin(), kModelTools.end(), uses) != kModelTools.end()) return;
    const json with = step_.value("with", json::object());
    if (!with.is_object()) return;
    const bool instructs = with.contains("instruction");
    if (!instructs && !with.contains("prompt")) return;  // nothing says what the model is to do: it is an unknown tool
    step_["uses"] = instructs ? "llm.plan" : "llm.generate";
    note(uses + " is called " + step_["uses"].get<std::string>() + " here");
  }

  json step_;
  const std::string pointer_;
  std::vector<std::string>& notes_;
};

}  // namespace

Result<json> from_ordinaut_steps(const json& steps, const std::string& pointer, std::vector<std::string>& notes) {
  json rewritten = json::array();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string here = below(pointer, std::to_string(i));
    if (!steps[i].is_object()) return invalid("a step is an object with id, uses and with", here, steps[i]);
    auto step = StepRewriter{steps[i], here, notes}.rewrite(i + 1);
    if (!step) return step.error();
    rewritten.push_back(*std::move(step));
  }
  return rewritten;
}

}  // namespace carillon
