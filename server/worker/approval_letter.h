// What a letter says that asks somebody to decide: a line, some lines with how to decide, and facts for programs. Pure;
// thread-safe.
#pragma once

#include <string>

#include "server/base/json.h"
#include "server/engine/post.h"

namespace carillon {

std::string approval_subject(const ToldApproval& told);
std::string approval_text(const ToldApproval& told, Instant now);
// {"run", "step", "message", "digest", "by", "asked_at", "expires_at"?, "link"?}
json approval_facts(const ToldApproval& told);

}  // namespace carillon
