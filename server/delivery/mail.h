// Mail: a letter as Internet mail (RFC 5322), in plain text. The Message-ID is made from the letter's name, so that a
// mail server or a reader recognises what it was sent twice.
//
// Nothing that a letter holds can add a header or a recipient: what is not plain ASCII in the subject is encoded
// (RFC 2047), line ends in it are spaces, and the address was read strictly when the task was saved. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/delivery/channel.h"

namespace carillon::delivery {

// The whole message, lines ended by CR LF. `from` and `to` are addresses without names.
std::string write_mail(const Letter& letter, const std::string& from, const std::string& to);

// The text of a header: as it is, or as encoded words in lines of at most 76 characters.
std::string header_text(std::string_view text);

}  // namespace carillon::delivery
