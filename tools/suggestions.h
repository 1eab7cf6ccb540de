// Suggestions: values for an argument of a prompt or a variable of a resource, for what a person has typed so far.
//
// What begins with the typed text comes before what only contains it; case does not matter. A caller is only offered
// what it may read: its tenant's names, under the scope `read`, which whoever asks has checked. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/domain/caller.h"
#include "tools/ports.h"

namespace carillon::tools {

inline constexpr std::size_t kSuggestionsMax = 100;

struct SuggestCall {
  const Caller& caller;
  const Ports& ports;
  std::string typed;
  std::map<std::string, std::string> others;  // what was chosen before, by name
};

struct Suggestions {
  std::vector<std::string> values;  // at most kSuggestionsMax
  std::size_t total = 0;
};

using Suggest = Result<Suggestions> (*)(const SuggestCall&);

Result<Suggestions> suggest_tasks(const SuggestCall& call);
Result<Suggestions> suggest_tags(const SuggestCall& call);
Result<Suggestions> suggest_pipelines(const SuggestCall& call);    // and templates
Result<Suggestions> suggest_runs(const SuggestCall& call);         // newest first
Result<Suggestions> suggest_failed_runs(const SuggestCall& call);  // those that ended badly
Result<Suggestions> suggest_steps(const SuggestCall& call);        // of the run chosen as `id`
Result<Suggestions> suggest_servers(const SuggestCall& call);
Result<Suggestions> suggest_tools(const SuggestCall& call);  // of the server chosen as `server`, else server.tool
Result<Suggestions> suggest_zones(const SuggestCall& call);
Result<Suggestions> suggest_when(const SuggestCall& call);        // common phrases of the `when` language
Result<Suggestions> suggest_moments(const SuggestCall& call);     // today, tomorrow 09:00, in 7 days …
Result<Suggestions> suggest_state_keys(const SuggestCall& call);  // of the namespace chosen before
Result<Suggestions> suggest_guides(const SuggestCall& call);

}  // namespace carillon::tools
