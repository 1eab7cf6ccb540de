// The ports for resources, prompts and argument completion. A server offers what it is given a service for, and
// declares exactly those capabilities.
//
// As in tool_service.h: calls come from many threads, answers may come later from any thread, exactly one each.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "transport/tool_service.h"

namespace carillon::transport {

// How long a client may take what it was told for true without asking again; zero: not at all. Without one, the
// server's list_ttl.
using Freshness = std::optional<std::chrono::milliseconds>;

// One page of a listing. `next_cursor` is the service's own word for where the next page starts.
struct Page {
  std::vector<ordered_json> entries;
  std::optional<std::string> next_cursor{};
  Freshness fresh_for{};
};
using PageOutcome = std::variant<Page, ProtocolError>;
using PageDone = std::function<void(PageOutcome)>;
using Cursor = std::optional<std::string>;

// What a resource holds: blocks {uri, mimeType?, text | blob}. None at all means that there is no such resource.
struct Contents {
  std::vector<json> blocks;
  Freshness fresh_for{};
};
using ReadOutcome = std::variant<Contents, ProtocolError, NeedInput>;
using ReadDone = std::function<void(ReadOutcome)>;

class ResourceService {
 public:
  virtual ~ResourceService() = default;
  virtual void list_resources(const RequestContext& context, const Cursor& cursor, PageDone done) = 0;
  virtual void list_templates(const RequestContext& context, const Cursor& cursor, PageDone done) = 0;
  virtual void read_resource(const RequestContext& context, const std::string& uri, ReadDone done) = 0;
  // Whether this caller may be told of changes of a resource (McpServer::resource_updated). Asked before the client is
  // told that it watches: what changes from then on is owed to it.
  virtual bool may_watch(const RequestContext& context, const std::string& uri) = 0;
};

struct PromptText {
  std::string description;
  std::vector<json> messages;  // {"role":"user"|"assistant","content":{…}}
};
using PromptOutcome = std::variant<PromptText, ProtocolError, NeedInput>;
using PromptDone = std::function<void(PromptOutcome)>;

class PromptService {
 public:
  virtual ~PromptService() = default;
  virtual void list_prompts(const RequestContext& context, const Cursor& cursor, PageDone done) = 0;
  virtual void get_prompt(const RequestContext& context, const std::string& name,
                          const std::map<std::string, std::string>& arguments, PromptDone done) = 0;
};

struct CompletionRequest {
  enum class Of { prompt, resource_template };
  Of of = Of::prompt;
  std::string reference;  // the prompt's name or the URI template
  std::string argument;
  std::string value;                          // what is typed so far
  std::map<std::string, std::string> others;  // arguments already chosen
};
struct Completion {
  std::vector<std::string> values;  // the first hundred are sent
  std::optional<std::size_t> total{};
};
using CompletionOutcome = std::variant<Completion, ProtocolError>;
using CompletionDone = std::function<void(CompletionOutcome)>;

class CompletionService {
 public:
  virtual ~CompletionService() = default;
  virtual void complete(const RequestContext& context, const CompletionRequest& request, CompletionDone done) = 0;
};

}  // namespace carillon::transport
