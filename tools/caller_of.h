// Who calls, from the principal that the edge verified. Pure; thread-safe.
#pragma once

#include "server/domain/caller.h"
#include "transport/request_context.h"

namespace carillon::tools {

Caller caller_of(const transport::RequestContext& context);

}  // namespace carillon::tools
