// ToolCalls: a letter as the call of a downstream tool, "slack.send {"channel": "#me"}". The letter's text goes to the
// one text argument that the tool requires and the target does not give. Who wrote the task needs the tool's scopes
// still.
//
// A tool that may not be called twice is not: where nobody knows whether a call arrived, the letter has failed and says
// so (product promise 3). Waits for the call; thread-safe.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/delivery/channel.h"
#include "server/delivery/delivery_options.h"
#include "server/domain/tool_caller.h"

namespace carillon::delivery {

class ToolCalls final : public Channel {
 public:
  ToolCalls(ToolCaller& tools, const DeliveryOptions& options) : tools_(tools), options_(options) {}

  std::string_view kind() const override { return "tool"; }
  std::optional<std::string> missing() const override { return std::nullopt; }
  Attempt send(const Letter& letter, const std::stop_token& stop) override;

 private:
  ToolReply call(ToolCall wanted);

  ToolCaller& tools_;
  const DeliveryOptions options_;
};

}  // namespace carillon::delivery
