// Work: what a step asks an agent to do, and who may take it (spec tools.md §9). It is nobody's while nobody has
// claimed it, or the claim has ended; a claim is a lease and its end is a moment, so a holder that has died keeps
// nothing.
//
// {"name"?: agent, "prompt", "data"?: object, "within"?: duration}: the prompt is the instruction, and what other
// programs gave belongs into `data`, so that nobody takes it for one. Without a name any agent may take it.
//
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/caller.h"

namespace carillon {

inline constexpr Duration kClaimLength = std::chrono::minutes{15};
inline constexpr std::size_t kWorkBytesMax = 32'000;  // prompt and data together: whoever claims it gets them whole
inline constexpr std::size_t kWorkAnswerBytesMax = 1'000'000;  // as JSON

inline constexpr std::string_view kAgentNameRule = "an agent's name has 1 to 64 letters, digits, - _ and .";
bool is_agent_name(std::string_view name);

struct WorkRequest {
  std::string agent{};  // empty: whoever takes it
  std::string prompt{};
  json data = json::object();
  std::optional<Duration> within{};  // none: for ever
};

// Of a step's body; the texts may still hold templates. Errors: arguments_invalid with a pointer below `pointer`.
Result<WorkRequest> read_work(const json& body, std::string_view pointer);
// Of a body whose templates are filled in. Errors: too_large, arguments_invalid for a NUL, below `pointer`.
Status check_work(const WorkRequest& request, std::string_view pointer);

// "agent scout", "any agent".
std::string whose(const std::string& agent);
// "agent scout: Review the change", for people; a long prompt is cut.
std::string brief_work(const std::string& agent, const std::string& prompt);
// The agent that is named, any where none is, and always a person.
bool may_work(const Caller& caller, const std::string& agent);

struct Claim {
  std::string by;
  Instant until{};
};
// Whether the claim keeps others from it at that moment.
bool is_held(const std::optional<Claim>& claim, Instant now);
// Whether it is somebody else's than `name` at that moment.
bool is_anothers(const std::optional<Claim>& claim, std::string_view name, Instant now);

}  // namespace carillon
