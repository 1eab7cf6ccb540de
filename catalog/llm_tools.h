// `llm.plan`, `llm.generate` and `llm.generate_followups`: a model behind an OpenAI-compatible endpoint (OpenWebUI,
// LiteLLM, vLLM, Ollama …) as a built-in server. An entry `llm` in servers.json takes its place.
//
// What the arguments hold beside their instruction is data: it goes to the model as JSON in a message of the user,
// never as a word of the system's. Tokens are in the result, counted and priced; where nothing is configured every call
// says what to set. `llm.endpoint = "stub:"` answers by itself, always the same.
//
// The functions of the rows may be called from any thread; they block.
#pragma once

#include <vector>

#include "catalog/builtin.h"
#include "catalog/secrets.h"

namespace carillon::catalog {

inline constexpr const char* kModelServer = "llm";

std::vector<BuiltInTool> llm_tools(const CatalogOptions& options, const Vault& vault);

}  // namespace carillon::catalog
