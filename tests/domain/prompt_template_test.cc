// Files of prompt templates: what they say, which are refused at which line, and what is made of them.
#include "server/domain/prompt_template.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

namespace carillon {
namespace {

using carillon::test::kNow;

const std::string kHead = "---\ndescription: Says hello.\nrequired name: Whom.\noptional tone: How.\n---\n";

PromptTemplate good(const std::string& text) {
  auto read = read_prompt_template("hello", text);
  if (const auto* fault = std::get_if<PromptFault>(&read)) FAIL(fault->message);
  return std::get<PromptTemplate>(read);
}

std::string text_of(const std::string& body, const PromptArguments& arguments) {
  const auto text = fill_in(good(kHead + body), arguments, kNow);
  if (!text) FAIL(text.error().message);
  return *text;
}

Error refusal(const std::string& body, const PromptArguments& arguments) {
  const auto text = fill_in(good(kHead + body), arguments, kNow);
  REQUIRE_FALSE(text.ok());
  return text.error();
}

TEST_CASE("a file says what a prompt is for and what it takes", "[domain][prompt_template]") {
  const PromptTemplate expected{
      .name = "hello",
      .description = "Says hello: to all.",
      .parameters = {{"name", "Whom.", ParameterNeed::required}, {"tone", "How.", ParameterNeed::optional}},
      .body = "Hello ${params.name}\n\n---\nagain"};
  const std::string head = "description:  Says hello: to all. \n\nrequired name: Whom.\noptional tone : How.\n";
  CHECK(good("---\n" + head + "---\n\n \nHello ${params.name}\n\n---\nagain\n\n") == expected);
  // Written on another system.
  std::string there = "---\n" + head + "---\nHello ${params.name}";
  for (std::size_t at = 0; (at = there.find('\n', at)) != std::string::npos; at += 2) there.insert(at, "\r");
  CHECK(good(there).body == "Hello ${params.name}");
  CHECK(good(there).parameters == expected.parameters);
}

TEST_CASE("a retired template needs no text", "[domain][prompt_template]") {
  CHECK(good("---\ndescription: Old.\nretired: true\n---\n").standing == PromptTemplate::Standing::retired);
  CHECK(good("---\ndescription: Old.\nretired: true\n---\nWas ${nothing.").standing ==
        PromptTemplate::Standing::retired);
  CHECK(good("---\ndescription: New.\nretired: false\n---\nIs").standing == PromptTemplate::Standing::in_use);
}

TEST_CASE("a file with a mistake is refused with its line", "[domain][prompt_template]") {
  const auto [text, line, says] = GENERATE(table<std::string, std::size_t, std::string>({
      {"", 1, "first line"},
      {"Hello", 1, "first line"},
      {"---\ndescription: x", 2, "no end"},
      {"---\n---\nx", 2, "no description"},
      {"---\ndescription:\n---\nx", 2, "empty"},
      {"---\ndescription: x\ndescription: y\n---\nx", 3, "already"},
      {"---\ndescription: x\nhello\n---\nx", 3, "no colon"},
      {"---\ndescription: x\ndescripton: y\n---\nx", 3, "unknown here"},
      {"---\ndescription: x\nrequired: y\n---\nx", 3, "unknown here"},
      {"---\ndescription: x\nretired: maybe\n---\nx", 3, "true or false"},
      {"---\ndescription: x\nrequired Name: y\n---\nx", 3, "small letters"},
      {"---\ndescription: x\nrequired a:\n---\nx", 3, "what a means"},
      {"---\ndescription: x\nrequired a: y\noptional a: y\n---\nx", 4, "already"},
      {"---\ndescription: x\nrequired a: " + std::string(1000, 'y') + "\n---\nx", 3, "1000 bytes"},
      {"---\ndescription: x\n---\n\n \n", 6, "no text"},
      {"---\ndescription: x\n---\nx\n\n\xff\n", 6, "UTF-8"},
      {std::string("---\ndescription: x\n---\nx\0y", 26), 4, "UTF-8"},
      {kHead + "\nHello\n${params.nme}", 8, "nme"},
      {kHead + "Hello\nyou ${params.name", 7, "closed"},
      {kHead + "Hello ${params.name ||}", 6, ""},
      {kHead + "Hello ${params.tone}", 6, "optional"},
      {kHead + "Hello ${steps.x}", 6, "steps"},
      {kHead + "Hello ${secret.x}", 6, "secret"},
      {kHead + std::string(kPromptFileBytesMax, 'x'), 1, "32 KiB"},
  }));
  CAPTURE(text.substr(0, 200));
  const auto read = read_prompt_template("hello", text);
  REQUIRE(std::holds_alternative<PromptFault>(read));
  const auto& fault = std::get<PromptFault>(read);
  CAPTURE(fault.message);
  CHECK(fault.line == line);
  CHECK(fault.message.find(says) != std::string::npos);
}

TEST_CASE("no more parameters than anybody reads", "[domain][prompt_template]") {
  std::string head = "---\ndescription: x\n";
  for (std::size_t i = 0; i < kPromptParametersMax; ++i) head += "optional p" + std::to_string(i) + ": x\n";
  CHECK(good(head + "---\nx").parameters.size() == kPromptParametersMax);
  CHECK(std::get<PromptFault>(read_prompt_template("hello", head + "optional more: x\n---\nx")).line == 23);
}

TEST_CASE("a template is filled in with what was given and what was given is data", "[domain][prompt_template]") {
  CHECK(text_of("Hello ${params.name}, ${params.tone || 'kindly'}.", {{"name", "Ann"}}) == "Hello Ann, kindly.");
  CHECK(text_of("${input.name} ${params.tone || 'kindly'}", {{"name", "Ann"}, {"tone", "dry"}}) == "Ann dry");
  CHECK(text_of("${params.name}${params.tone || ''}", {{"name", "Ann"}, {"tone", ""}}) == "Ann");
  CHECK(text_of("${params.name}", {{"name", "${now} $${x} ${steps"}}) == "${now} $${x} ${steps");
  CHECK(text_of("$${params.name} costs 5 $", {{"name", "x"}}) == "${params.name} costs 5 $");
  CHECK(text_of("${now} ${now+1d}", {{"name", "x"}}) == "2026-11-20T13:00:00Z 2026-11-21T13:00:00Z");
  CHECK(text_of("${params.name+1d}", {{"name", "2026-11-20T13:00:00Z"}}) == "2026-11-21T13:00:00Z");
  CHECK(text_of("${length(params.name)}", {{"name", "Ann"}}) == "3");
}

TEST_CASE("arguments that a prompt does not take or lacks are refused", "[domain][prompt_template]") {
  CHECK(refusal("${params.name}", {}).pointer == "/arguments/name");
  CHECK(refusal("${params.name}", {{"name", ""}}).pointer == "/arguments/name");
  const auto unknown = refusal("${params.name}", {{"name", "x"}, {"tne", "y"}});
  CHECK(unknown.message.find("tone") != std::string::npos);
  CHECK(unknown.details["accepted"] == json{"name", "tone"});
  CHECK(refusal("${params.name}${params.name}${params.name}", {{"name", std::string(100'000, 'x')}}).code ==
        ErrorCode::too_large);
  CHECK_FALSE(refusal("${params.name+1d}", {{"name", "x"}}).message.empty());
}

TEST_CASE("a prompt's name is a handle", "[domain][prompt_template]") {
  for (const char* name : {"a", "follow_up", "brief2"}) CHECK(wrong_with_prompt_name(name).empty());
  for (const auto& name :
       std::vector<std::string>{"", "Follow", "2nd", "_x", "a-b", "a b", "README", std::string(65, 'a')})
    CHECK_FALSE(wrong_with_prompt_name(name).empty());
}

}  // namespace
}  // namespace carillon
