#include "server/worker/letter_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

namespace {

DueLetter due(const std::string& link) {
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  ToldApproval told{.asked = {.run = "deploy#4",
                              .zone = "Europe/Berlin",
                              .approval = {.key = {RunId{7}, "ask", 1},
                                           .message = "Deploy v9?\nIt takes an hour.",
                                           .arguments = {{"tag", "v9"}},
                                           .digest = "abc",
                                           .deciders = {"person"},
                                           .expires_at = now + std::chrono::hours{2},
                                           .asked_at = now}},
                    .link = link};
  return {.taken = {.key = {TenantId{"default"}, "desktop", RunId{9}}, .agent = AgentId{"owner"}, .runs = {RunId{9}}},
          .id = "msg_9",
          .approval = told,
          .now = now};
}

}  // namespace

TEST_CASE("a letter that asks says what and until when and how to decide", "[worker][approval_letter]") {
  const auto letter = write_letter(due("http://127.0.0.1:8930/approve/token"));
  CHECK(letter.subject == "deploy#4 asks: Deploy v9?");
  CHECK(letter.text ==
        "Deploy v9?\nIt takes an hour.\n\ndeploy#4, step ask\nDigest of the arguments (SHA-256): abc\nUntil Fri "
        "2026-11-20 "
        "16:00 (in 2 h)\n\nSee it whole, and decide:\nhttp://127.0.0.1:8930/approve/token");
  CHECK(letter.facts["type"] == "run.asks");
  CHECK(letter.facts["data"]["link"] == "http://127.0.0.1:8930/approve/token");
  CHECK(letter.facts["data"]["run"] == "deploy#4");
  CHECK(letter.facts["data"]["expires_at"] == "2026-11-20T15:00:00Z");
}

TEST_CASE("a target that may have no link is told where a person decides", "[worker][approval_letter]") {
  const auto letter = write_letter(due(""));
  CHECK(letter.text.find("/approve/") == std::string::npos);
  CHECK(letter.text.ends_with("at a terminal `carillon approve deploy#4` decides."));
  CHECK_FALSE(letter.facts["data"].contains("link"));
}
