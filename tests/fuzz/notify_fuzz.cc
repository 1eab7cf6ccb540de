// An address of a notification: what is accepted is stored as it reads again, is of one kind, and can stand in a
// header.
#include "server/base/check.h"
#include "server/domain/notify.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

bool fits_a_header(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

void notify(std::string_view text) {
  const Patience patience;
  CARILLON_CHECK(!is_mail_address(text) || fits_a_header(text));
  const auto target = read_notify_target(text, "/notify/0");
  if (!target) {
    CARILLON_CHECK(target.error().pointer == "/notify/0" && !target.error().message.empty());
    return;
  }
  const auto again = read_notify_target(*target, "/notify/0");
  CARILLON_CHECK(again && *again == *target);
  const auto kind = kind_of_target(*target);
  if (kind == TargetKind::webhook || kind == TargetKind::email) CARILLON_CHECK(fits_a_header(*target));
  if (kind == TargetKind::tool) {
    const auto tool = tool_of_target(*target);
    CARILLON_CHECK(tool.tool.find('.') != std::string::npos && tool.arguments.is_object());
    const auto schema =
        ordered_json::parse(R"({"properties":{"text":{"type":"string"},"to":{"type":"string"}},"required":["text"]})");
    const auto argument = text_argument(schema, tool);
    CARILLON_CHECK(!argument || !tool.arguments.contains(*argument));
  }
  patience.check();
}

const Target kNotifyTarget{"notify", notify};

}  // namespace
}  // namespace carillon::fuzz
