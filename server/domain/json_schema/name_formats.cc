// Names of machines: RFC 1123 and, in any script, IDNA 2008 (RFC 5890 to 5892), whose tables libidn2 knows.
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "server/base/ascii.h"
#include "server/domain/json_schema/format_checks.h"

namespace carillon::json_schema {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kUnicodeLabelMax = 4 * kLabelMax;  // bytes; more cannot become a label
constexpr std::string_view kEncoded = "xn--";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; });
}

const std::uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<const std::uint8_t*>(text.c_str()); }

// The label as it may be registered, in ASCII; nothing for one that may not. One of the two is given.
std::optional<std::string> registered(const std::string* unicode, const std::string* encoded) {
  std::uint8_t* made = nullptr;
  const int code = ::idn2_register_u8(unicode == nullptr ? nullptr : bytes_of(*unicode),
                                      encoded == nullptr ? nullptr : bytes_of(*encoded), &made, IDN2_NFC_INPUT);
  const std::unique_ptr<std::uint8_t, decltype(&::idn2_free)> owned{made, ::idn2_free};
  if (code != IDN2_OK || made == nullptr) return std::nullopt;
  return reinterpret_cast<const char*>(made);
}

bool is_ascii_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelMax || label.front() == '-' || label.back() == '-') return false;
  if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; })) return false;
  // RFC 5891: "--" in third place is kept for encodings, of which xn-- is the only one.
  if (label.size() < kEncoded.size() || label.substr(2, 2) != "--") return true;
  const std::string encoded = lower_case(label);
  return encoded.starts_with(kEncoded) && registered(nullptr, &encoded).has_value();
}

// How many bytes a label takes in ASCII; 0 for what is none.
std::size_t label_bytes(const std::string& label) {
  if (is_ascii(label)) return is_ascii_label(label) ? label.size() : 0;
  if (label.size() > kUnicodeLabelMax || label.find('\0') != std::string::npos) return 0;
  const auto encoded = registered(&label, nullptr);
  return encoded ? encoded->size() : 0;
}

// What stands before the next of the separators; `rest` becomes what follows it. Texts that end with one are refused
// before.
std::string_view cut(std::string_view& rest, std::initializer_list<std::string_view> separators) {
  std::size_t at = std::string_view::npos, length = 0;
  for (const auto separator : separators) {
    const std::size_t found = rest.find(separator);
    if (found >= at) continue;
    at = found;
    length = separator.size();
  }
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + length);
  return head;
}

}  // namespace

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > kNameMax || text.back() == '.') return false;
  while (!text.empty())
    if (!is_ascii_label(cut(text, {"."}))) return false;
  return true;
}

bool is_idn_hostname(std::string_view text) {
  // RFC 3490, 3.1: the full stops of other scripts separate labels, too.
  constexpr std::string_view kIdeographic = "\u3002", kFullwidth = "\uff0e", kHalfwidth = "\uff61";
  for (const auto dot : {std::string_view{"."}, kIdeographic, kFullwidth, kHalfwidth})
    if (text.ends_with(dot)) return false;
  if (text.empty()) return false;
  std::size_t whole = 0;
  while (!text.empty()) {
    const std::size_t bytes = label_bytes(std::string{cut(text, {".", kIdeographic, kFullwidth, kHalfwidth})});
    whole += bytes + 1;
    if (bytes == 0 || whole > kNameMax + 1) return false;
  }
  return true;
}

}  // namespace carillon::json_schema
