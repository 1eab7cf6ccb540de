// The catalog as the tools see it: joins tools::Downstream to catalog::Catalog, which may not know each other.
#pragma once

#include "catalog/catalog.h"
#include "tools/downstream.h"

namespace carillon::cli {

class CatalogDownstream final : public tools::Downstream {
 public:
  explicit CatalogDownstream(catalog::Catalog& catalog) : catalog_(catalog) {}
  Result<tools::DownstreamFound> search_tools(const TenantId& tenant, const tools::DownstreamQuery& query) override;
  Result<ToolFacts> describe_tool(const TenantId& tenant, const std::string& tool, Duration wait) override;

 private:
  catalog::Catalog& catalog_;
};

}  // namespace carillon::cli
