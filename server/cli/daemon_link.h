// The way from a short process (front, status, stop, call) to the daemon of this installation: its Unix socket, the
// preamble spoken on it, and starting a daemon where none runs.
//
// Preamble, one line each way (spec lifetime.md):
//   → {"carillon":1,"version":"…","zone":"Europe/Berlin","parent_pid":4711,"want":"mcp"}
//   ← {"carillon":1,"version":"…","started_by":"front"}  want mcp: MCP lines follow, both ways; mcp_channel: with the
//                             notifications that a host shows to its model (tools/session_channel.h)
//                             With "speaks":"person" they come from the command line and not from a host.
//   ← {"carillon":1,"version":"…","status":{…}} want status: the socket is closed after it
//   ← {"carillon":1,"version":"…","stopping":true} want stop; with "successor":"…" it tells its clients who comes next
// The socket's peer credentials decide who may speak; the names in the preamble are for display, and what it says of
// the speaker keeps a model from passing for a person unawares (ADR 0035): a lock it is not.
// Thread-safe: holds no state.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/paths.h"
#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/process/unique_fd.h"

namespace carillon::cli {

inline constexpr const char* kWantMcp = "mcp";
inline constexpr const char* kWantChannel = "mcp_channel";
inline constexpr const char* kWantCall = "call";  // goes as mcp, with a person speaking

struct DaemonLink {
  process::UniqueFd socket;
  json answer;  // to the preamble
};

// Errors: unavailable (no daemon answers on the socket), conflict (it refused us, or speaks another preamble).
// `successor`: the version that will take over; only with want "stop".
Result<DaemonLink> connect_daemon(const Paths& paths, std::string_view want, std::string_view successor = {});

// The same; where none answers, one is started under the start lock and awaited for at most `patience`: by systemd
// where it is a service (service_manager.h), else detached, with its output in the log file. A daemon that a front of
// an older version started is asked to give way: it finishes its runs softly and ends, and one of our version is
// started. One that somebody started on purpose is used as it is, with a warning in the log. Errors: unavailable, with
// the end of its log.
Result<DaemonLink> find_or_start_daemon(const Paths& paths, std::string_view want, Duration patience);

// What became of a daemon that was asked to end.
enum class Ending { none_ran, ended, still_at_work };

// Asks the daemon of this installation to end and waits until everything of it has: it holds its lock so long, whatever
// becomes of its answer. One that is ending already is awaited as well. `successor`: as above. Errors: conflict (as
// above).
Result<Ending> end_daemon(const Paths& paths, Duration patience, std::string_view successor = {});

// Writes all of it; false: the other side is gone.
bool send_text(int fd, std::string_view text);

// Starts a daemon process in a session of its own, with the allow-listed part of our environment, and waits until it
// answers. `arguments` follow `serve`.
Status start_daemon(const Paths& paths, const std::vector<std::string>& arguments, Duration patience);

}  // namespace carillon::cli
