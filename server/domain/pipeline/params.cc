#include "server/domain/pipeline/params.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/jmespath/lexer.h"
#include "server/domain/json_schema/defaults.h"
#include "server/domain/json_schema/json_schema.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/domain/template_text.h"

namespace carillon::pipeline {
namespace {

using jmespath::Token;
using jmespath::TokenKind;

constexpr char kRoot[] = "params";

// As a text that a template gives back as it is.
std::string escaped_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') out += '$';
    out += text[i];
  }
  return out;
}

json escaped(json value) {
  if (value.is_string()) return escaped_text(value.get_ref<const std::string&>());
  if (value.is_structured())
    for (json& each : value) each = escaped(std::move(each));
  return value;
}

std::string literal_of(const json& value) {
  std::string out = "`";
  for (const char c : value.dump(-1, ' ', false, json::error_handler_t::replace)) {
    if (c == '`') out += '\\';
    out += c;
  }
  return out + '`';
}

class Filling {
 public:
  explicit Filling(const json& values) : values_(values), roots_{{kRoot, values}} {}

  // `steps` is what read_pipeline has read.
  void fill_steps(json& steps, const std::string& pointer) {
    for (std::size_t i = 0; i < steps.size(); ++i) fill_step(steps[i], below(pointer, std::to_string(i)));
  }
  void fill_texts(json& value, const std::string& pointer) {
    if (fault_) return;
    if (value.is_string()) {
      value = filled_text(value.get<std::string>(), pointer);
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) fill_texts(value[i], below(pointer, std::to_string(i)));
    } else if (value.is_object()) {
      for (auto& [name, inner] : value.items()) fill_texts(inner, below(pointer, name));
    }
  }
  const std::optional<Error>& fault() const { return fault_; }

 private:
  void fill_step(json& step, const std::string& pointer) {
    static constexpr auto kLists = std::to_array<std::string_view>({"sequence", "do"});
    for (auto& [name, value] : step.items()) {
      const std::string here = below(pointer, name);
      if (name == "if" || name == "expect") {
        fill_expression(value);
      } else if (std::find(kLists.begin(), kLists.end(), name) != kLists.end()) {
        fill_steps(value, here);
      } else if (name == "parallel") {
        for (std::size_t i = 0; i < value.size(); ++i) {
          const std::string branch = below(here, std::to_string(i));
          value[i].is_array() ? fill_steps(value[i], branch) : fill_step(value[i], branch);
        }
      } else if (name == "switch") {
        for (std::size_t i = 0; i < value.size(); ++i) fill_branch(value[i], below(here, std::to_string(i)));
      } else if (name == "undo") {
        fill_step(value, here);
      } else {
        if (name == "signal" && value.is_object() && value.contains("match")) fill_expression(value["match"]);
        fill_texts(value, here);
      }
    }
  }

  void fill_branch(json& branch, const std::string& pointer) {
    if (branch.contains("if")) fill_expression(branch["if"]);
    for (const char* steps : {"do", "else"})
      if (branch.contains(steps)) fill_steps(branch[steps], below(pointer, steps));
  }

  void fill_expression(json& value) const {
    if (value.is_string()) value = with_literals(bare_expression(value.get_ref<const std::string&>()));
  }

  json filled_text(const std::string& text, const std::string& pointer) {
    const auto parts = template_parts(text);
    if (!parts) return text;
    if (parts->size() == 1 && names_params_alone(parts->front())) return escaped(value_of(parts->front(), pointer));
    std::string out;
    for (const TemplatePart& part : *parts) {
      if (part.kind == TemplatePart::Kind::text) {
        out += escaped_text(part.text);
      } else if (names_params_alone(part)) {
        const json value = value_of(part, pointer);
        out += escaped_text(value.is_string() ? value.get<std::string>() : value.dump());
      } else {
        out += "${" + with_literals(part.text) + "}";
      }
    }
    return out;
  }

  static bool names_params_alone(const TemplatePart& part) {
    if (part.kind != TemplatePart::Kind::expression) return false;
    const auto roots = check_template("${" + part.text + "}");
    return roots.ok() && *roots == std::vector<std::string>{kRoot};
  }

  json value_of(const TemplatePart& part, const std::string& pointer) {
    auto value = render_template("${" + part.text + "}", roots_);
    if (value) return *std::move(value);
    if (!fault_) {
      fault_ = value.error();
      fault_->pointer = pointer;
    }
    return nullptr;
  }

  // The same expression with the values of params in their places.
  std::string with_literals(std::string_view expression) const {
    const auto tokens = jmespath::tokens_of(expression);
    std::string out;
    std::size_t copied = 0;
    for (std::size_t i = 0; tokens && i < tokens->size(); ++i) {
      if (!begins_params(*tokens, i)) continue;
      out += expression.substr(copied, (*tokens)[i].position - copied);
      const json* value = &values_;
      static const json kNothing;
      for (; i + 2 < tokens->size() && (*tokens)[i + 1].kind == TokenKind::dot && is_name((*tokens)[i + 2]); i += 2) {
        const auto name = (*tokens)[i + 2].value.get<std::string>();
        value = value->is_object() && value->contains(name) ? &value->at(name) : &kNothing;
      }
      out += literal_of(*value);
      copied = (*tokens)[i + 1].position;
    }
    return out + std::string(expression.substr(copied));
  }

  static bool is_name(const Token& token) {
    return token.kind == TokenKind::name || token.kind == TokenKind::quoted_name;
  }
  static bool begins_params(const std::vector<Token>& tokens, std::size_t i) {
    if (tokens[i].kind != TokenKind::name || tokens[i].value != kRoot) return false;
    const TokenKind next = tokens[i + 1].kind;  // the last token is `end`
    return (i == 0 || tokens[i - 1].kind != TokenKind::dot) && next != TokenKind::colon &&
           next != TokenKind::left_paren;
  }

  const json& values_;
  const json roots_;
  std::optional<Error> fault_;
};

// What no param is called, although the schema does not say that there are no others.
std::optional<Error> unknown_param(const json& schema, const json& values) {
  if (!schema.contains("properties") || schema.contains("additionalProperties")) return std::nullopt;
  std::vector<std::string_view> known;
  for (const auto& [name, inner] : schema["properties"].items()) known.emplace_back(name);
  return unknown_member(values, known, "/params");
}

}  // namespace

Result<json> with_params(const json& definition, const json& values) {
  const json& schema = definition.at("params");
  if (auto error = unknown_param(schema, values)) return *error;
  const auto compiled = json_schema::compile(schema);
  if (!compiled) return compiled.error();
  const json filled = json_schema::with_defaults(schema, values);
  if (const auto violations = compiled->validate(filled); !violations.empty())
    return json_schema::to_error(violations, "/params");
  json made = definition;
  made.erase("params");
  Filling filling{filled};
  filling.fill_steps(made["steps"], "/steps");
  if (made.contains("output")) filling.fill_texts(made["output"], "/output");
  if (filling.fault()) return *filling.fault();
  return made;
}

}  // namespace carillon::pipeline
