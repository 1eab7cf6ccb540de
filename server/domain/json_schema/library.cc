#include "server/domain/json_schema/library.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/domain/json_compare.h"

namespace carillon::json_schema {
namespace {

constexpr std::string_view kVocabularyPrefix = "https://json-schema.org/draft/2020-12/vocab/";

struct VocabularyName {
  std::string_view name;
  unsigned vocabulary;
};
constexpr VocabularyName kVocabularies[] = {
    {"core", core},
    {"applicator", applicator},
    {"validation", validation},
    {"unevaluated", unevaluated},
    {"format-annotation", format_annotation},
    {"format-assertion", format_assertion},
    {"meta-data", remarks},
    {"content", remarks},
};

struct KnownMetaSchema {
  std::string_view uri;
  Draft draft;
};
// Older and sister drafts are read by the rules of the nearest one; what differs is refused by the shape of its values.
constexpr KnownMetaSchema kKnownMetaSchemas[] = {
    {"https://json-schema.org/draft/2020-12/schema", Draft::draft2020_12},
    {"https://json-schema.org/draft/2019-09/schema", Draft::draft2020_12},
    {"http://json-schema.org/draft-07/schema", Draft::draft7},
    {"https://json-schema.org/draft-07/schema", Draft::draft7},
    {"http://json-schema.org/draft-06/schema", Draft::draft7},
    {"http://json-schema.org/draft-04/schema", Draft::draft7},
};

std::string without_empty_fragment(std::string uri) {
  if (!uri.empty() && uri.back() == '#') uri.pop_back();
  return uri;
}

const std::string* text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return nullptr;
  return &found->get_ref<const std::string&>();
}

bool ref_hides_siblings(const json& schema, const Dialect& dialect) {
  return dialect.draft == Draft::draft7 && schema.contains("$ref");
}

// The next token of a JSON pointer; nothing after the last, or where an escape is wrong.
std::optional<std::string> next_token(std::string_view& pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  pointer.remove_prefix(1);
  const auto end = pointer.find('/');
  const std::string_view raw = pointer.substr(0, end);
  pointer = end == std::string_view::npos ? std::string_view{} : pointer.substr(end);
  std::string token;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '~') {
      token += raw[i];
      continue;
    }
    if (++i >= raw.size() || (raw[i] != '0' && raw[i] != '1')) return std::nullopt;
    token += raw[i] == '0' ? '~' : '/';
  }
  return token;
}

const json* member(const json& value, const std::string& token) {
  if (value.is_object()) {
    const auto found = value.find(token);
    return found == value.end() ? nullptr : &*found;
  }
  if (!value.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = error == std::errc{} && end == token.data() + token.size();
  return whole && index < value.size() ? &value[index] : nullptr;
}

}  // namespace

Error schema_error(const Location& at, std::string_view keyword, std::string message) {
  Error error{ErrorCode::arguments_invalid, std::move(message)};
  error.pointer = at.resource->document_pointer + at.pointer;
  if (!keyword.empty()) error.pointer += "/" + pointer_token(keyword);
  if (!at.resource->document.empty()) error.details["document"] = at.resource->document;
  return error;
}

Status Library::open(const std::string& name, const json& document, const Dialect& dialect) {
  Uri uri = split_uri(name);
  uri.fragment.reset();
  Resource& resource = add_resource({resources_.size(), uri, &document, dialect, name, ""});
  by_uri_.emplace(join_uri(uri), &resource);
  if (deeper_than(document, limits_.depth_max)) {
    return schema_error({&resource, ""}, "",
                        "is nested too deep: use at most " + std::to_string(limits_.depth_max) + " levels");
  }
  return read_schema(document, {&resource, ""});
}

const Location& Library::location_of(const json& schema) const {
  const auto found = locations_.find(&schema);
  CARILLON_CHECK(found != locations_.end());
  return found->second;
}

Resource& Library::add_resource(Resource resource) { return resources_.emplace_back(std::move(resource)); }

