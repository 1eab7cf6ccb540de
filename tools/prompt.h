// A prompt is a row: everything that is known of it, once (as a tool is, tool.h).
//
// A prompt resolves to one short text with the facts of this moment in it, so that it works in hosts that never read
// resources. A writer asks the engine and writes; required arguments are there. What downstream tools said is quoted as
// data. Tools are named between backticks, so that a prefix can go before them.
//
// Rows are constants. Writers are called from many threads at once and hold no state.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/domain/caller.h"
#include "tools/ports.h"
#include "tools/suggestions.h"

namespace carillon::tools {

inline constexpr std::size_t kPromptCharsMax = 8'000;  // about 2,000 tokens; facts are shortened to fit

enum class Presence { required, optional };

struct PromptArgument {
  std::string_view name;
  std::string_view summary;
  Presence presence = Presence::optional;
  Suggest suggest = nullptr;
};

struct PromptCall {
  const Caller& caller;
  const Ports& ports;
  const std::map<std::string, std::string>& arguments;
  // What was given, else `otherwise`.
  std::string value(const char* name, std::string otherwise = "") const {
    const auto found = arguments.find(name);
    return found == arguments.end() || found->second.empty() ? std::move(otherwise) : found->second;
  }
};

struct Prompt {
  std::string_view name;
  std::string_view title;
  std::string_view summary;
  Scope scope = Scope::read;
  std::span<const PromptArgument> arguments{};
  std::string_view example;  // arguments that would work, as JSON
  Result<std::string> (*write)(const PromptCall&);
};

// Every row, in the order of the listing.
std::span<const Prompt> all_prompts();
const Prompt* find_prompt(std::string_view name);

// The families (one file each), as all_prompts() joins them.
std::span<const Prompt> review_prompts();    // what happened, and why
std::span<const Prompt> planning_prompts();  // what is to happen

}  // namespace carillon::tools
