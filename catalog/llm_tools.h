// `llm.plan`, `llm.generate`, `llm.from_template` and `llm.generate_followups`: a model behind an OpenAI-compatible
// endpoint (OpenWebUI, LiteLLM, vLLM, Ollama …) as a built-in server. An entry `llm` in servers.json takes its place.
//
// What the arguments hold beside their instruction is data: it goes to the model as JSON in a message of the user,
// never as a word of the system's. Tokens are in the result, counted and priced; where nothing is configured every call
// says what to set. `llm.endpoint = "stub:"` answers by itself, always the same.
//
// The functions of the rows may be called from any thread; they block.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalog/builtin.h"
#include "catalog/secrets.h"

namespace carillon::catalog {

inline constexpr const char* kModelServer = "llm";

// A prompt template of a tenant, filled in. Errors: unknown_name, arguments_invalid, too_large. May block; any thread.
using PromptSource = std::function<Result<std::string>(const TenantId&, const std::string& name, const json& params)>;

// Without a source there is no template.
std::vector<BuiltInTool> llm_tools(const CatalogOptions& options, const Vault& vault, PromptSource prompts = {});

}  // namespace carillon::catalog
