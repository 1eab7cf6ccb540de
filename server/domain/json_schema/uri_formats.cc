// URIs and what is like them, JSON pointers, and regular expressions.
#include "server/base/ascii.h"
#include "server/domain/json_schema/format_checks.h"
#include "server/domain/json_schema/regex.h"
#include "server/domain/json_schema/uri.h"

namespace carillon::json_schema {
namespace {

constexpr std::string_view kUnreserved = "-._~";
constexpr std::string_view kSubDelimiters = "!$&'()*+,;=";

// RFC 3986 `pchar` and the further characters given; percent escapes must be whole.
bool all_characters(std::string_view text, std::string_view further, Script script) {
  for (const char c : text) {
    const bool foreign = static_cast<unsigned char>(c) >= 128;
    const bool fits = foreign ? script == Script::any
                              : is_alphanumeric(c) || c == '%' || is_one_of(c, kUnreserved) ||
                                    is_one_of(c, kSubDelimiters) || is_one_of(c, further);
    if (!fits) return false;
  }
  return percent_decoded(text).has_value();
}

bool is_ip_literal(std::string_view host) {
  host = host.substr(1, host.size() - 2);
  if (!host.starts_with('v') && !host.starts_with('V')) return is_ipv6(host);
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot > 1 && dot + 1 < host.size() &&
         all_characters(host.substr(dot + 1), ":", Script::ascii);
}

bool is_authority(std::string_view authority, Script script) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (!all_characters(authority.substr(0, at), ":", script)) return false;
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (colon != std::string_view::npos) {
    for (const char c : authority.substr(colon + 1)) {
      if (!is_digit(c)) return false;
    }
  }
  if (host.starts_with('[')) return host.ends_with(']') && is_ip_literal(host);
  return all_characters(host, "", script);
}

bool is_reference(std::string_view text, Script script) {
  const Uri uri = split_uri(text);
  if (uri.authority && !is_authority(*uri.authority, script)) return false;
  if (!all_characters(uri.path, ":@/", script)) return false;
  // Without a scheme, a colon in the first segment would be taken for the end of one.
  const auto colon = uri.path.find(':');
  if (uri.scheme.empty() && !uri.authority && colon < uri.path.find('/')) return false;
  return all_characters(uri.query.value_or(""), ":@/?", script) &&
         all_characters(uri.fragment.value_or(""), ":@/?", script);
}

bool is_variable(std::string_view text) {
  const auto star = text.ends_with('*');
  if (star) text.remove_suffix(1);
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view length = text.substr(colon + 1);
    if (star || length.empty() || length.size() > 4 || length.front() == '0') return false;
    for (const char c : length) {
      if (!is_digit(c)) return false;
    }
    text = text.substr(0, colon);
  }
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  for (const char c : text) {
    if (!is_alphanumeric(c) && !is_one_of(c, "_.%")) return false;
  }
  return percent_decoded(text).has_value();
}

bool is_template_expression(std::string_view text) {
  if (!text.empty() && is_one_of(text.front(), "+#./;?&")) text.remove_prefix(1);
  if (text.empty() || text.back() == ',') return false;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (!is_variable(text.substr(0, comma))) return false;
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return true;
}

}  // namespace

bool is_uri(std::string_view text) { return !split_uri(text).scheme.empty() && is_uri_reference(text); }
bool is_uri_reference(std::string_view text) { return is_reference(text, Script::ascii); }
bool is_iri(std::string_view text) { return !split_uri(text).scheme.empty() && is_iri_reference(text); }
bool is_iri_reference(std::string_view text) { return is_reference(text, Script::any); }

bool is_uri_template(std::string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    if (c == '{') {
      const auto end = text.find('}');
      if (end == std::string_view::npos || !is_template_expression(text.substr(1, end - 1))) return false;
      text.remove_prefix(end + 1);
      continue;
    }
    if (is_one_of(c, "}\"<>\\^`| \x7f") || static_cast<unsigned char>(c) < ' ') return false;
    if (c == '%' && !percent_decoded(text.substr(0, 3))) return false;
    text.remove_prefix(1);
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 >= text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
  text.remove_prefix(digits);
  return text == "#" || is_json_pointer(text);
}

bool is_regex(std::string_view text) { return Regex::compile(text).ok(); }

}  // namespace carillon::json_schema
