// Any text: a message, a batch or what is wrong with it; and what is written of a message reads as the same message.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json_text.h"
#include "tests/fuzz/target.h"
#include "transport/json_rpc.h"

namespace carillon::fuzz {
namespace {

using namespace transport::json_rpc;

void check_written(const Parsed& parsed) {
  if (const auto* request = std::get_if<Request>(&parsed)) {
    const auto again = parse(request_text(request->id, request->method, request->params));
    const auto* same = std::get_if<Request>(&again);
    CARILLON_CHECK(same && same->id == request->id && same->method == request->method &&
                   same->params == request->params);
  } else if (const auto* notification = std::get_if<Notification>(&parsed)) {
    const auto again = parse(notification_text(notification->method, notification->params));
    CARILLON_CHECK(std::get<Notification>(again).params == notification->params);
  } else if (const auto* malformed = std::get_if<Malformed>(&parsed)) {
    CARILLON_CHECK(malformed->error.code == -32700 || malformed->error.code == -32600);
    CARILLON_CHECK(std::holds_alternative<Response>(parse(error_text(1, malformed->error))));
  }
}

void json_rpc(std::string_view input) {
  Limits limits;
  limits.values_max = 10'000;
  const JsonShape shape = shape_of(input);
  const Parsed parsed = parse(input, limits);
  check_written(parsed);
  if (shape.depth <= limits.depth_max && shape.values <= limits.values_max) return;
  CARILLON_CHECK(std::holds_alternative<Malformed>(parsed));
}

const Target kJsonRpcTarget{"json_rpc", json_rpc};

}  // namespace
}  // namespace carillon::fuzz
