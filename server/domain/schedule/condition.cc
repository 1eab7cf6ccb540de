#include "server/domain/schedule/condition.h"

#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"

namespace carillon {
namespace {

// Tells one result from the next (FNV-1a and the length). Nobody gains by making two results look alike, so it need not
// withstand anybody. Members are sorted by name, so their order does not matter.
std::string digest_of(const json& result) {
  const std::string text = result.dump(-1, ' ', false, json::error_handler_t::replace);
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01b3ULL;
  return std::to_string(hash) + "/" + std::to_string(text.size());
}

}  // namespace

Result<ConditionLook> look_at(const ConditionTrigger& trigger, const json& result, const ConditionMemory& before) {
  if (trigger.where.empty()) {
    const std::string digest = digest_of(result);
    const bool changed = !before.last.empty() && before.last != digest;
    return ConditionLook{changed ? ConditionLook::Verdict::fire : ConditionLook::Verdict::wait, {digest}};
  }
  const auto expression = jmespath::compile(trigger.where);
  if (!expression) return expression.error();
  const auto value = expression->evaluate(result);
  if (!value) return value.error();
  const bool holds = jmespath::is_truthy(*value);
  const bool fires = holds && (trigger.fires == ConditionTrigger::Fires::level || before.last != "true");
  return ConditionLook{fires ? ConditionLook::Verdict::fire : ConditionLook::Verdict::wait, {holds ? "true" : "false"}};
}

}  // namespace carillon
