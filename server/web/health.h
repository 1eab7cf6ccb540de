// /health, /health/live, /health/ready: is this process alive, and can it do its work.
//
// live: 200 as long as the process answers. ready: 200 when the database answers, its migrations are the program's and
// schedules are being kept, else 503. Both say only {"state":…} to a stranger; with a credential, /health adds
// everything in HealthFacts::details. The facts come from a callback that main joins; it must answer within a second.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/json.h"
#include "transport/http_handler.h"

namespace carillon::web {

enum class Readiness { ready, starting, degraded, stopping };
std::string_view name_of(Readiness readiness);

struct HealthFacts {
  Readiness readiness = Readiness::starting;
  std::vector<std::string> problems;  // why it is not ready, or what to look at
  json details = json::object();      // version, uptime_seconds, database, scheduler, workers, servers …
};

using AskHealth = std::function<HealthFacts()>;
// Who sends this request, if it carries a good credential: decides whether details are shown.
using IsTrusted = std::function<bool(const transport::HttpRequest&)>;

std::vector<transport::HttpRoute> health_routes(AskHealth ask, IsTrusted trusted);

}  // namespace carillon::web
