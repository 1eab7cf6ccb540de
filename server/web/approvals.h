// Links of approvals: GET /approve/{token} shows what is asked and changes nothing, whoever fetches it beforehand;
// POST, from the page's own form, decides. The token opens and nothing else does, so it is no agent's: it is sent to
// persons (docs/approvals.md).
//
// 200: the page; 404: no such link; 400, 409, 413, 415: a POST that decides nothing, with a page that says why; 403: it
// came from another site; 503: try again. Nothing of the pages is kept by browsers or told to other sites.
// Thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "server/engine/engine.h"
#include "transport/executor.h"
#include "transport/http_handler.h"

namespace carillon::web {

inline constexpr std::string_view kApprovalPath = "/approve/";  // and the token behind it

struct ApprovalParts {
  Engine& engine;
  transport::Executor& executor;  // a look asks the database
};
// What `parts` names must outlive the routes.
std::vector<transport::HttpRoute> approval_routes(ApprovalParts parts);

}  // namespace carillon::web
