// What of a run is sensitive (`sensitive` of a step; of a tool in servers.json), and its masking where the run is
// shown.
//
// Kept are the values as they are: later steps and a retry need them. So whatever shows a run passes here: get_run, and
// with it answers, resources and letters. Runs inside a transaction.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/action.h"
#include "server/engine/queries.h"
#include "server/store/run_store.h"
#include "server/store/store.h"

namespace carillon {

struct SensitiveSource {
  Tx& tx;
  const TenantId& tenant;
  const RunRecord& run;
  const Action& action;  // with the run's input
  const json& event;     // that started it
  const std::string& zone;
  const std::function<std::vector<std::string>(std::string_view)>& of_tool;  // nothing: no tool has any
};

void mask_sensitive(const SensitiveSource& source, RunDetail& detail);

}  // namespace carillon
