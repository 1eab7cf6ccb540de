#include "transport/input.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::transport {

TEST_CASE("whether a client can be asked follows what it declared in its revision", "[transport][input]") {
  struct Row {
    const char* revision;
    const char* capabilities;
    const char* method;
    const char* params;
    bool can;
  };
  const auto row = GENERATE(values<Row>({
      {"2026-07-28", R"({"elicitation":{}})", "elicitation/create", R"({"mode":"form"})", true},
      {"2026-07-28", R"({"elicitation":{"form":{}}})", "elicitation/create", "{}", true},
      {"2026-07-28", R"({"elicitation":{"url":{}}})", "elicitation/create", "{}", false},
      {"2026-07-28", R"({"elicitation":{"url":{}}})", "elicitation/create", R"({"mode":"url"})", true},
      {"2026-07-28", R"({"elicitation":{}})", "elicitation/create", R"({"mode":"url"})", false},
      {"2026-07-28", "{}", "elicitation/create", "{}", false},
      {"2025-11-25", R"({"elicitation":{}})", "elicitation/create", "{}", true},
      {"2025-06-18", R"({"elicitation":{}})", "elicitation/create", "{}", true},
      {"2025-03-26", R"({"elicitation":{}})", "elicitation/create", "{}", false},
      {"2025-03-26", R"({"sampling":{}})", "sampling/createMessage", "{}", true},
      {"2026-07-28", R"({"sampling":{}})", "sampling/createMessage", R"({"tools":[]})", false},
      {"2026-07-28", R"({"sampling":{"tools":{}}})", "sampling/createMessage", R"({"tools":[]})", true},
      {"", R"({"elicitation":{}})", "elicitation/create", "{}", true},  // a context made by hand
  }));
  INFO(row.revision << " " << row.capabilities << " " << row.params);
  RequestContext context;
  context.protocol_version = row.revision;
  context.client_capabilities = json::parse(row.capabilities);
  CHECK(can_answer(context, {row.method, json::parse(row.params)}) == row.can);
}

}  // namespace carillon::transport
