// Whether a client can be asked something in the middle of its request: for services that ask only those who can answer
// and go on without the others, where NeedInput would refuse the request. Pure; thread-safe.
#pragma once

#include "transport/tool_service.h"

namespace carillon::transport {

bool can_answer(const RequestContext& context, const InputRequest& request);

}  // namespace carillon::transport
