// What get_status answers, for the tool, the resource status://now and the prompts.
//
// Asks the engine and the catalog once each; a catalog that cannot answer leaves its part out. Thread-safe.
#pragma once

#include "server/domain/caller.h"
#include "server/engine/engine.h"
#include "tools/ports.h"
#include "tools/tool.h"

namespace carillon::tools {

struct StatusCall {
  const Caller& caller;
  const Ports& ports;
};
Result<Answer> status_answer(const StatusCall& call, StatusUse use);

}  // namespace carillon::tools
