// What a letter says: a line and some more for people, facts for programs. The handle of the run, how it ended and, of
// a message, the message; never what a downstream tool said, which get_run tells.
//
// Pure; thread-safe.
#pragma once

#include "server/delivery/channel.h"
#include "server/engine/post.h"

namespace carillon {

delivery::Letter write_letter(const DueLetter& due);

}  // namespace carillon
