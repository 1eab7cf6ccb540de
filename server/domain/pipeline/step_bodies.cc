#include "server/domain/pipeline/step_bodies.h"
#include "server/domain/approval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/duration_text.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/domain/work.h"

namespace carillon::pipeline {
namespace {

constexpr std::size_t kNameBytesMax = 100;

// What may stand in a member of a body. Texts may hold templates, unless the row says otherwise.
enum class Takes { text, name, texts, object, anything, number, duration, expression, one_of };

struct Member {
  std::string_view name;
  Takes takes;
  bool is_needed = false;
  std::string_view choices{};  // one_of: between spaces
};

using Members = std::span<const Member>;

constexpr auto kSignal =
    std::to_array<Member>({{"event", Takes::text, true}, {"match", Takes::expression}, {"within", Takes::duration}});
constexpr auto kApproval = std::to_array<Member>({{"message", Takes::text, true},
                                                  {"by", Takes::texts},
                                                  {"quorum", Takes::number},
                                                  {"within", Takes::duration},
                                                  {"on_expiry", Takes::one_of, false, "fail approve reject"},
                                                  {"on_reject", Takes::one_of, false, "fail continue"},
                                                  {"arguments", Takes::object},
                                                  {"notify", Takes::texts},
                                                  {"escalate", Takes::object}});
constexpr auto kHttp = std::to_array<Member>({{"method", Takes::one_of, false, "GET HEAD POST PUT PATCH DELETE"},
                                              {"url", Takes::text, true},
                                              {"headers", Takes::object},
                                              {"body", Takes::anything},
                                              {"expect_status", Takes::anything}});
constexpr auto kScript = std::to_array<Member>({{"command", Takes::texts, true}, {"stdin", Takes::anything}});
constexpr auto kEvent = std::to_array<Member>({{"type", Takes::text, true}, {"payload", Takes::object}});
constexpr auto kState = std::to_array<Member>({{"op", Takes::one_of, true, "get set increment append acquire release"},
                                               {"key", Takes::text, true},
                                               {"namespace", Takes::text},
                                               {"value", Takes::anything},
                                               {"if_version", Takes::anything},
                                               {"ttl", Takes::duration}});
constexpr auto kAgent = std::to_array<Member>(
    {{"name", Takes::name}, {"prompt", Takes::text, true}, {"data", Takes::object}, {"within", Takes::duration}});
constexpr auto kUntil = std::to_array<Member>({{"until", Takes::text, true}});

std::optional<Error> check_template_in(const json& value, const std::string& pointer) {
  const auto roots = check_template(value);
  if (!roots) {
    Error error = roots.error();
    error.pointer = pointer + error.pointer;
    return error;
  }
  return std::nullopt;
}

std::optional<Error> check_duration(const json& value, const std::string& pointer) {
  if (!value.is_string()) return invalid("give a duration such as \"2h\"", pointer, value);
  const auto duration = read_duration(value.get_ref<const std::string&>(), pointer);
  if (!duration) return duration.error();
  if (duration->count() <= 0) return invalid("a duration is longer than nothing", pointer, value);
  return std::nullopt;
}

std::optional<Error> check_expression(const json& value, const std::string& pointer) {
  if (!value.is_string()) return invalid("give a JMESPath expression", pointer, value);
  const auto expression = jmespath::compile(bare_expression(value.get_ref<const std::string&>()));
  if (expression) return std::nullopt;
  Error error = expression.error();
  error.pointer = pointer;
  return error;
}

std::optional<Error> check_choice(const json& value, std::string_view choices, const std::string& pointer) {
  const std::string padded = " " + std::string(choices) + " ";
  const bool fits = value.is_string() && padded.find(" " + value.get<std::string>() + " ") != std::string::npos;
  if (fits) return std::nullopt;
  return invalid("give one of: " + std::string(choices), pointer, value);
}

std::optional<Error> check_member(const Member& member, const json& value, const std::string& pointer) {
  const auto is_text = [](const json& text) { return text.is_string() && !text.get_ref<const std::string&>().empty(); };
  switch (member.takes) {
    case Takes::text:
      if (!is_text(value)) return invalid("give a text", pointer, value);
      return check_template_in(value, pointer);
    case Takes::name:
      return is_text(value) ? std::nullopt : std::optional{invalid("give a name", pointer, value)};
    case Takes::texts:
      if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), is_text))
        return invalid("give a list of texts", pointer, value);
      return check_template_in(value, pointer);
    case Takes::object:
      if (!value.is_object()) return invalid("give an object", pointer, value);
      return check_template_in(value, pointer);
    case Takes::anything:
      return check_template_in(value, pointer);
    case Takes::number:
      if (!value.is_number_integer() || value < 1 || value > 1000)
        return invalid("give a whole number from 1 to 1000", pointer, value);
      return std::nullopt;
    case Takes::duration:
      return check_duration(value, pointer);
    case Takes::expression:
      return check_expression(value, pointer);
    case Takes::one_of:
      return check_choice(value, member.choices, pointer);
  }
  return std::nullopt;
}

