// What is derived from a ToolList and kept as long as the list is the same object: the text of tools/list for each
// revision, page by page, the parameters that HTTP headers mirror, and which tools may be called as tasks. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "transport/mcp_headers.h"
#include "transport/protocol.h"
#include "transport/tool_service.h"

namespace carillon::transport {

struct ListingRules {
  std::size_t page_size = 500;
  std::chrono::milliseconds ttl{};
  std::string cache_scope;
  json server_info;
};

// Whether clients of 2025-11-25 may call a tool as a task (execution.taskSupport).
enum class TaskSupport { forbidden, optional, required };

class ToolListings {
 public:
  explicit ToolListings(ListingRules rules) : rules_(std::move(rules)) {}

  // The result of tools/list as text; nothing if the cursor is none of ours.
  std::optional<std::shared_ptr<const std::string>> page(const std::shared_ptr<const ToolList>& list, Revision revision,
                                                         const std::optional<std::string>& cursor);
  std::vector<HeaderParam> header_params_of(const std::shared_ptr<const ToolList>& list, const std::string& tool);
  // Nothing: the list has no such tool.
  std::optional<TaskSupport> task_support_of(const std::shared_ptr<const ToolList>& list, const std::string& tool);

 private:
  struct Derived {
    std::shared_ptr<const ToolList> list;  // held, so that its address is not used again
    std::map<std::pair<Revision, std::string>, std::shared_ptr<const std::string>> pages;
    std::map<std::string, std::vector<HeaderParam>> headers;
    std::map<std::string, TaskSupport> task_support;
  };
  using Kept = std::vector<Derived>;

  Derived& derived(Kept& kept, const std::shared_ptr<const ToolList>& list);
  std::string write_page(const ToolList& list, Revision revision, std::size_t first) const;

  const ListingRules rules_;
  Guarded<Kept> kept_;
};

// A listing's entry as the revision knows it: members it does not know are left out.
ordered_json entry_for(ordered_json entry, Revision revision);

}  // namespace carillon::transport
