#include "server/domain/template.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/nearest.h"
#include "server/domain/template_text.h"

namespace carillon {
namespace {

using jmespath::Expression;

constexpr std::size_t kNamesShownMax = 8;
constexpr std::size_t kBytesPerValue = 8;  // what a value weighs beside its text

Error template_error(std::string message) { return {ErrorCode::arguments_invalid, std::move(message)}; }

std::string step_text(const Expression::Step& step) {
  if (const auto* index = std::get_if<std::int64_t>(&step)) return "[" + std::to_string(*index) + "]";
  return std::get<std::string>(step);
}

std::string path_text(const std::vector<Expression::Step>& path, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    const bool is_member = std::holds_alternative<std::string>(path[i]);
    text += (is_member && !text.empty() ? "." : "") + step_text(path[i]);
  }
  return text;
}

const json* follow(const json& value, const Expression::Step& step) {
  if (const auto* index = std::get_if<std::int64_t>(&step)) {
    if (!value.is_array()) return nullptr;
    const auto size = static_cast<std::int64_t>(value.size());
    const std::int64_t at = *index < 0 ? *index + size : *index;
    return at < 0 || at >= size ? nullptr : &value[static_cast<std::size_t>(at)];
  }
  if (!value.is_object()) return nullptr;
  const auto found = value.find(std::get<std::string>(step));
  return found == value.end() ? nullptr : &*found;
}

// What is there where a step leads nowhere.
std::string what_there_is(const json& where, const std::string& name, json& nearest_names_out) {
  std::vector<std::string> names;
  for (auto member = where.begin(); member != where.end(); ++member) names.push_back(member.key());
  const auto close = nearest(name, names);
  nearest_names_out = close.empty() ? names : close;
  if (!close.empty()) return did_you_mean(close);
  if (names.empty()) return "; it has no members";
  std::string text = "; there is ";
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShownMax); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > kNamesShownMax ? " …" : "");
}

Error missing_error(const std::vector<Expression::Step>& path, std::size_t at, const json& where) {
  const std::string whole = path_text(path, path.size());
  const std::string parent = at == 0 ? "the roots" : path_text(path, at);
  Error error = template_error("${" + whole + "} leads nowhere: ");
  error.details["path"] = whole;
  const auto* name = std::get_if<std::string>(&path[at]);
  if (name != nullptr && where.is_object()) {
    json names;
    error.message += "there is no \"" + *name + "\" in " + parent + what_there_is(where, *name, names);
    error.details["nearest"] = std::move(names);
  } else if (name == nullptr && where.is_array()) {
    error.message += parent + " has " + std::to_string(where.size()) + " items, none at " + step_text(path[at]);
  } else {
    error.message +=
        parent + " is " + (where.is_null() ? "null" : "a " + std::string{where.type_name()}) + ", without members";
  }
  error.message += error.message.ends_with('?') ? " " : ". ";
  error.message += "If it is optional write ${" + whole + " || 'default'}";
  return error;
}

// A plain path must exist; any other expression treats what is missing as null.
Result<json> value_of(const Expression& expression, const json& roots) {
  const auto path = expression.plain_path();
  if (path) {
    const json* at = &roots;
    for (std::size_t i = 0; i < path->size(); ++i) {
      const json* next = follow(*at, (*path)[i]);
      if (next == nullptr) return missing_error(*path, i, *at);
      at = next;
    }
  }
  return expression.evaluate(roots);
}

