// Which calls steps make: a step of the kind `uses` names its tool, `http` and `script` stand for one of Carillon's
// own. So all of them are checked, journaled, repeated and cancelled in one way.
//
// Values and pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "server/domain/pipeline/pipeline.h"

namespace carillon::pipeline {

struct StepCall {
  std::string tool;  // "server.tool"
  json arguments;    // their templates are not filled in
  std::string tool_pointer, arguments_pointer;
};

// Nothing: the step makes no call.
std::optional<StepCall> call_of(const Step& step);

// What is wrong with the templates of an http step: `${secret.name}` stands in headers only, beside fixed text.
std::optional<Error> check_secrets(const json& http, const std::string& pointer);

}  // namespace carillon::pipeline
