// Any text: what decodes is written as it was, and any bytes survive both forms.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "transport/base64.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void base64(std::string_view input) {
  CARILLON_CHECK(from_base64(to_base64(input)) == input);
  CARILLON_CHECK(from_base64url(to_base64url(input)) == input);
  const auto plain = from_base64(input);
  CARILLON_CHECK(!plain || to_base64(*plain) == input);
  const auto url = from_base64url(input);
  CARILLON_CHECK(!url || to_base64url(*url) == input);
}

const Target kBase64Target{"base64", base64};

}  // namespace
}  // namespace carillon::fuzz
