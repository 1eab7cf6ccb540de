// Addresses of machines, people and things.
#include "server/base/ascii.h"
#include "server/domain/json_schema/format_checks.h"

namespace carillon::json_schema {
namespace {

constexpr std::size_t kLocalPartMax = 64;

// What stands before the next separator; `rest` becomes what follows it.
std::string_view cut(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return head;
}

bool is_octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return false;
  int value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

bool is_hex_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return false;
  for (const char c : text) {
    if (hex_value(c) < 0) return false;
  }
  return true;
}

// How many 16-bit groups `a:b:c` holds; -1 when it is none such. Only the last may be an IPv4 address.
int count_groups(std::string_view text, std::string_view whole) {
  if (text.empty()) return 0;
  int count = 0;
  for (;;) {
    const auto colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool is_last = colon == std::string_view::npos && text.data() + text.size() == whole.data() + whole.size();
    if (is_hex_group(group)) {
      count += 1;
    } else if (is_last && is_ipv4(group)) {
      count += 2;
    } else {
      return -1;
    }
    if (colon == std::string_view::npos) return count;
    text.remove_prefix(colon + 1);
  }
}

bool is_other_script(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }

bool is_atom(std::string_view text, Script script) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool fits = is_alphanumeric(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos ||
                      (script == Script::any && is_other_script(c));
    if (!fits) return false;
  }
  return true;
}

bool is_quoted_local_part(std::string_view text, Script script) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    if (i >= text.size()) return false;
    const bool printable = text[i] >= ' ' && text[i] <= '~';
    if (!printable && !(script == Script::any && is_other_script(text[i]))) return false;
    if (text[i] == '"' && text[i - (i > 0 ? 1 : 0)] != '\\') return false;
  }
  return true;
}

bool is_local_part(std::string_view text, Script script) {
  if (text.empty() || text.size() > kLocalPartMax) return false;
  if (text.front() == '"') return is_quoted_local_part(text, script);
  if (text.back() == '.') return false;
  while (!text.empty()) {
    if (!is_atom(cut(text, '.'), script)) return false;
  }
  return true;
}

bool is_address_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  return text.starts_with("IPv6:") ? is_ipv6(text.substr(5)) : is_ipv4(text);
}

}  // namespace

bool is_ipv4(std::string_view text) {
  if (text.empty() || text.back() == '.') return false;
  int octets = 0;
  for (; !text.empty(); ++octets) {
    if (!is_octet(cut(text, '.'))) return false;
  }
  return octets == 4;
}

bool is_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, text) == 8;
  const int before = count_groups(text.substr(0, gap), text);
  const int after = count_groups(text.substr(gap + 2), text);
  return before >= 0 && after >= 0 && before + after <= 7;
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view domain = text.substr(at + 1);
  return is_local_part(text.substr(0, at), Script::ascii) && (is_hostname(domain) || is_address_literal(domain));
}

bool is_idn_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view domain = text.substr(at + 1);
  return is_local_part(text.substr(0, at), Script::any) && (is_idn_hostname(domain) || is_address_literal(domain));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace carillon::json_schema
