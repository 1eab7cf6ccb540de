#include "server/domain/json_schema/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "server/domain/json_schema/ecma_pattern.h"

namespace carillon::json_schema {
namespace {

constexpr std::size_t kPatternBytesMax = 20'000;
constexpr std::uint32_t kMatchLimit = 200'000;  // backtracking steps: some 10 ms
constexpr std::uint32_t kHeapKibibytesMax = 20'000;
constexpr std::uint32_t kOptions =
    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

struct Regex::Code {
  explicit Code(pcre2_code* compiled) : code(compiled), context(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapKibibytesMax);
  }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }

  pcre2_code* code;
  pcre2_match_context* context;
};

Result<std::shared_ptr<const Regex>> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return Error{ErrorCode::arguments_invalid,
                 "the pattern is too long: use at most " + std::to_string(kPatternBytesMax) + " bytes"};
  }
  const auto translated = pcre_from_ecma(pattern);
  if (!translated) return translated.error();
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(units(*translated), translated->size(), kOptions, &error, &offset, nullptr);
  if (code == nullptr) {
    return Error{ErrorCode::arguments_invalid,
                 "is not a regular expression that can be used here: " + message_of(error)};
  }
  return std::make_shared<const Regex>(std::make_shared<const Code>(code));
}

Match Regex::search(std::string_view text) const {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  const int found = pcre2_match(code_->code, units(text), text.size(), 0, 0, data, code_->context);
  pcre2_match_data_free(data);
  if (found >= 0) return Match::yes;
  return found == PCRE2_ERROR_NOMATCH ? Match::no : Match::gave_up;
}

}  // namespace carillon::json_schema
