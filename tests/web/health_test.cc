#include "server/web/health.h"

#include <catch2/catch.hpp>

#include "server/base/metrics.h"
#include "server/web/metrics_page.h"

namespace carillon::web {
namespace {

class KeptReply final : public transport::HttpReply {
 public:
  void send(transport::HttpResponse response) override { sent = std::move(response); }
  void begin_stream(transport::HttpResponse) override {}
  bool write(std::string_view) override { return true; }
  void finish() override {}
  transport::HttpResponse sent;
};

transport::HttpResponse ask(const std::vector<transport::HttpRoute>& routes, const std::string& path, bool trusted) {
  transport::HttpRequest request;
  request.method = "GET";
  request.path = path;
  if (trusted) request.headers.emplace("Authorization", "yes");
  const auto reply = std::make_shared<KeptReply>();
  for (const auto& route : routes)
    if (route.path == path) route.handle(request, reply);
  return reply->sent;
}

std::vector<transport::HttpRoute> routes_of(const HealthFacts& facts) {
  return health_routes([facts] { return facts; },
                       [](const transport::HttpRequest& r) { return r.headers.count("Authorization") > 0; });
}

TEST_CASE("a process that cannot work is alive but not ready", "[web][health]") {
  const auto routes = routes_of({.readiness = Readiness::degraded, .problems = {"the database does not answer"}});
  CHECK(ask(routes, "/health/live", false).status == 200);
  CHECK(ask(routes, "/health/ready", false).status == 503);
  CHECK(ask(routes, "/health", false).status == 503);
}

TEST_CASE("details are for those with a credential", "[web][health]") {
  const auto routes =
      routes_of({.readiness = Readiness::ready, .problems = {}, .details = {{"database", {{"version", 15}}}}});
  CHECK(ask(routes, "/health", false).body == R"({"state":"ready"})");
  const json full = json::parse(ask(routes, "/health", true).body);
  CHECK(full["database"]["version"] == 15);
  CHECK(full["state"] == "ready");
}

TEST_CASE("every readiness has a name", "[web][health]") {
  CHECK(name_of(Readiness::starting) == "starting");
  CHECK(name_of(Readiness::stopping) == "stopping");
}

TEST_CASE("metrics are rendered in Prometheus text format", "[web][metrics]") {
  metrics::count("carillon_test_total", {{"outcome", "good"}}, 3);
  metrics::gauge("carillon_test_depth", {}, 7);
  metrics::observe("carillon_test_seconds", {}, 0.002);
  metrics_route([] { metrics::gauge("carillon_test_refreshed", {}, 1); }).handle({}, std::make_shared<KeptReply>());
  const std::string page = metrics_page();
  CHECK(page.find("carillon_test_refreshed 1") != std::string::npos);
  CHECK(page.find("carillon_test_total{outcome=\"good\"} 3") != std::string::npos);
  CHECK(page.find("carillon_test_depth 7") != std::string::npos);
  CHECK(page.find("carillon_test_seconds_bucket{le=\"0.0025\"} 1") != std::string::npos);
  CHECK(page.find("carillon_test_seconds_bucket{le=\"+Inf\"} 1") != std::string::npos);
}

}  // namespace
}  // namespace carillon::web
