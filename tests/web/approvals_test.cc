// The page of an approval, as browsers, scanners and forms of other sites ask for it, against a real engine.
#include "server/web/approvals.h"

#include <catch2/catch.hpp>

#include "server/engine/own_steps.h"
#include "server/web/approval_page.h"
#include "tests/support/installation.h"
#include "tests/web/kept_reply.h"
#include "transport/sha256.h"

namespace carillon::web {
namespace {

using carillon::test::Installation;
using namespace std::chrono_literals;

constexpr char kToken[] = "the-token-of-the-link";

struct Pages {
  Pages() {
    here.call("schedule_task", {{"name", "deploy"}, {"when", "manual"}, {"message", "x"}});
    const json started = here.call("run_now", {{"task", "deploy"}});
    run = RunId{std::stoll(here.database.ask("SELECT id FROM carillon.run_ready"))};
    here.begin(started["run"]);
  }
  void ask(json more = json::object()) {
    json body{{"message", "Deploy <b>v9</b>?"}, {"arguments", {{"tag", "v9\"><script>"}}}};
    body.update(more);
    const Caller agent{TenantId{"default"}, AgentId{"owner"}, Scopes::all(), "c", ""};
    const OwnStep step{.caller = agent,
                       .key = {{run, 1, 1}, "test", "ask", 1},
                       .kind = pipeline::StepKind::approval,
                       .body = body,
                       .began_at = here.clock.now()};
    REQUIRE(here.engine.perform_step(step)->waits_until.has_value());
    here.engine.keep_approval_link(agent, {{run, "ask", 1}, transport::to_hex(transport::sha256(kToken)), "desktop"});
  }
  transport::HttpResponse send(std::size_t route, transport::HttpRequest request, const std::string& token = kToken) {
    request.path_values = {{"token", token}};
    const auto kept = std::make_shared<Kept>();
    auto answer = kept->sent.get_future();
    routes.at(route).handle(std::move(request), kept);
    REQUIRE(answer.wait_for(20s) == std::future_status::ready);
    return answer.get();
  }
  transport::HttpResponse get(const std::string& token = kToken) { return send(0, {}, token); }
  transport::HttpResponse post(const std::string& body, transport::HttpHeaders more = {},
                               const std::string& token = kToken) {
    transport::HttpRequest request;
    request.headers = std::move(more);
    request.headers.emplace("Content-Type", "application/x-www-form-urlencoded");
    request.body = body;
    return send(1, std::move(request), token);
  }
  std::string digest() { return here.database.ask("SELECT digest FROM carillon.approval"); }
  std::string open() { return here.database.ask("SELECT count(*) FROM carillon.approval WHERE outcome IS NULL"); }

  Installation here{};
  RunId run{0};
  std::vector<transport::HttpRoute> routes = approval_routes({here.engine, here.pool});
};

bool says(const transport::HttpResponse& response, const std::string& text) {
  return response.body.find(text) != std::string::npos;
}

TEST_CASE("who opens a link sees exactly what is asked and whatever looks at it changes nothing", "[web][approvals]") {
  Pages pages;
  CHECK(pages.get().status == 404);
  pages.ask();
  for (const auto& route : pages.routes) CHECK(route.access == transport::Access::open);
  for (int look = 0; look < 3; ++look) {
    const auto page = pages.get();
    CHECK(page.status == 200);
    CHECK(says(page, "Deploy &lt;b&gt;v9&lt;/b&gt;?"));
    CHECK(says(page, "v9\\&quot;&gt;&lt;script&gt;"));
    CHECK_FALSE(says(page, "<script"));
    CHECK(says(page, pages.digest()));
    CHECK(says(page, "value=\"approve\""));
    CHECK(page.headers.find("Referrer-Policy")->second == "same-origin");
    CHECK(page.headers.find("Content-Security-Policy")->second.starts_with("default-src 'none'; style-src 'sha256-"));
    CHECK(page.headers.find("Cache-Control")->second == "no-store");
    CHECK(page.headers.find("X-Frame-Options")->second == "DENY");
  }
  CHECK(pages.open() == "1");
  CHECK(pages.get("another").status == 404);
}

TEST_CASE("the form decides once and the link says afterwards by whom", "[web][approvals]") {
  Pages pages;
  pages.ask();
  const auto decided = pages.post("digest=" + pages.digest() + "&comment=g%C3%BCt+so%21&decision=approve");
  CHECK(decided.status == 200);
  CHECK(says(decided, "deploy#1: approved"));
  CHECK(pages.here.database.ask("SELECT outcome || ' ' || (SELECT voter || ': ' || comment FROM "
                                "carillon.approval_vote) FROM carillon.approval") == "approved desktop: güt so!");
  const auto again = pages.post("digest=" + pages.digest() + "&decision=reject");
  CHECK(again.status == 409);
  CHECK(says(again, "Already decided: approved by desktop at "));
  CHECK_FALSE(says(again, "<form"));
  CHECK(says(pages.get(), "Already decided: approved by desktop at "));
}

TEST_CASE("a form that is not this page's decides nothing", "[web][approvals]") {
  Pages pages;
  pages.ask();
  const std::string good = "digest=" + pages.digest() + "&decision=approve";
  CHECK(pages.post(good, {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(pages.post(good, {{"Sec-Fetch-Site", "same-site"}}).status == 403);
  CHECK(pages.post(good, {}, "another").status == 404);
  CHECK(pages.post("decision=approve").status == 409);  // of something else than is asked now
  CHECK(pages.post("digest=" + pages.digest()).status == 400);
  CHECK(pages.post("digest=" + pages.digest() + "&decision=approve&comment=" + std::string(3'000, 'x')).status == 413);
  CHECK(pages.post("digest=" + pages.digest() + "&decision=approve&comment=a%00b").status == 400);
  CHECK(pages.post(good + "&comment=" + std::string(20'000, 'x')).status == 413);
  transport::HttpRequest as_json;
  as_json.headers = {{"Content-Type", "application/json"}};
  as_json.body = good;
  CHECK(pages.send(1, as_json).status == 415);
  CHECK(pages.open() == "1");
  CHECK(pages.post(good, {{"Sec-Fetch-Site", "same-origin"}}).status == 200);
}

TEST_CASE("a link whose time is over and one of a run that has ended say so", "[web][approvals]") {
  Pages pages;
  SECTION("expired") {
    pages.ask({{"within", "1h"}});
    pages.here.clock.advance(1h);
    CHECK(says(pages.get(), "The approval expired at "));
  }
  SECTION("ended") {
    pages.ask();
    pages.here.database.run("UPDATE carillon.approval SET outcome = 'withdrawn', decided_at = now()");
    CHECK(says(pages.get(), "There is nothing to decide any more"));
  }
  SECTION("an agent's") {
    pages.ask({{"by", {"agent:owner"}}});
    CHECK(says(pages.get(), "an agent&#39;s to give"));
  }
  CHECK_FALSE(says(pages.get(), "<form"));
  CHECK(pages.post("digest=" + pages.digest() + "&decision=approve").status == 409);
}

TEST_CASE("what more have to agree to says who has", "[web][approvals]") {
  Pages pages;
  pages.ask({{"quorum", 2}});
  CHECK(says(pages.post("digest=" + pages.digest() + "&decision=approve"), "Wanting: 1."));
  CHECK(says(pages.get(), "You agreed at "));
  CHECK(says(pages.get(), "1 of 2: desktop"));
}

}  // namespace
}  // namespace carillon::web
