// The wire to a downstream server that is our child: newline-delimited JSON-RPC over its stdin and stdout.
//
// The child runs in a process group of its own; closing asks it to end by closing its stdin, then by SIGTERM, then by
// SIGKILL, for the whole group, without anybody waiting. Its stderr is no failure: the last 64 KiB are kept for people.
// What it does not read is queued up to a limit. On the ClientLoop's thread, but ErrorTail may be read from any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "server/base/guarded.h"
#include "server/process/child.h"
#include "server/process/tail_buffer.h"
#include "transport/client_loop.h"
#include "transport/client_wire.h"

namespace carillon::transport {

using ErrorTail = Guarded<process::TailBuffer>;

struct StdioOptions {
  process::Command command;
  std::size_t line_bytes_max = 64u << 20;
  std::size_t queue_bytes_max = 64u << 20;  // written to the child but not yet read by it
  Duration grace_for_end_of_input = std::chrono::milliseconds{500};
  Duration grace_for_sigterm = std::chrono::milliseconds{1500};
};

// `errors` gathers the child's stderr and outlives it.
std::unique_ptr<ClientWire> make_stdio_wire(ClientLoop& loop, StdioOptions options, std::shared_ptr<ErrorTail> errors);

}  // namespace carillon::transport
