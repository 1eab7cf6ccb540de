// Parser: precedence climbing (Pratt) over the tokens, as JMESPath's reference implementation does it.
//
// Internal to this folder; what it refuses is said at compile() in jmespath.h. Pure; thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "server/base/result.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/jmespath/node.h"

namespace carillon::jmespath {

Result<std::shared_ptr<const Node>> parse(std::string_view expression, const Limits& limits);

}  // namespace carillon::jmespath
