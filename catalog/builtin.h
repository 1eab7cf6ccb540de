// The built-in server `carillon`: tools that need no process. A table of rows; each names its schema, its effect and
// the function that runs it.
//
// run() may be called from any thread; http_get works on the pool's threads, the others at once.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "catalog/catalog_options.h"
#include "catalog/tool_list.h"
#include "server/domain/tool_caller.h"
#include "transport/client_http.h"

namespace carillon::catalog {

inline constexpr const char* kBuiltInServer = "carillon";
inline constexpr const char* kHttpGet = "http_get";  // the one of its tools that needs a network

class BuiltInServer {
 public:
  BuiltInServer(CatalogOptions options, std::shared_ptr<transport::BlockingPool> pool);

  const ToolList& tools() const { return *list_; }
  ToolListPtr list() const { return list_; }
  // `tool` without the server. `done` exactly once.
  void run(const ToolCall& call, const std::string& tool, const std::function<void(ToolReply)>& done) const;

 private:
  CatalogOptions options_;
  std::shared_ptr<transport::BlockingPool> pool_;
  ToolListPtr list_;
};

}  // namespace carillon::catalog
