#include "server/engine/engine.h"
#include "tools/resource.h"
#include "tools/state_answers.h"

// Keys of the shared state, with their values whole.

namespace carillon::tools {
namespace {

Result<Reading> read_key(const ReadCall& call) {
  const auto detail = call.ports.engine.get_state(
      call.caller, {.entry = {call.at("namespace"), call.at("key")}, .value_bytes = kStateValueBytesMax});
  if (!detail.ok()) return detail.error();
  if (detail->entry.version == 0 && detail->entry.holder.empty())
    return Error{ErrorCode::unknown_name, "there is nothing under this key"};
  json facts = answer(*detail, Format::detailed).structured;
  facts["namespace"] = detail->space;
  return Reading{.blocks = {json_block(facts)}};
}

constexpr Variable kNamespaceAndKey[] = {{"namespace"}, {"key", suggest_state_keys}};
constexpr std::string_view kPattern = "state://{namespace}/{key}";

constexpr Resource kStateResources[] = {
    {.pattern = kPattern,
     .name = "state",
     .title = "Key of the shared state",
     .summary = "The value under a key, whole, with its version and who holds the key until when. It can be watched "
                "before there is one.",
     .mime_type = kJson,
     .variables = kNamespaceAndKey,
     .watch = Watch::state,
     .example = "state://default/repo%2Fa%2Fbuild",
     .read = read_key},
};

}  // namespace

std::span<const Resource> state_resources() { return kStateResources; }

std::string state_uri(std::string_view space, std::string_view key) { return fill_uri(kPattern, {space, key}); }

}  // namespace carillon::tools
