// What to paste into the configuration of an agent host, for this installation. Reads the daemon's status to learn the
// addresses; without a daemon only the stdio entries are printed.
#pragma once

#include <string>

#include "config/config.h"

namespace carillon::cli {

// Plain text with one ready entry each for Claude Desktop, Claude Code, Cursor and VS Code, and for remote agents, and
// the file that names the downstream servers.
// The bearer token is named by its file, never printed.
std::string host_entries(const Config& config, const std::string& program);

}  // namespace carillon::cli
