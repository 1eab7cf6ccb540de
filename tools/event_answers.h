// What the event tools answer. Payloads are what others said: shown as data, never mixed into sentences of ours. Pure;
// thread-safe.
#pragma once

#include "server/engine/event_commands.h"
#include "tools/arguments.h"
#include "tools/tool.h"

namespace carillon::tools {

// So many bytes of a payload are shown.
int payload_bytes_shown(Format format);

Answer answer(const EventPublished& published);
Answer answer(const EventPage& page, Format format);

}  // namespace carillon::tools
