// Where programs are and what a child may inherit: PATH look-up, the login shell's PATH, environment allow-lists.
//
// Hosts start us with a bare PATH (graphical sessions have no ~/.nvm, no ~/.local/bin); the login shell knows the one
// the person uses. Thread-safe: reads the environment only (nobody in this program calls setenv after start).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/process/child.h"

namespace carillon::process {

// The first executable regular file of that name in `path` (colon-separated); a name with a slash is only checked.
std::optional<std::string> find_executable(std::string_view name, std::string_view path);

// PATH as the person's login shell sets it; ours when the shell cannot be asked within `at_most`.
std::string login_path(Duration at_most);

// Our variables whose names are in `allowed`; an entry that ends in `*` allows every name that starts so.
Environment inherited_environment(const std::vector<std::string_view>& allowed);

// What a detached daemon inherits, and the base of every downstream server's environment: one host's API keys must
// not become everyone's.
const std::vector<std::string_view>& daemon_environment_names();
const std::vector<std::string_view>& server_environment_names();

// The absolute path of the program we are.
std::string own_executable();

}  // namespace carillon::process
