// What to paste into the configuration of an agent host, for this installation. Reads the daemon's status to learn the
// addresses; without a daemon only the stdio entries are printed.
#pragma once

#include <string>

#include "config/paths.h"

namespace carillon::cli {

// Plain text with one ready entry each for Claude Desktop, Claude Code, Cursor and VS Code, and for remote agents.
// The bearer token is named by its file, never printed.
std::string host_entries(const Paths& paths, const std::string& program);

}  // namespace carillon::cli
