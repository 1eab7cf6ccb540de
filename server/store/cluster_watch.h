// Ends a throw-away cluster together with this process, however that ends: a small shell holds the other end of a pipe
// to us, and when it closes the shell stops the postmaster and removes the folder. Closing the child's input does it
// early.
#pragma once

#include <sys/types.h>

#include <string>

#include "server/base/result.h"
#include "server/process/child.h"

namespace carillon {

Result<process::Child> watch_cluster(pid_t postmaster, const std::string& folder_to_remove);

}  // namespace carillon
