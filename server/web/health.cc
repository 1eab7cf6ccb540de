#include "server/web/health.h"

#include "server/web/http_status.h"

namespace carillon::web {
namespace {

transport::HttpResponse answer(int status, const json& body) {
  return {.status = status, .body = body.dump(), .headers = {{"Cache-Control", "no-store"}}};
}

json shown(const HealthFacts& facts, bool with_details) {
  json body{{"state", name_of(facts.readiness)}};
  if (!with_details) return body;
  body.update(facts.details);
  body["problems"] = facts.problems;
  return body;
}

}  // namespace

std::string_view name_of(Readiness readiness) {
  switch (readiness) {
    case Readiness::ready:
      return "ready";
    case Readiness::starting:
      return "starting";
    case Readiness::degraded:
      return "degraded";
    case Readiness::stopping:
      return "stopping";
  }
  return "degraded";
}

std::vector<transport::HttpRoute> health_routes(AskHealth ask, IsTrusted trusted) {
  const auto readiness = [ask, trusted](const transport::HttpRequest& request, transport::HttpReply& reply) {
    const HealthFacts facts = ask();
    reply.send(answer(facts.readiness == Readiness::ready ? kOk : kUnavailable, shown(facts, trusted(request))));
  };
  const auto open = [](std::string path, auto handle) {
    return transport::HttpRoute{
        .method = "GET",
        .path = std::move(path),
        .access = transport::Access::open,
        .handle = [handle](transport::HttpRequest request, std::shared_ptr<transport::HttpReply> reply) {
          handle(request, *reply);
        }};
  };
  return {open("/health", readiness), open("/health/ready", readiness),
          open("/health/live", [](const transport::HttpRequest&, transport::HttpReply& reply) {
            reply.send(answer(kOk, {{"state", "live"}}));
          })};
}

}  // namespace carillon::web
