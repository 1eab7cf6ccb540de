// Envelope: what one JSON-RPC message says of itself at its top level, read without building the message.
//
// For whoever passes messages on and only has to know which is which: text that is no JSON is recognised as far as the
// envelope goes and no further. Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::transport {

// The members point into the text they were read from, as they stand there; empty: not there.
struct Envelope {
  std::string_view id;       // 7, "a", null
  std::string_view method;   // with its quotes
  bool is_response = false;  // it has a result or an error
};

// whole: reads to the end, so that what only begins like a message is none; of a member that comes twice the last
// counts. until_known: stops as soon as the id and the kind are known.
enum class Reading { whole, until_known };

// Nothing: the text is no object (a batch is none).
std::optional<Envelope> read_envelope(std::string_view text, Reading reading);

// The id as the library writes it, so that two spellings of one id are equal; empty for what is no id.
std::string plain_id(std::string_view id);

}  // namespace carillon::transport
