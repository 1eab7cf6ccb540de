#include "tools/arguments.h"

namespace carillon::tools {

CommandKey command_key(const json& arguments) {
  json content = arguments;
  for (const char* name : {"client_generated_id", "wait_seconds", "response_format"}) content.erase(name);
  return {.client_generated_id = optional_of<std::string>(arguments, "client_generated_id"),
          .content = content.dump(-1, ' ', false, json::error_handler_t::replace)};
}

Format format_of(const json& arguments) {
  return text_of(arguments, "response_format") == "detailed" ? Format::detailed : Format::concise;
}

}  // namespace carillon::tools
