// What a letter says: a line and some more for people, facts for programs. The handle of the run, how it ended and, of
// a message, the message; never what a downstream tool said, which get_run tells. Of an approval what is asked, until
// when, and the link that decides it, if its target may have one.
//
// Pure; thread-safe.
#pragma once

#include "server/delivery/channel.h"
#include "server/engine/post.h"

namespace carillon {

std::string first_line(const std::string& text);  // 120 bytes at most
delivery::Letter write_letter(const DueLetter& due);

}  // namespace carillon
