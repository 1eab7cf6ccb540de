// Secrets are masked by value (product promise 9): whoever learns a secret (a token, a password, a downstream server's
// header or environment value) registers it here once, and every log line, error and listing passes through
// mask_secrets.
//
// Values shorter than six bytes are not registered: masking "1" everywhere would destroy every answer. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/json.h"

namespace carillon {

inline constexpr std::string_view kMasked = "[masked]";

void register_secret(std::string_view value);
// Takes one registration back: of a secret that was replaced long ago, such as a token that has been renewed often.
void forget_secret(std::string_view value);
// The text with every registered secret (also in its JSON-escaped form) replaced by kMasked.
std::string mask_secrets(std::string text);
// The same for every string inside a JSON value, keys excepted.
json mask_secrets(const json& value);

}  // namespace carillon
