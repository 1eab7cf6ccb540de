// What one server offers: its tools as it listed them, with the effect, timeout and schemas that a call needs.
//
// The effect comes from the entry's own word, else from the server's hints: readOnlyHint is `read`, idempotentHint is
// `idempotent`, anything else may destroy. Schemas are compiled when they are first needed. Immutable; thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/server_entry.h"
#include "server/domain/json_schema/json_schema.h"
#include "server/domain/tool_caller.h"
#include "transport/client_protocol.h"

namespace carillon::catalog {

class CatalogTool {
 public:
  CatalogTool(const ServerEntry& entry, transport::ListedTool listed);

  const ToolFacts& facts() const { return facts_; }
  const std::string& name() const { return name_; }  // without the server
  const ToolPolicy& policy() const { return policy_; }
  const std::vector<transport::HeaderParam>& header_params() const { return header_params_; }
  bool needs_task() const { return needs_task_; }  // see ListedTool

  // Nothing: acceptable (or judged by no schema that can be understood: then the server decides).
  std::optional<Error> refuse_arguments(const json& arguments) const;
  std::optional<Error> refuse_output(const json& structured) const;

 private:
  struct Compiled {
    std::optional<json_schema::Schema> input, output;
  };
  const Compiled& compiled() const;

  std::string name_;
  ToolFacts facts_;
  ToolPolicy policy_;
  std::vector<transport::HeaderParam> header_params_;
  bool needs_task_;
  mutable std::once_flag once_;
  mutable Compiled compiled_;
};

class ToolList {
 public:
  ToolList(const ServerEntry& entry, std::vector<transport::ListedTool> listed);

  const std::vector<std::shared_ptr<const CatalogTool>>& tools() const { return tools_; }
  std::shared_ptr<const CatalogTool> find(std::string_view tool) const;
  std::vector<std::string> nearest_to(std::string_view tool) const;

 private:
  std::vector<std::shared_ptr<const CatalogTool>> tools_;  // in the server's order
};
using ToolListPtr = std::shared_ptr<const ToolList>;

Effect effect_of(const ToolPolicy& policy, const transport::ListedTool& listed);

}  // namespace carillon::catalog
