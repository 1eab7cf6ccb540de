// ResourceSet: the rows as an MCP server's resources (implements transport's ResourceService).
//
// Every read goes one way: URI, row, scope, reader, masking. What is not there is answered as its era wants it; a
// refusal is a JSON-RPC error with the Error in its data; a machine failure is logged once and answered `unavailable`
// or `internal`. A caller without the scope sees nothing in the lists. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "tools/ports.h"
#include "tools/resource.h"
#include "transport/resource_service.h"

namespace carillon::tools {

class ResourceWatch;

class ResourceSet final : public transport::ResourceService {
 public:
  // `watch` must outlive the set.
  ResourceSet(const Ports& ports, ResourceWatch& watch) : ports_(ports), watch_(watch) {}

  // What stands by itself, then all tasks by name, and on the last page the newest runs.
  void list_resources(const transport::RequestContext& context, const transport::Cursor& cursor,
                      transport::PageDone done) override;
  void list_templates(const transport::RequestContext& context, const transport::Cursor& cursor,
                      transport::PageDone done) override;
  void read_resource(const transport::RequestContext& context, const std::string& uri,
                     transport::ReadDone done) override;
  bool may_watch(const transport::RequestContext& context, const std::string& uri) override;

 private:
  const Ports ports_;
  ResourceWatch& watch_;
};

// The row that a URI belongs to, with its variables; nothing if there is none.
struct FoundResource {
  const Resource* row;
  Variables variables;
};
std::optional<FoundResource> find_resource(const std::string& uri);

// A refusal as a JSON-RPC error: its code by what it means, the Error in its data.
transport::ProtocolError protocol_error(const Error& error);

}  // namespace carillon::tools
