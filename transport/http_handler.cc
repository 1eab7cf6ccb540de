#include "transport/http_handler.h"

#include <algorithm>

namespace carillon::transport {
namespace {

// Header names are ASCII; the C library's tolower would ask the locale.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool HeaderNameLess::operator()(std::string_view left, std::string_view right) const {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return lower(a) < lower(b); });
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> whole_header(const HttpHeaders& headers, std::string_view name) {
  const auto [first, last] = headers.equal_range(name);
  if (first == last) return std::nullopt;
  std::string value = first->second;
  for (auto each = std::next(first); each != last; ++each) value += ", " + each->second;
  return value;
}

HttpResponse json_response(int status, const json& body) {
  return {status, "application/json", body.dump(-1, ' ', false, json::error_handler_t::replace), {}};
}

HttpResponse error_response(int status, std::string_view code, std::string_view message) {
  return json_response(status, {{"error", code}, {"message", message}});
}

}  // namespace carillon::transport
