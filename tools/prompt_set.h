// PromptSet and Completions: the rows as an MCP server's prompts, with the tenant's prompt templates behind them, and
// completion of their arguments and of the variables of resources (they implement transport's PromptService and
// CompletionService). A row hides a template of the same name; arguments of templates have no suggestions.
//
// A prompt that is not there or lacks a required argument, and an argument without suggestions of an unknown reference,
// are JSON-RPC errors. Callers without a row's scope are not shown it. Thread-safe.
#pragma once

#include <map>
#include <string>

#include "server/engine/prompt_templates.h"
#include "tools/ports.h"
#include "tools/prompt.h"
#include "transport/resource_service.h"

namespace carillon::tools {

class PromptSet final : public transport::PromptService {
 public:
  // `prefix` goes before the names of tools in the texts, as it does in the listing of the tools.
  PromptSet(const Ports& ports, std::string prefix, PromptTemplates& templates)
      : ports_(ports), prefix_(std::move(prefix)), templates_(templates) {}

  void list_prompts(const transport::RequestContext& context, const transport::Cursor& cursor,
                    transport::PageDone done) override;
  void get_prompt(const transport::RequestContext& context, const std::string& name,
                  const std::map<std::string, std::string>& arguments, transport::PromptDone done) override;

 private:
  void get_template(const Caller& caller, const std::string& name, const PromptArguments& arguments,
                    const transport::PromptDone& done);

  const Ports ports_;
  const std::string prefix_;
  PromptTemplates& templates_;
};

class Completions final : public transport::CompletionService {
 public:
  Completions(const Ports& ports, PromptTemplates& templates) : ports_(ports), templates_(templates) {}
  void complete(const transport::RequestContext& context, const transport::CompletionRequest& request,
                transport::CompletionDone done) override;

 private:
  Result<Suggestions> suggestions_for(const Caller& caller, const transport::CompletionRequest& request);

  const Ports ports_;
  PromptTemplates& templates_;
};

}  // namespace carillon::tools
