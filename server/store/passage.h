// Lets one other user pass through our folders: PostgreSQL does not run as root, and what root makes (mktemp -d, /root)
// is closed to everybody else. Each closed folder that we own gets an ACL entry "user:<that one>:--x" and nothing
// more: no listing, no reading, nobody else. Stateless.
#pragma once

#include <sys/types.h>

#include <string>

#include "server/base/result.h"
#include "server/process/child.h"

namespace carillon {

// From the root folder down to `path` itself. Refused with `unavailable`, naming the folder, when it cannot be opened
// up.
Status let_pass(const std::string& path, const process::Identity& identity);

}  // namespace carillon
