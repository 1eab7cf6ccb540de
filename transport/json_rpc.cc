#include "transport/json_rpc.h"

#include <algorithm>
#include <optional>

#include "server/base/json_text.h"
#include "transport/envelope.h"
#include "transport/protocol.h"

namespace carillon::transport::json_rpc {
namespace {

bool is_id(const json& value) { return value.is_string() || value.is_number_integer(); }

Malformed invalid(json id, std::string message) {
  return {std::move(id), {rpc_code::kInvalidRequest, std::move(message), nullptr}};
}

Message read_response(json& object, json id) {
  if (object.contains("result") == object.contains("error"))
    return invalid(nullptr, "a response has either a result or an error");
  if (object.contains("error")) {
    if (!object["error"].is_object()) return invalid(nullptr, "the error of a response is an object");
    return Response{std::move(id), nullptr, std::move(object["error"])};
  }
  return Response{std::move(id), std::move(object["result"]), nullptr};
}

Message read_message(json& object, const Limits& limits) {
  if (!object.is_object()) return invalid(nullptr, "a message is a JSON object");
  const auto found = object.find("id");
  const bool has_id = found != object.end();
  // The longest ids would otherwise be held and sent again with every message about their request.
  if (has_id && found->is_string() && found->get_ref<const std::string&>().size() > limits.id_bytes_max)
    return invalid(nullptr, "an id has at most " + std::to_string(limits.id_bytes_max) + " bytes");
  json id = has_id && is_id(*found) ? *found : json(nullptr);
  const auto version = object.find("jsonrpc");
  if (version == object.end() || *version != "2.0") return invalid(id, "the member jsonrpc must be \"2.0\"");
  const auto method = object.find("method");
  if (method == object.end()) {
    if (object.contains("result") || object.contains("error")) return read_response(object, std::move(id));
    return invalid(id, "a message has a method, a result or an error");
  }
  if (!method->is_string()) return invalid(id, "the method is a string");
  if (has_id && id.is_null()) return invalid(nullptr, "the id of a request is a string or an integer");
  json params = json::object();
  if (const auto given = object.find("params"); given != object.end()) {
    if (!given->is_object()) return invalid(id, "the params are an object");
    params = std::move(*given);
  }
  if (!has_id) return Notification{method->get<std::string>(), std::move(params)};
  return Request{std::move(id), method->get<std::string>(), std::move(params)};
}

Parsed read_batch(json& array, const Limits& limits) {
  if (array.empty()) return invalid(nullptr, "an empty batch");
  if (array.size() > limits.batch_max)
    return invalid(nullptr, "a batch holds at most " + std::to_string(limits.batch_max) + " messages");
  Batch batch;
  for (json& each : array) batch.messages.push_back(read_message(each, limits));
  return batch;
}

// The envelope can often be read all the same, and who waits under that id hears what is wrong and where.
Malformed not_json(std::string_view text, const Limits& limits) {
  Malformed malformed{nullptr, {rpc_code::kParseError, "the message is not valid JSON", nullptr}};
  if (const auto envelope = read_envelope(text, Reading::whole); envelope && !envelope->is_response)
    if (const std::string id = plain_id(envelope->id); !id.empty() && id.size() <= limits.id_bytes_max)
      malformed.id = json::parse(id);
  const auto read = read_json(text, "the message", {limits.depth_max, limits.values_max});
  if (read) return malformed;
  malformed.error.message = read.error().message + ", at byte " + read.error().details.at("position").dump();
  malformed.error.data = read.error().details;
  return malformed;
}

}  // namespace

Parsed parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes_max)
    return invalid(nullptr, "the message has " + std::to_string(text.size()) + " bytes; the limit is " +
                                std::to_string(limits.bytes_max));
  const JsonShape shape = shape_of(text);
  if (shape.depth > limits.depth_max)
    return invalid(nullptr, "the message nests deeper than " + std::to_string(limits.depth_max) + " levels");
  if (shape.values > limits.values_max)
    return invalid(nullptr, "the message holds more than " + std::to_string(limits.values_max) + " values");
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return not_json(text, limits);
  if (value.is_array()) return read_batch(value, limits);
  return std::visit([](auto&& message) -> Parsed { return std::forward<decltype(message)>(message); },
                    read_message(value, limits));
}

std::string request_text(const json& id, std::string_view method, const json& params) {
  return R"({"jsonrpc":"2.0","id":)" + dump(id) + R"(,"method":)" + dump(json(method)) + R"(,"params":)" +
         dump(params) + "}";
}

std::string notification_text(std::string_view method, const json& params) {
  return R"({"jsonrpc":"2.0","method":)" + dump(json(method)) + R"(,"params":)" + dump(params) + "}";
}

std::string result_text(const json& id, const json& result) { return result_text_raw(id, dump(result)); }

std::string result_text_raw(const json& id, std::string_view result) {
  std::string text = R"({"jsonrpc":"2.0","id":)" + dump(id) + R"(,"result":)";
  text.append(result);
  text.push_back('}');
  return text;
}

std::string error_text(const json& id, const ProtocolError& error) {
  std::string text = R"({"jsonrpc":"2.0",)";
  if (!id.is_null()) text += R"("id":)" + dump(id) + ",";
  text += R"("error":{"code":)" + std::to_string(error.code) + R"(,"message":)" + dump(json(error.message));
  if (!error.data.is_null()) text += R"(,"data":)" + dump(error.data);
  return text + "}}";
}

}  // namespace carillon::transport::json_rpc
