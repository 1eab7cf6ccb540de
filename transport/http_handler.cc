#include "transport/http_handler.h"

#include <algorithm>

#include "server/base/ascii.h"

namespace carillon::transport {

bool HeaderNameLess::operator()(std::string_view left, std::string_view right) const {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return lower_case(a) < lower_case(b); });
}

bool same_text(std::string_view left, std::string_view right) {
  const HeaderNameLess less;
  return !less(left, right) && !less(right, left);
}

bool is_token_character(char c) {
  return is_alphanumeric(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
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
