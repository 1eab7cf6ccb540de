// Library: the documents of one compilation, and what the URIs, anchors and JSON pointers in them lead to.
//
// Internal to this folder. A *resource* is a schema with an `$id` (or a whole document); names resolve within it.
// Documents from the table are opened when something refers to them and never before. After compilation it is only
// read.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/base/result.h"
#include "server/domain/json_schema/keywords.h"
#include "server/domain/json_schema/uri.h"

namespace carillon::json_schema {

struct Resource {
  std::size_t index;
  Uri uri;  // never with a fragment
  const json* root;
  Dialect dialect;
  std::string document;          // the table's name of the document it is in; empty: the schema being compiled
  std::string document_pointer;  // from that document's root
  std::map<std::string, const json*> anchors{};  // dynamic ones too
  std::map<std::string, const json*> dynamic_anchors{};
};

// Where a schema stands.
struct Location {
  Resource* resource;
  std::string pointer;  // from the resource's root
};

// What a reference leads to; `dynamic_anchor` when it named one.
struct Target {
  const json* schema;
  std::string dynamic_anchor{};
};

class Library {
 public:
  Library(std::shared_ptr<const Documents> documents, const Limits& limits)
      : documents_(std::move(documents)), limits_(limits) {}

  // Reads a document's ids and anchors, and those of every schema in it. `name` is empty for the schema being compiled.
  Status open(const std::string& name, const json& document, const Dialect& dialect);
  Result<Target> resolve(const Location& from, std::string_view reference);
  const Location& location_of(const json& schema) const;
  const std::deque<Resource>& resources() const { return resources_; }

 private:
  Status read_schema(const json& schema, Location at);
  Status read_subschemas(const json& schema, const Location& at);
  Status read_id(const json& schema, Location& at);
  Status read_anchors(const json& schema, const Location& at);
  Resource& add_resource(Resource resource);
  Status read_dialect(Resource& resource) const;
  Status read_vocabularies(const json& meta_schema, Resource& resource) const;
  Result<Resource*> find_resource(const std::string& uri, const Location& from);
  Result<const json*> follow_pointer(Resource& resource, std::string_view pointer);
  const json* find_document(const std::string& uri) const;

  std::shared_ptr<const Documents> documents_;
  Limits limits_;
  std::deque<Resource> resources_;  // stable addresses
  std::map<std::string, Resource*> by_uri_;
  std::unordered_map<const json*, Location> locations_;
};

// The `arguments_invalid` error of a schema that cannot be compiled.
Error schema_error(const Location& at, std::string_view keyword, std::string message);

}  // namespace carillon::json_schema