Status Library::read_schema(const json& schema, Location at) {
  if (locations_.contains(&schema)) return Done{};
  if (!schema.is_object() && !schema.is_boolean()) {
    return schema_error(at, "", "must be a schema: an object, true or false");
  }
  if (locations_.size() >= limits_.subschemas_max) {
    return schema_error(at, "", "is too large: use at most " + std::to_string(limits_.subschemas_max) + " subschemas");
  }
  if (schema.is_object()) {
    if (auto read = read_id(schema, at); !read) return read;
    if (auto read = read_anchors(schema, at); !read) return read;
  } else if (at.resource->root == &schema) {
    if (auto read = read_dialect(*at.resource); !read) return read;
  }
  locations_.emplace(&schema, at);
  return schema.is_object() ? read_subschemas(schema, at) : Status{Done{}};
}

Status Library::read_subschemas(const json& schema, const Location& at) {
  for (const auto& [name, value] : schema.items()) {
    const Keyword* keyword = find_keyword(name, at.resource->dialect);
    if (keyword == nullptr) continue;
    for (const auto& sub : subschemas_of(*keyword, value)) {
      Location below{at.resource, at.pointer + "/" + pointer_token(name) + sub.suffix};
      if (auto read = read_schema(*sub.schema, std::move(below)); !read) return read;
    }
  }
  return Done{};
}

// Makes `at` the root of a resource of its own when the schema has an `$id`, and finds out the dialect of every root.
Status Library::read_id(const json& schema, Location& at) {
  const bool is_root = at.resource->root == &schema;
  const std::string* id = ref_hides_siblings(schema, at.resource->dialect) ? nullptr : text_member(schema, "$id");
  const bool names_resource = id != nullptr && !id->empty() && id->front() != '#';
  if (!names_resource) return is_root ? read_dialect(*at.resource) : Status{Done{}};

  Uri uri = resolve_uri(at.resource->uri, split_uri(*id));
  if (uri.fragment && !uri.fragment->empty() && at.resource->dialect.draft != Draft::draft7) {
    return schema_error(at, "$id", "must not have a fragment: use \"$anchor\" to name a place in the schema");
  }
  uri.fragment.reset();
  if (is_root) {
    at.resource->uri = uri;
  } else {
    const Resource& outer = *at.resource;
    at = {&add_resource(
              {resources_.size(), uri, &schema, outer.dialect, outer.document, outer.document_pointer + at.pointer}),
          ""};
  }
  const auto [known, added] = by_uri_.emplace(join_uri(uri), at.resource);
  if (!added && known->second != at.resource) {
    return schema_error(at, "$id",
                        "names two schemas: give each its own \"$id\", not \"" + join_uri(uri) + "\" to both");
  }
  return read_dialect(*at.resource);
}

Status Library::read_anchors(const json& schema, const Location& at) {
  Resource& resource = *at.resource;
  if (resource.dialect.draft == Draft::draft7) {
    const std::string* id = ref_hides_siblings(schema, resource.dialect) ? nullptr : text_member(schema, "$id");
    const auto hash = id == nullptr ? std::string::npos : id->find('#');
    if (hash != std::string::npos && hash + 1 < id->size()) resource.anchors.emplace(id->substr(hash + 1), &schema);
    return Done{};
  }
  for (const char* keyword : {"$anchor", "$dynamicAnchor"}) {
    const std::string* name = text_member(schema, keyword);
    if (name == nullptr) continue;
    const auto [known, added] = resource.anchors.emplace(*name, &schema);
    if (!added && known->second != &schema) {
      return schema_error(at, keyword,
                          "names two places of one schema: give each its own anchor, not \"" + *name + "\" to both");
    }
    if (keyword == std::string_view{"$dynamicAnchor"}) resource.dynamic_anchors.emplace(*name, &schema);
  }
  return Done{};
}

