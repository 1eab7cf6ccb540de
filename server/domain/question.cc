#include "server/domain/question.h"

#include <nlohmann/json.hpp>

#include "server/domain/json_schema/json_schema.h"
#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::size_t kBriefBytes = 300;

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// A form whose schema cannot be read is the server's fault: whatever fits its members goes through.
Status check_content(const json& params, const json& content) {
  const auto form = params.find("requestedSchema");
  if (form == params.end()) return Done{};
  const auto schema = json_schema::compile(*form);
  if (!schema.ok()) return Done{};
  const auto violations = schema->validate(content);
  if (!violations.empty()) return json_schema::to_error(violations, "/content");
  return Done{};
}

Result<Verdict> judge_form(const json& params, const json& answer) {
  const std::string action = text_member(answer, "action");
  if (action == "decline") return Verdict::decline;
  if (action == "cancel") return Verdict::undecided;
  if (action != "accept") return invalid("one of accept, decline, cancel", "/action", answer.value("action", json()));
  if (text_member(params, "mode") == "url") return Verdict::answer;
  const json content = answer.value("content", json::object());
  if (!content.is_object()) return invalid("content is an object with the form's fields", "/content", content);
  if (auto fits = check_content(params, content); !fits.ok()) return fits.error();
  return Verdict::answer;
}

Result<Verdict> judge_message(const json& answer) {
  for (const char* member : {"role", "model"})
    if (text_member(answer, member).empty())
      return invalid("a message of a model has a role, content and the model's name", std::string{"/"} + member);
  const auto content = answer.find("content");
  if (content == answer.end() || !content->is_structured())
    return invalid("content is a block or a list of blocks", "/content");
  return Verdict::answer;
}

}  // namespace

Status check_question(std::string_view method, const json& params) {
  if (method != kElicitation && method != kSampling) return invalid("no client can be asked this", "/method");
  if (!params.is_object()) return invalid("params is an object", "/params");
  const auto is = [&](const char* name, auto fits) {
    const auto found = params.find(name);
    return found != params.end() && fits(*found);
  };
  const auto text = [](const json& value) { return value.is_string(); };
  if (method == kSampling) {
    if (!is("messages", [](const json& value) { return value.is_array(); }))
      return invalid("messages is a list", "/params/messages");
    return Done{};
  }
  if (!is("message", text)) return invalid("message is a text", "/params/message");
  if (params.contains("mode") && !is("mode", text)) return invalid("mode is form or url", "/params/mode");
  if (text_member(params, "mode") == "url" && !is("url", text)) return invalid("url is a text", "/params/url");
  const bool form = text_member(params, "mode") != "url";
  if (form && !is("requestedSchema", [](const json& value) { return value.is_object(); }))
    return invalid("requestedSchema is an object", "/params/requestedSchema");
  return Done{};
}

json askable_part(const json& client_capabilities) {
  json part = json::object();
  for (const char* name : {"elicitation", "sampling"}) {
    const auto found = client_capabilities.find(name);
    if (found != client_capabilities.end() && found->is_object()) part[name] = *found;
  }
  return part;
}

Result<Verdict> judge_answer(std::string_view method, const json& params, const json& answer) {
  if (!answer.is_object()) return invalid("an answer is an object", "", answer);
  return method == kSampling ? judge_message(answer) : judge_form(params, answer);
}

json nobody_decided(std::string_view method) {
  return method == kElicitation ? json{{"action", "cancel"}} : json(nullptr);
}

std::string brief_question(std::string_view method, const json& params) {
  if (method == kSampling) return "a message of your model";
  std::string text = text_member(params, "message");
  if (text.size() <= kBriefBytes) return text;
  std::size_t end = kBriefBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // whole characters
  return text.substr(0, end) + "…";
}

}  // namespace carillon
