// The client under test of the official MCP conformance suite: conformance_client URL
//
// The suite names the scenario and the revision in the environment and appends the server's address.
#include <cstdlib>
#include <exception>
#include <iostream>

#include "tests/conformance/client_auth.h"
#include "tests/conformance/session.h"
#include "transport/skills.h"

namespace carillon::conformance {
namespace {

using namespace transport;

const json kElicitation{{"elicitation", json::object()}};
const json kSkills{{"extensions", {{kSkillsExtension, json::object()}}}};

// Agrees to everything, with the defaults of what is asked and nothing else.
void accept_defaults(const InputRequest& question, const std::function<void(InputAnswer)>& answer) {
  if (question.method != "elicitation/create")
    return answer(ProtocolError{rpc_code::kMethodNotFound, "only forms are filled in here", nullptr});
  const json schema = question.params.value("requestedSchema", json::object());
  answer(json{{"action", "accept"}, {"content", default_content(schema)}});
}

void just_list(const Scene& scene) {
  Session session{scene};
  session.open();
  session.list_tools();
}

void add_numbers(const Scene& scene) {
  Session session{scene};
  session.open();
  session.list_tools();
  session.call("add_numbers", {{"a", 5}, {"b", 3}});
}

void take_defaults(const Scene& scene) {
  Session session{scene, kElicitation};
  session.when_asked(accept_defaults);
  session.open();
  session.list_tools();
  session.call("test_client_elicitation_defaults");
}

void reconnect(const Scene& scene) {
  Session session{scene};
  session.open();
  session.list_tools();
  session.call("test_reconnection");
}

void rounds(const Scene& scene) {
  Session session{scene, kElicitation};
  std::promise<std::function<void(InputAnswer)>> asked;
  session.when_asked(
      [&asked](const InputRequest&, std::function<void(InputAnswer)> answer) { asked.set_value(std::move(answer)); });
  session.open();
  session.list_tools();
  // The question stays open while something else is called; each tool asks once.
  for (const char* tool : {"test_mrtr_echo_state", "test_mrtr_no_state"}) {
    asked = {};
    auto reply = session.start_call(tool);
    const auto answer = asked.get_future().get();
    session.call("test_mrtr_unrelated");
    answer(json{{"action", "accept"}, {"content", {{"confirmed", true}}}});
    result_of(reply.get(), tool);
  }
  session.call("test_mrtr_no_result_type");
}

void all_methods(const Scene& scene) {
  Session session{scene};
  session.open();
  for (const auto& tool : session.list_tools()) session.call(tool.name);
  for (const auto& resource : session.request("resources/list").at("resources"))
    session.request("resources/read", {{"uri", resource.at("uri")}});
  for (const auto& prompt : session.request("prompts/list").at("prompts"))
    session.request("prompts/get", {{"name", prompt.at("name")}});
}

void given_calls(const Scene& scene) {
  Session session{scene};
  session.open();
  session.list_tools();
  for (const auto& call : scene.context.at("toolCalls")) session.call(call.at("name"), call.at("arguments"));
}

void usable_tools(const Scene& scene) {
  Session session{scene};
  session.open();
  for (const auto& tool : session.list_tools()) session.call(tool.name, {{"region", "us-west1"}});
}

void echo_schema(const Scene& scene) {
  Session session{scene};
  session.open();
  for (const auto& tool : session.list_tools())
    if (tool.name == "json_schema_2020_12_tool")
      session.call("json_schema_echo", {{"schema", json::parse(tool.input_schema.dump())}});
}

void sign_in(const Scene& scene) {
  Session session{scene, json::object(), make_authorizer(scene)};
  session.open();
  session.list_tools();
  session.call("test-tool");
}

// Lists the skills; loads none.
void look_at_skills(const Scene& scene) {
  Session session{scene, kSkills};
  session.open();
  session.request("skills/list");
}

// Loads each skill: its SKILL.md first, and the rest only if that is what was listed.
void load_skills(const Scene& scene) {
  Session session{scene, kSkills};
  session.open();
  const auto read = [&session](const SkillEntry& skill, const std::string& uri) {
    const json result = session.request("resources/read", {{"uri", uri}});
    const std::string content = result.at("contents").at(0).at("text");
    const std::string wrong = wrong_with_skill_file(skill, uri, content);
    if (!wrong.empty()) std::cerr << uri << " is not used: " << wrong << '\n';
    return wrong.empty();
  };
  for (const auto& skill : read_skills(session.request("skills/list"))) {
    if (!read(skill, skill.uri)) continue;
    for (const auto& file : skill.files)
      if (file.uri != skill.uri && !read(skill, file.uri)) break;
  }
}

struct Row {
  const char* scenario;
  void (*play)(const Scene&);
};
constexpr Row kScenarios[] = {
    {"initialize", just_list},
    {"tools_call", add_numbers},
    {"request-metadata", just_list},
    {"elicitation-sep1034-client-defaults", take_defaults},
    {"sse-retry", reconnect},
    {"sep-2322-client-request-state", rounds},
    {"http-standard-headers", all_methods},
    {"http-custom-headers", given_calls},
    {"http-invalid-tool-headers", usable_tools},
    {"json-schema-ref-no-deref", just_list},
    {"json-schema-2020-12-preservation", echo_schema},
    {"sep-2640-client-no-prefetch", look_at_skills},
    {"sep-2640-client-verify-digest", load_skills},
    {"sep-2640-client-verify-size", load_skills},
    {"sep-2640-client-verify-frontmatter", load_skills},
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int play(const std::string& url) {
  Scene scene;
  scene.url = url;
  scene.scenario = environment("MCP_CONFORMANCE_SCENARIO");
  const auto revision = revision_named(environment("MCP_CONFORMANCE_PROTOCOL_VERSION"));
  scene.era = !revision || is_modern(*revision) ? Era::modern : Era::legacy;
  if (const std::string context = environment("MCP_CONFORMANCE_CONTEXT"); !context.empty())
    scene.context = json::parse(context);
  for (const auto& row : kScenarios) {
    if (scene.scenario != row.scenario) continue;
    row.play(scene);
    return 0;
  }
  if (scene.scenario.starts_with("auth/")) {
    sign_in(scene);
    return 0;
  }
  std::cerr << "no such scenario: " << scene.scenario << '\n';
  return 2;
}

}  // namespace
}  // namespace carillon::conformance

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: conformance_client URL\n";
    return 2;
  }
  try {
    return carillon::conformance::play(argv[1]);
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << '\n';
    return 1;
  }
}
