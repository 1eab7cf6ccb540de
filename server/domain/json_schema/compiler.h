// Compiler: from the documents in a Library to the nodes and rules of a Program.
//
// Internal to this folder; what it promises is said at compile() in json_schema.h.
#pragma once

#include <memory>

#include "server/domain/json_schema/program.h"

namespace carillon::json_schema {

Result<std::shared_ptr<const Program>> compile_program(const json& schema, const CompileOptions& options);

}  // namespace carillon::json_schema
