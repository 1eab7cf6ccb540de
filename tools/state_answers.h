// What the tools of the shared state answer, and its resource. Values are what others stored: shown as JSON, never
// mixed into sentences of ours. Pure; thread-safe.
#pragma once

#include "server/engine/state_commands.h"
#include "tools/arguments.h"
#include "tools/tool.h"

namespace carillon::tools {

// So many bytes of a value are shown: of the one that was asked for, and of each in a list.
int value_bytes_shown(Format format);
int listed_bytes_shown(Format format);

Answer answer(const StateChanged& changed);
Answer answer(const StateDetail& detail, Format format);
Answer answer(const StatePage& page, Format format);

}  // namespace carillon::tools
