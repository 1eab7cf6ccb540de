#include "server/domain/pipeline/step_calls.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/domain/template_text.h"

namespace carillon::pipeline {
namespace {

constexpr std::string_view kSecret = "secret";

bool names_secret(const std::vector<std::string>& roots) {
  return std::find(roots.begin(), roots.end(), kSecret) != roots.end();
}

bool names_secret(const json& value) {
  const auto roots = check_template(value);
  return roots.ok() && names_secret(*roots);
}

// "Bearer ${secret.github}" → {"secret": "github", "before": "Bearer ", "after": ""}; nothing where more is filled in.
std::optional<json> read_secret_header(const std::string& text) {
  const auto parts = template_parts(text);
  if (!parts) return std::nullopt;
  json header{{"before", ""}, {"after", ""}};
  for (const TemplatePart& part : *parts) {
    const bool is_after = header.contains(kSecret);
    if (part.kind == TemplatePart::Kind::text) {
      if (part.text.find("${") != std::string::npos) return std::nullopt;  // it would be read for templates again
      header[is_after ? "after" : "before"] = part.text;
      continue;
    }
    const auto expression = jmespath::compile(part.text);
    const auto path = expression ? expression->plain_path() : std::nullopt;
    if (is_after || !path || path->size() != 2 || (*path)[0] != jmespath::Expression::Step{std::string{kSecret}} ||
        !std::holds_alternative<std::string>((*path)[1]))
      return std::nullopt;
    header[std::string{kSecret}] = std::get<std::string>((*path)[1]);
  }
  return header;
}

StepCall http_call(const Step& step) {
  std::string tool = "carillon.http_";
  const std::string method = step.body.value("method", "GET");
  for (const char letter : method) tool += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  json arguments = step.body;
  arguments.erase("method");
  const json headers = step.body.value("headers", json::object());
  json plain = json::object(), secret = json::object();
  for (const auto& [name, value] : headers.items()) {
    if (!names_secret(value))
      plain[name] = value;
    else if (auto header = read_secret_header(value.get_ref<const std::string&>()))
      secret[name] = *std::move(header);
  }
  arguments.erase("headers");
  if (!plain.empty()) arguments["headers"] = std::move(plain);
  if (!secret.empty()) arguments["secret_headers"] = std::move(secret);
  const std::string here = below(step.pointer, member_of(StepKind::http));
  return {std::move(tool), std::move(arguments), here, here};
}

}  // namespace

std::optional<StepCall> call_of(const Step& step) {
  if (step.kind == StepKind::tool)
    return StepCall{step.body.at("uses").get<std::string>(), step.body.at("with"), below(step.pointer, "uses"),
                    below(step.pointer, "with")};
  if (step.kind == StepKind::http) return http_call(step);
  if (step.kind == StepKind::script) {
    const std::string here = below(step.pointer, member_of(StepKind::script));
    return StepCall{"carillon.run_script", step.body, here, here};
  }
  return std::nullopt;
}

std::optional<Error> check_secrets(const json& http, const std::string& pointer) {
  for (const auto& [name, value] : http.items())
    if (name != "headers" && names_secret(value))
      return invalid("secrets stand in headers only", below(pointer, name), value);
  const std::string here = below(pointer, "headers");
  const json headers = http.value("headers", json::object());
  for (const auto& [name, value] : headers.items())
    if (names_secret(value) && (!value.is_string() || !read_secret_header(value.get_ref<const std::string&>())))
      return invalid("a header with a secret is fixed text around one ${secret.name}", below(here, name), value);
  return std::nullopt;
}

}  // namespace carillon::pipeline
