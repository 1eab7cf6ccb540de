#include "server/engine/paging.h"

namespace carillon {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

std::string make_cursor(Listing listing, std::string_view key) {
  std::string cursor{static_cast<char>(listing)};
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    cursor += kHex[byte >> 4U];
    cursor += kHex[byte & 15U];
  }
  return cursor;
}

Result<std::optional<std::string>> read_cursor(Listing listing, const std::optional<std::string>& cursor) {
  if (!cursor || cursor->empty()) return std::optional<std::string>{};
  const Error refusal{ErrorCode::arguments_invalid,
                      "take the cursor from next_cursor of the page before, or leave it out", "/cursor", *cursor};
  if (cursor->front() != static_cast<char>(listing) || cursor->size() % 2 == 0) return refusal;
  std::string key;
  for (std::size_t i = 1; i < cursor->size(); i += 2) {
    const auto high = kHex.find((*cursor)[i]);
    const auto low = kHex.find((*cursor)[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos || high + low == 0) return refusal;
    key += static_cast<char>(high * 16 + low);
  }
  return std::optional{std::move(key)};
}

Status check_limit(int limit, std::string_view pointer) {
  if (limit >= 1 && limit <= kLimitMax) return Done{};
  return Error{ErrorCode::arguments_invalid, "from 1 to 100", std::string(pointer), limit};
}

}  // namespace carillon
