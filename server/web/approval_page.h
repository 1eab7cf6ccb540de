// What a person sees who opens the link of an approval: what is asked, with the exact arguments, and two buttons; or
// how it was decided. Plain HTML without scripts and without anything from elsewhere; whatever a step filled in is
// text.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/engine/approval_commands.h"

namespace carillon::web {

// Of an approval that can be decided a form, which is sent to the page's own address: decision, comment, digest.
std::string approval_page(const LinkedApproval& linked);
// Right after the decision.
std::string decided_page(const RunResponded& decided);
// Where there is nothing to show.
std::string notice_page(std::string_view title, std::string_view text);

// The value of Content-Security-Policy with which these pages, and nothing else in them, work.
std::string page_policy();

}  // namespace carillon::web
