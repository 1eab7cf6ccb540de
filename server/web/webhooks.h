// Webhooks: POST /hooks/{id}, the address of a task that waits `on webhook`. A delivery is signed (Standard Webhooks,
// transport/webhook_signature.h), of at most 1 MiB of JSON, and counts once by its id; it becomes an event, and its
// sender is answered when that is committed.
//
// 202: taken; 200: it had been taken before; 400: no JSON; 401: not signed, wrongly, or too long ago, which is noted in
// the audit (a few times a minute for each address: nobody fills our tables from outside); 404: no such address; 413:
// too large; 503: try again. No answer says whose address it is. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "transport/executor.h"
#include "transport/http_handler.h"

namespace carillon::web {

struct WebhookParts {
  Engine& engine;
  transport::Executor& executor;  // a delivery asks the database
  const Clock& clock;
  std::string key;  // that the secrets are made from
};
// What `parts` names must outlive the routes.
std::vector<transport::HttpRoute> webhook_routes(WebhookParts parts);

}  // namespace carillon::web