Status Library::read_dialect(Resource& resource) const {
  const std::string* named = resource.root->is_object() ? text_member(*resource.root, "$schema") : nullptr;
  if (named == nullptr) return Done{};
  const std::string uri = without_empty_fragment(*named);
  for (const auto& known : kKnownMetaSchemas) {
    if (known.uri != uri) continue;
    const unsigned assertion = resource.dialect.vocabularies & format_assertion;
    resource.dialect = {known.draft, kAllVocabularies | assertion};
    return Done{};
  }
  const json* meta_schema = find_document(uri);
  if (meta_schema == nullptr || !meta_schema->is_object()) {
    return schema_error({&resource, ""}, "$schema",
                        "is not a known draft: use \"https://json-schema.org/draft/2020-12/schema\" or "
                        "\"http://json-schema.org/draft-07/schema#\"");
  }
  return read_vocabularies(*meta_schema, resource);
}

Status Library::read_vocabularies(const json& meta_schema, Resource& resource) const {
  const std::string* meta_meta = text_member(meta_schema, "$schema");
  for (const auto& known : kKnownMetaSchemas) {
    if (meta_meta != nullptr && known.uri == without_empty_fragment(*meta_meta)) resource.dialect.draft = known.draft;
  }
  const auto list = meta_schema.find("$vocabulary");
  if (list == meta_schema.end() || !list->is_object()) return Done{};
  resource.dialect.vocabularies = core;
  for (const auto& [name, required] : list->items()) {
    unsigned found = 0;
    for (const auto& known : kVocabularies) {
      if (name == std::string{kVocabularyPrefix} + std::string{known.name}) found = known.vocabulary;
    }
    if (found == 0 && required == true) {
      return schema_error({&resource, ""}, "$schema",
                          "requires the vocabulary \"" + name + "\", which is not known here");
    }
    resource.dialect.vocabularies |= found;
  }
  return Done{};
}

const json* Library::find_document(const std::string& uri) const {
  if (documents_ == nullptr) return nullptr;
  auto found = documents_->find(uri);
  if (found == documents_->end()) found = documents_->find(uri + "#");
  return found == documents_->end() ? nullptr : &found->second;
}

Result<Resource*> Library::find_resource(const std::string& uri, const Location& from) {
  const auto known = by_uri_.find(uri);
  if (known != by_uri_.end()) return known->second;
  const json* document = find_document(uri);
  if (document == nullptr) {
    return schema_error(
        from, "$ref",
        "refers to \"" + uri + "\", which is not part of this schema, and nothing is fetched: put it under \"$defs\"");
  }
  if (auto opened = open(uri, *document, from.resource->dialect); !opened) return opened.error();
  return by_uri_.at(uri);
}

Result<const json*> Library::follow_pointer(Resource& resource, std::string_view pointer) {
  const json* value = resource.root;
  Location at{&resource, ""};
  while (!pointer.empty()) {
    const auto token = next_token(pointer);
    value = token ? member(*value, *token) : nullptr;
    if (value == nullptr) return schema_error(at, "", "has no member \"" + token.value_or("~") + "\"");
    at.pointer += "/" + pointer_token(*token);
    // Past an embedded `$id`, names resolve against that one.
    if (const auto known = locations_.find(value); known != locations_.end()) at = known->second;
  }
  if (auto read = read_schema(*value, at); !read) return read.error();
  return value;
}

Result<Target> Library::resolve(const Location& from, std::string_view reference) {
  Uri uri = resolve_uri(from.resource->uri, split_uri(reference));
  const auto fragment = percent_decoded(uri.fragment.value_or(""));
  uri.fragment.reset();
  if (!fragment) return schema_error(from, "$ref", "is no URI: write % as %25");
  auto resource = find_resource(join_uri(uri), from);
  if (!resource) return resource.error();
  if (fragment->empty()) return Target{(*resource)->root};
  if (fragment->front() == '/') {
    auto target = follow_pointer(**resource, *fragment);
    if (target) return Target{*target};
    return schema_error(from, "$ref", "leads nowhere: " + target.error().pointer + " " + target.error().message);
  }
  const auto anchor = (*resource)->anchors.find(*fragment);
  if (anchor == (*resource)->anchors.end()) {
    return schema_error(from, "$ref", "leads nowhere: there is no \"$anchor\" called \"" + *fragment + "\"");
  }
  const bool dynamic = (*resource)->dynamic_anchors.contains(*fragment);
  return Target{anchor->second, dynamic ? *fragment : std::string{}};
}

}  // namespace carillon::json_schema
