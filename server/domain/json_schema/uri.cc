#include "server/domain/json_schema/uri.h"

#include "server/base/ascii.h"

namespace carillon::json_schema {
namespace {

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && (i == 0 || !other)) return false;
  }
  return true;
}

// Takes what follows the last `mark`-to-end part off `rest`.
std::optional<std::string> cut_tail(std::string_view& rest, char mark) {
  const auto at = rest.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string tail{rest.substr(at + 1)};
  rest = rest.substr(0, at);
  return tail;
}

// RFC 3986, 5.2.4: `.` and `..` segments taken out.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path == "/.." ? std::string_view{"/"} : path.substr(3);
      const auto slash = out.rfind('/');
      out.erase(slash == std::string::npos ? 0 : slash);
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const auto next = path.find('/', 1);
      out += path.substr(0, next);
      path = next == std::string_view::npos ? std::string_view{} : path.substr(next);
    }
  }
  return out;
}

std::string merged_path(const Uri& base, const std::string& path) {
  if (base.authority && base.path.empty()) return "/" + path;
  const auto slash = base.path.rfind('/');
  return slash == std::string::npos ? path : base.path.substr(0, slash + 1) + path;
}

}  // namespace

Uri split_uri(std::string_view text) {
  Uri uri;
  uri.fragment = cut_tail(text, '#');
  uri.query = cut_tail(text, '?');
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto slash = text.find('/');
    uri.authority = std::string{text.substr(0, slash)};
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
  }
  uri.path = text;
  return uri;
}

std::string join_uri(const Uri& uri) {
  std::string text;
  if (!uri.scheme.empty()) text += uri.scheme + ":";
  if (uri.authority) text += "//" + *uri.authority;
  text += uri.path;
  if (uri.query) text += "?" + *uri.query;
  if (uri.fragment) text += "#" + *uri.fragment;
  return text;
}

Uri resolve_uri(const Uri& base, const Uri& reference) {
  Uri out = reference;
  if (!reference.scheme.empty()) {
    out.path = without_dot_segments(reference.path);
    return out;
  }
  out.scheme = base.scheme;
  if (reference.authority) {
    out.path = without_dot_segments(reference.path);
    return out;
  }
  out.authority = base.authority;
  if (reference.path.empty()) {
    out.path = base.path;
    if (!reference.query) out.query = base.query;
    return out;
  }
  const bool absolute = reference.path.front() == '/';
  out.path = without_dot_segments(absolute ? reference.path : merged_path(base, reference.path));
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace carillon::json_schema
