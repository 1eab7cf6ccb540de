// JSON-RPC 2.0 envelopes: text to message and back.
//
// Ids keep their type (a number stays a number). What is not one valid message becomes a Malformed that says which
// error to answer and under which id, if it could be read. Size and nesting are bounded before anything is built, so
// hostile text costs little more than reading it once. Batches are told apart, not judged: the revision decides.
// Pure functions; thread-safe.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/json.h"
#include "transport/tool_service.h"

namespace carillon::transport::json_rpc {

struct Request {
  json id;  // a string or an integer
  std::string method;
  json params = json::object();
};
struct Notification {
  std::string method;
  json params = json::object();
};
struct Response {
  json id;
  json result = nullptr;  // null when there is an error
  json error = nullptr;
  bool ok() const { return error.is_null(); }
};
struct Malformed {
  json id = nullptr;  // null: could not be read
  ProtocolError error;
};
using Message = std::variant<Request, Notification, Response, Malformed>;
struct Batch {
  std::vector<Message> messages;
};
using Parsed = std::variant<Request, Notification, Response, Malformed, Batch>;

struct Limits {
  std::size_t bytes_max = 16 * 1024 * 1024;
  std::size_t depth_max = 128;
  std::size_t batch_max = 100;
  std::size_t id_bytes_max = 1024;
  std::size_t values_max = 1'000'000;  // a value of three bytes takes a hundred once it is built
};

Parsed parse(std::string_view text, const Limits& limits = {});

// One line without a newline inside. Strings that are not UTF-8 are mended, never refused.
std::string request_text(const json& id, std::string_view method, const json& params);
std::string notification_text(std::string_view method, const json& params);
std::string result_text(const json& id, const json& result);
// `id` null: the id is left out, as for a message whose id could not be read.
std::string error_text(const json& id, const ProtocolError& error);
// The same with a result that is text already.
std::string result_text_raw(const json& id, std::string_view result);

}  // namespace carillon::transport::json_rpc
