#include "catalog/reply.h"

#include <algorithm>

#include "server/base/mask.h"

namespace carillon::catalog {
namespace {

using transport::ClientFailureKind;

constexpr std::size_t kLastWordsBytes = 400;

ErrorClass class_of(ClientFailureKind kind) {
  switch (kind) {
    case ClientFailureKind::cannot_start:
    case ClientFailureKind::unreachable:
    case ClientFailureKind::died:
    case ClientFailureKind::session_lost:
      return ErrorClass::unavailable;
    case ClientFailureKind::timed_out:
      return ErrorClass::timeout;
    case ClientFailureKind::protocol:
    case ClientFailureKind::refused:
      return ErrorClass::protocol;
    case ClientFailureKind::needs_input:
      return ErrorClass::tool_error;  // time mends nothing: somebody has to answer
    case ClientFailureKind::sign_in:
      return ErrorClass::needs_sign_in;
    case ClientFailureKind::rate_limited:
      return ErrorClass::rate_limited;
    case ClientFailureKind::cancelled:
      return ErrorClass::cancelled;
  }
  return ErrorClass::internal;
}

Arrived arrived(transport::Reached reached) { return reached == transport::Reached::no ? Arrived::no : Arrived::maybe; }

std::string first_text(const json& content) {
  for (const auto& block : content)
    if (block.is_object() && block.value("type", json()) == "text" && block.contains("text") &&
        block["text"].is_string())
      return block["text"].get<std::string>();
  return "";
}

}  // namespace

std::string shortened(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // not inside a character
  text.resize(end);
  return text + "…";
}

std::string last_words(const std::string& error_tail) {
  const auto end = error_tail.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  std::string text = error_tail.substr(0, end + 1);
  if (text.size() > kLastWordsBytes) {
    std::size_t begin = text.size() - kLastWordsBytes;
    if (const auto line = text.find('\n', begin); line != std::string::npos) begin = line + 1;
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80u) ++begin;
    text.erase(0, begin);
  }
  return text;
}

ToolReply failed_reply(ErrorClass failure, std::string message, Arrived arrived) {
  ToolReply reply;
  reply.failure = failure;
  reply.message = mask_secrets(std::move(message));
  reply.arrived = arrived;
  return reply;
}

ToolReply refused_reply(const Error& error) {
  const ErrorClass why = error.code == ErrorCode::not_allowed         ? ErrorClass::not_allowed
                         : error.code == ErrorCode::arguments_invalid ? ErrorClass::invalid_arguments
                         : error.code == ErrorCode::needs_sign_in     ? ErrorClass::needs_sign_in
                         : error.code == ErrorCode::unavailable       ? ErrorClass::unavailable
                                                                      : ErrorClass::not_found;
  return failed_reply(why, error.pointer.empty() ? error.message : error.message + " (at " + error.pointer + ")",
                      Arrived::no);
}

ToolReply reply_of(const transport::ClientFailure& failure, const std::string& server, const std::string& context) {
  std::string message = "server \"" + server + "\": " + failure.message;
  const bool is_bare = failure.message.starts_with("HTTP status");  // no sign-in of ours was there to say more
  if (failure.kind == ClientFailureKind::sign_in && is_bare)
    message += "; it wants a sign-in (check the entry's headers)";
  if (!context.empty()) message += "; its last words: " + context;
  ToolReply reply = failed_reply(class_of(failure.kind), std::move(message), arrived(failure.reached));
  reply.retry_after = failure.retry_after;
  return reply;
}

ToolReply reply_of(const transport::RpcRefusal& refusal, const std::string& server) {
  const std::string message = "server \"" + server + "\" answers error " + std::to_string(refusal.code) + ": " +
                              shortened(refusal.message, 2000);
  const bool about_arguments = refusal.code == transport::rpc_code::kInvalidParams;
  const bool about_protocol =
      refusal.code == transport::rpc_code::kParseError || refusal.code == transport::rpc_code::kInvalidRequest ||
      refusal.code == transport::rpc_code::kMethodNotFound || (refusal.code <= -32020 && refusal.code >= -32099);
  if (about_arguments) return failed_reply(ErrorClass::invalid_arguments, message, Arrived::maybe);
  return failed_reply(about_protocol ? ErrorClass::protocol : ErrorClass::tool_error, message, Arrived::maybe);
}

ToolReply reply_of(json result, const CatalogTool& tool) {
  ToolReply reply;
  reply.arrived = Arrived::maybe;
  if (const auto content = result.find("content"); content != result.end() && content->is_array())
    reply.content = mask_secrets(static_cast<const json&>(*content));
  if (const auto structured = result.find("structuredContent"); structured != result.end())
    reply.structured = mask_secrets(static_cast<const json&>(*structured));
  if (result.value("isError", json()) == true) {
    reply.failure = ErrorClass::tool_error;
    const std::string text = first_text(reply.content);
    reply.message = text.empty() ? "the tool says that it failed, without a reason" : shortened(text, 2000);
    return reply;
  }
  if (!result.contains("content") && !result.contains("structuredContent")) {
    reply.failure = ErrorClass::protocol;
    reply.message = "the result of " + tool.facts().tool + " has no content";
    return reply;
  }
  if (reply.structured.is_null()) return reply;  // older servers leave it out although they promise it
  if (const auto wrong = tool.refuse_output(result["structuredContent"])) {
    reply.failure = ErrorClass::output_invalid;
    reply.message =
        mask_secrets("the result of " + tool.facts().tool + " does not fit its own output schema: " + wrong->message +
                     (wrong->pointer.empty() ? "" : " at " + wrong->pointer));
  }
  return reply;
}

}  // namespace carillon::catalog
