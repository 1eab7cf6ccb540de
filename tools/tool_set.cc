#include "tools/tool_set.h"

#include <algorithm>
#include <map>

#include "server/base/guarded.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"
#include "tools/caller_of.h"
#include "tools/dispatch.h"
#include "tools/instructions.h"
#include "tools/served_call.h"
#include "transport/protocol.h"

namespace carillon::tools {
namespace {

bool chosen(const Tool& row, const std::vector<std::string>& toolsets) {
  return toolsets.empty() || std::find(toolsets.begin(), toolsets.end(), name_of(row.toolset)) != toolsets.end();
}

}  // namespace

struct ToolSet::State {
  State(const Ports& given, ToolSetOptions chosen_options) : ports(given), options(std::move(chosen_options)) {}

  const Ports ports;
  const ToolSetOptions options;
  std::vector<CompiledTool> tools{};
  std::vector<CompiledTool> over_rest{};  // alone
  // One list for each set of scopes, made when it is first asked for: the same pointer as long as we live.
  Guarded<std::map<std::vector<std::string>, std::shared_ptr<const transport::ToolList>>> lists{};

  static const CompiledTool* named(const std::vector<CompiledTool>& among, std::string_view name) {
    const auto found =
        std::find_if(among.begin(), among.end(), [&](const auto& tool) { return tool.row->name == name; });
    return found == among.end() ? nullptr : &*found;
  }

  std::shared_ptr<const transport::ToolList> list_for(const Scopes& scopes) const {
    auto list = std::make_shared<transport::ToolList>();
    for (const auto& tool : tools)
      if (scopes.has(tool.row->scope)) list->tools.push_back(tool_entry(*tool.row, options.prefix));
    return list;
  }

  transport::ProtocolError unknown_tool(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& tool : tools) names.push_back(options.prefix + std::string(tool.row->name));
    const auto near = nearest(name, names);
    transport::ProtocolError error = transport::invalid_params(
        mask_secrets("there is no tool \"" + name.substr(0, 200) + "\"" + did_you_mean(near)));
    if (!near.empty()) error.data = {{"nearest", near}};
    return error;
  }
};

Status check(const ToolSetOptions& options) {
  for (const auto& toolset : options.toolsets) {
    if (std::find(kToolsetNames.begin(), kToolsetNames.end(), toolset) != kToolsetNames.end()) continue;
    const auto near = nearest(toolset, kToolsetNames);
    return Error{ErrorCode::arguments_invalid, "there is no toolset \"" + toolset + "\"" + did_you_mean(near),
                 "/toolsets"};
  }
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  constexpr std::size_t kPrefixMax = 40;  // with the longest name still within the 64 that directories accept
  if (options.prefix.size() > kPrefixMax || options.prefix.find_first_not_of(kNameCharacters) != std::string::npos)
    return Error{ErrorCode::arguments_invalid, "a prefix is at most 40 letters, digits, _ and -", "/prefix"};
  return Done{};
}

ToolSet::ToolSet(const Ports& ports, ToolSetOptions options)
    : state_(std::make_unique<State>(ports, std::move(options))) {
  for (const auto& row : all_tools())
    if (chosen(row, state_->options.toolsets)) state_->tools.push_back(compile_tool(row));
  for (const auto& row : rest_tools()) state_->over_rest.push_back(compile_tool(row));
}

ToolSet::~ToolSet() = default;

std::shared_ptr<const transport::ToolList> ToolSet::list_tools(const transport::RequestContext& context) {
  const Scopes scopes = caller_of(context).scopes;
  return state_->lists.with([&](auto& lists) {
    auto& list = lists[scopes.names()];
    if (list == nullptr) list = state_->list_for(scopes);
    return list;
  });
}

void ToolSet::call_tool(const transport::RequestContext& context, const std::string& name, json arguments,
                        transport::ToolDone done) {
  const std::string& prefix = state_->options.prefix;
  const bool prefixed = name.compare(0, prefix.size(), prefix) == 0;
  const CompiledTool* tool =
      prefixed ? State::named(state_->tools, std::string_view(name).substr(prefix.size())) : nullptr;
  if (tool == nullptr) return done(state_->unknown_tool(name));
  serve_call(context, state_->ports, *tool, std::move(arguments), std::move(done));
}

bool ToolSet::call_row(const transport::RequestContext& context, std::string_view name, json arguments,
                       transport::ToolDone done) {
  const CompiledTool* tool = State::named(state_->tools, name);
  if (tool == nullptr) tool = State::named(state_->over_rest, name);
  if (tool == nullptr) return false;
  serve_call(context, state_->ports, *tool, std::move(arguments), std::move(done));
  return true;
}

std::vector<const Tool*> ToolSet::offered() const {
  std::vector<const Tool*> rows;
  for (const auto& tool : state_->tools) rows.push_back(tool.row);
  return rows;
}

std::vector<const Tool*> ToolSet::offered_over_rest() const {
  std::vector<const Tool*> rows = offered();
  for (const auto& tool : state_->over_rest) rows.push_back(tool.row);
  return rows;
}

std::string ToolSet::instructions() const { return with_prefix(kInstructions, state_->options.prefix); }

}  // namespace carillon::tools