Result<json> read_members(Members members, const json& body, const std::string& pointer) {
  if (!body.is_object()) return invalid("give an object", pointer, body);
  std::vector<std::string_view> known;
  for (const Member& member : members) known.push_back(member.name);
  if (auto error = unknown_member(body, known, pointer)) return *error;
  for (const Member& member : members) {
    const std::string here = below(pointer, member.name);
    if (body.contains(member.name)) {
      if (auto error = check_member(member, body.at(std::string(member.name)), here)) return *error;
    } else if (member.is_needed) {
      return invalid("\"" + std::string(member.name) + "\" is missing", here);
    }
  }
  return body;
}

// "server.tool": the server's name has no dot, the tool's may.
bool is_tool_name(const json& tool) {
  if (!tool.is_string()) return false;
  const auto& text = tool.get_ref<const std::string&>();
  const auto dot = text.find('.');
  return dot != std::string::npos && dot > 0 && dot + 1 < text.size();
}

Result<json> with_of(const json& step, const std::string& pointer) {
  const json with = step.value("with", json::object());
  if (!with.is_object()) return invalid("`with` is an object", below(pointer, "with"), with);
  if (auto error = check_template_in(with, below(pointer, "with"))) return *error;
  return with;
}

Result<json> read_tool(const json& step, const std::string& pointer) {
  if (!is_tool_name(step.at("uses")))
    return invalid("a tool is addressed as \"server.tool\"", below(pointer, "uses"), step.at("uses"));
  auto with = with_of(step, pointer);
  if (!with) return with.error();
  return json{{"uses", step.at("uses")}, {"with", *std::move(with)}};
}

// "name" or "name@3".
Result<json> read_child(const json& step, const std::string& pointer) {
  const json& name = step.at("pipeline");
  const auto& text = name.is_string() ? name.get_ref<const std::string&>() : std::string{};
  const auto at = text.rfind('@');
  const bool versioned = at != std::string::npos && at + 1 < text.size() && at + 10 > text.size() &&
                         text.find_first_not_of("0123456789", at + 1) == std::string::npos;
  if (text.empty() || at == 0 || (at != std::string::npos && !versioned) || text.find("${") != std::string::npos)
    return invalid("a pipeline is named \"name\" or \"name@3\"", below(pointer, "pipeline"), name);
  auto with = with_of(step, pointer);
  if (!with) return with.error();
  return json{{"pipeline", name}, {"with", *std::move(with)}};
}

Result<json> read_wait(const json& body, const std::string& pointer) {
  if (body.is_object()) return read_members(kUntil, body, pointer);
  if (auto error = check_duration(body, pointer)) {
    error->message = R"(a wait is a duration such as "2h", or {"until": "2026-12-01 09:00"})";
    return *error;
  }
  return body;
}

Result<json> read_asked(const json& body, const std::string& pointer) {
  auto read = read_members(kApproval, body, pointer);
  if (!read) return read;
  if (const auto request = read_approval(*read, pointer); !request) return request.error();
  return read;
}

Result<json> read_asked_of_agent(const json& body, const std::string& pointer) {
  auto read = read_members(kAgent, body, pointer);
  if (!read) return read;
  if (const auto request = read_work(*read, pointer); !request) return request.error();
  return read;
}

Result<json> read_http(const json& body, const std::string& pointer) {
  auto read = read_members(kHttp, body, pointer);
  if (!read) return read;
  if (auto error = check_secrets(*read, pointer)) return *error;
  return read;
}

constexpr auto kWith = std::to_array<std::string_view>({"with"});
constexpr auto kParallelMembers = std::to_array<std::string_view>({"join", "fail_fast"});
constexpr auto kMapMembers = std::to_array<std::string_view>({"as", "max_parallel", "do"});

}  // namespace

bool is_step_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::span<const std::string_view> own_members(StepKind kind) {
  switch (kind) {
    case StepKind::tool:
    case StepKind::child:
      return kWith;
    case StepKind::parallel:
      return kParallelMembers;
    case StepKind::map:
      return kMapMembers;
    default:
      return {};
  }
}

Result<json> read_body(StepKind kind, const json& step, const std::string& pointer) {
  const std::string member{member_of(kind)};
  const json& body = step.at(member);
  const std::string here = below(pointer, member);
  switch (kind) {
    case StepKind::tool:
      return read_tool(step, pointer);
    case StepKind::child:
      return read_child(step, pointer);
    case StepKind::wait:
      return read_wait(body, here);
    case StepKind::signal:
      return read_members(kSignal, body, here);
    case StepKind::approval:
      return read_asked(body, here);
    case StepKind::http:
      return read_http(body, here);
    case StepKind::script:
      return read_members(kScript, body, here);
    case StepKind::event:
      return read_members(kEvent, body, here);
    case StepKind::state:
      return read_members(kState, body, here);
    case StepKind::agent:
      return read_asked_of_agent(body, here);
    default:
      return json(nullptr);  // a container's body is its branches
  }
}

}  // namespace carillon::pipeline
