#include "transport/mcp_headers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "server/base/ascii.h"
#include "transport/base64.h"
#include "transport/http_handler.h"

namespace carillon::transport {
namespace {

constexpr std::string_view kOpen = "=?base64?";
constexpr std::string_view kClose = "?=";

bool is_visible(char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_marked(std::string_view value) {
  return value.size() >= kOpen.size() + kClose.size() && value.starts_with(kOpen) && value.ends_with(kClose);
}

class Collector {
 public:
  // Walks `properties` only: a mark anywhere else (items, oneOf, $ref …) breaks the rules.
  void walk(const ordered_json& schema) {
    if (!schema.is_object()) return;
    for (const auto& [key, value] : schema.items()) {
      if (key == "properties" && value.is_object()) {
        for (const auto& [name, property] : value.items()) visit(name, property);
      } else if (key != "x-mcp-header" && key != "default" && key != "const" && key != "enum" && key != "examples") {
        if (holds_mark(value)) problem_ = "x-mcp-header is only allowed on properties reached from the root";
      }
    }
  }
  std::variant<std::vector<HeaderParam>, std::string> result() && {
    if (!problem_.empty()) return problem_;
    return std::move(found_);
  }

 private:
  void visit(const std::string& name, const ordered_json& property) {
    path_.push_back(name);
    if (property.is_object() && property.contains("x-mcp-header")) add(property);
    walk(property);
    path_.pop_back();
  }

  void add(const ordered_json& property) {
    const auto& mark = property["x-mcp-header"];
    const std::string header = mark.is_string() ? mark.get<std::string>() : "";
    if (header.empty() || !std::all_of(header.begin(), header.end(), is_token_character)) {
      problem_ = "x-mcp-header of " + path_.back() + " is not an HTTP token";
      return;
    }
    if (!seen_.insert(lower_case(header)).second) {
      problem_ = "x-mcp-header " + header + " is given twice";
      return;
    }
    const ordered_json type = property.value("type", ordered_json());
    HeaderParam param{header, path_, HeaderParam::Kind::text};
    if (type == "integer") param.kind = HeaderParam::Kind::integer;
    if (type == "boolean") param.kind = HeaderParam::Kind::boolean;
    if (type != "string" && type != "integer" && type != "boolean")
      problem_ = "x-mcp-header of " + path_.back() + " needs the type string, integer or boolean";
    found_.push_back(std::move(param));
  }

  static bool holds_mark(const ordered_json& value) {
    if (value.is_object() && value.contains("x-mcp-header")) return true;
    if (!value.is_structured()) return false;
    return std::any_of(value.begin(), value.end(), holds_mark);
  }

  std::vector<std::string> path_;
  std::vector<HeaderParam> found_;
  std::set<std::string> seen_;
  std::string problem_;
};

std::optional<double> finite_number(std::string_view text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

std::string to_header_value(std::string_view value) {
  const bool plain = std::all_of(value.begin(), value.end(), is_visible) && !is_marked(value) &&
                     value.find('\t') == std::string_view::npos &&
                     (value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
  if (plain) return std::string{value};
  return std::string{kOpen} + to_base64(value) + std::string{kClose};
}

std::optional<std::string> from_header_value(std::string_view header) {
  while (!header.empty() && is_blank(header.front())) header.remove_prefix(1);
  while (!header.empty() && is_blank(header.back())) header.remove_suffix(1);
  if (!std::all_of(header.begin(), header.end(), is_visible)) return std::nullopt;
  if (!is_marked(header)) return std::string{header};
  return from_base64(header.substr(kOpen.size(), header.size() - kOpen.size() - kClose.size()));
}

std::optional<std::string> mirrored_text(const json& argument) {
  if (argument.is_string()) return argument.get<std::string>();
  if (argument.is_boolean()) return argument.get<bool>() ? "true" : "false";
  if (argument.is_number_integer()) return argument.dump();
  if (argument.is_number_float()) {
    const double number = argument.get<double>();
    if (std::floor(number) == number && std::abs(number) <= 9007199254740991.0)
      return std::to_string(static_cast<std::int64_t>(number));
  }
  return std::nullopt;
}

std::variant<std::vector<HeaderParam>, std::string> header_params(const ordered_json& input_schema) {
  Collector collector;
  collector.walk(input_schema);
  return std::move(collector).result();
}

json argument_at(const json& arguments, const HeaderParam& param) {
  const json* at = &arguments;
  for (const std::string& name : param.path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return *at;
}

bool header_matches(const HeaderParam& param, std::string_view value, const json& argument) {
  if (param.kind == HeaderParam::Kind::integer && argument.is_number()) {
    const auto number = finite_number(value);
    return number && *number == argument.get<double>();
  }
  const auto text = mirrored_text(argument);
  return text && *text == value;
}

std::optional<std::string_view> name_member(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method == "resources/read") return "uri";
  if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel") return "taskId";
  return std::nullopt;
}

}  // namespace carillon::transport