std::string written_out(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  // JSON does not tell 42.0 from 42, and readers expect the latter.
  if (constexpr double kExact = 9'007'199'254'740'992.0; value.is_number_float()) {
    const double number = value.get<double>();
    if (number == std::trunc(number) && std::abs(number) <= kExact)
      return std::to_string(static_cast<std::int64_t>(number));
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string token(const std::string& name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
  return out;
}

Error in_template(Error error, const std::string& expression) {
  if (!error.message.starts_with("${")) error.message = "${" + expression + "}: " + error.message;
  return error;
}

// One rendering: walks the value, fills in its strings and counts what comes out.
class Renderer {
 public:
  Renderer(const json& roots, const TemplateOptions& options) : roots_(roots), options_(options) {}

  Result<json> run(const json& value) {
    json out;
    if (!render(value, out, 0)) {
      fault_->pointer = pointer_;
      return *fault_;
    }
    return out;
  }

 private:
  bool fail(Error error) {
    fault_ = std::move(error);
    return false;
  }

  bool grow(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= options_.output_bytes_max) return true;
    return fail({ErrorCode::too_large, "what the templates give is larger than " +
                                           std::to_string(options_.output_bytes_max) +
                                           " bytes: select less with an expression"});
  }

  bool grow_by(const json& value) {
    if (!grow(kBytesPerValue + (value.is_string() ? value.get_ref<const std::string&>().size() : 0))) return false;
    if (!value.is_structured()) return true;
    for (auto member = value.begin(); member != value.end(); ++member) {
      if (value.is_object() && !grow(member.key().size())) return false;
      if (!grow_by(*member)) return false;
    }
    return true;
  }

  // The pointer grows on the way down and is kept where something fails.
  template <class Step>
  bool below(const std::string& name, Step step) {
    const std::size_t length = pointer_.size();
    pointer_ += "/" + name;
    if (!step()) return false;
    pointer_.resize(length);
    return true;
  }

  bool render(const json& value, json& out, std::size_t depth) {
    if (depth > options_.depth_max) return fail(template_error("is nested too deep: flatten it"));
    if (value.is_string()) return render_text(value.get_ref<const std::string&>(), out);
    if (!grow(kBytesPerValue)) return false;
    if (value.is_object()) {
      out = json::object();
      for (auto member = value.begin(); member != value.end(); ++member) {
        if (!grow(member.key().size())) return false;
        if (!below(token(member.key()), [&] { return render(*member, out[member.key()], depth + 1); })) return false;
      }
      return true;
    }
    if (!value.is_array()) {
      out = value;
      return true;
    }
    out = json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      out.push_back(nullptr);
      if (!below(std::to_string(i), [&] { return render(value[i], out.back(), depth + 1); })) return false;
    }
    return true;
  }

  bool render_text(const std::string& text, json& out) {
    auto parts = template_parts(text);
    if (!parts) return fail(parts.error());
    if (parts->size() == 1 && parts->front().kind == TemplatePart::Kind::expression) {
      auto result = evaluate(parts->front().text);
      if (!result) return fail(in_template(result.error(), parts->front().text));
      out = std::move(*result);
      return grow_by(out);
    }
    std::string rendered;
    for (const auto& part : *parts) {
      std::string piece = part.text;
      if (part.kind == TemplatePart::Kind::expression) {
        auto result = evaluate(part.text);
        if (!result) return fail(in_template(result.error(), part.text));
        piece = written_out(*result);
      }
      if (!grow(piece.size())) return false;
      rendered += piece;
    }
    out = std::move(rendered);
    return grow(kBytesPerValue);
  }

  Result<json> evaluate(const std::string& text) const {
    const auto arithmetic = time_arithmetic(text);
    auto expression = jmespath::compile(arithmetic ? arithmetic->base : text);
    if (!expression) return expression.error();
    auto value = value_of(*expression, roots_);
    if (!value || !arithmetic) return value;
    const auto instant = value->is_string() ? parse_rfc3339(value->get_ref<const std::string&>()) : std::nullopt;
    if (!instant)
      return template_error(arithmetic->base +
                            " is no time, so nothing can be added to it: it must be like 2026-11-21T15:00:00Z");
    const auto moved = shifted(*instant, *arithmetic, options_.zone);
    if (!moved) return template_error("leads out of the calendar: add less");
    return json(to_rfc3339(*moved));
  }

  const json& roots_;
  const TemplateOptions& options_;
  std::string pointer_;
  std::size_t bytes_ = 0;
  std::optional<Error> fault_;
};

Result<Done> check_text(const std::string& text, std::set<std::string>& roots) {
  const auto parts = template_parts(text);
  if (!parts) return parts.error();
  for (const auto& part : *parts) {
    if (part.kind != TemplatePart::Kind::expression) continue;
    const auto arithmetic = time_arithmetic(part.text);
    const auto expression = jmespath::compile(arithmetic ? arithmetic->base : part.text);
    if (!expression) return in_template(expression.error(), part.text);
    for (auto& root : expression->roots()) roots.insert(std::move(root));
  }
  return Done{};
}

struct Visit {
  const json& value;
  std::string pointer;
  std::size_t depth;
};

Result<Done> check_value(const Visit& visit, const TemplateOptions& options, std::set<std::string>& roots) {
  const json& value = visit.value;
  if (visit.depth > options.depth_max) {
    Error error = template_error("is nested too deep: flatten it");
    error.pointer = visit.pointer;
    return error;
  }
  if (value.is_string()) {
    auto checked = check_text(value.get_ref<const std::string&>(), roots);
    if (checked) return checked;
    Error error = checked.error();
    error.pointer = visit.pointer;
    return error;
  }
  if (!value.is_structured()) return Done{};
  std::size_t index = 0;
  for (auto member = value.begin(); member != value.end(); ++member, ++index) {
    const std::string name = value.is_object() ? token(member.key()) : std::to_string(index);
    if (auto checked = check_value({*member, visit.pointer + "/" + name, visit.depth + 1}, options, roots); !checked)
      return checked;
  }
  return Done{};
}

}  // namespace

Result<json> render_template(const json& value, const json& roots, const TemplateOptions& options) {
  return Renderer{roots, options}.run(value);
}

Result<std::vector<std::string>> check_template(const json& value, const TemplateOptions& options) {
  std::set<std::string> roots;
  if (auto checked = check_value({value, "", 0}, options, roots); !checked) return checked.error();
  return std::vector<std::string>{roots.begin(), roots.end()};
}

std::string_view bare_expression(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto last = text.find_last_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, last + 1 - first);
  if (!text.starts_with("${") || !text.ends_with("}")) return text;
  const auto parts = template_parts(text);
  const bool whole = parts.ok() && parts->size() == 1 && parts->front().kind == TemplatePart::Kind::expression;
  return whole ? text.substr(2, text.size() - 3) : text;
}

bool has_template(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().find("${") != std::string::npos;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [](const json& inner) { return has_template(inner); });
}

bool is_template_root(std::string_view name) {
  constexpr auto kRoots = std::to_array<std::string_view>(
      {"input", "params", "steps", "run", "now", "item", "index", "event", "error", "secret"});
  return std::find(kRoots.begin(), kRoots.end(), name) != kRoots.end();
}

}  // namespace carillon
