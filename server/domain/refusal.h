// Refusals of JSON arguments, in the words that every reader of domain/ uses: a pointer to what is wrong, what came,
// and the nearest known name. Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

// The pointer of a member; `/` and `~` in its name are escaped (RFC 6901).
std::string below(std::string_view pointer, std::string_view member);
Error invalid(std::string message, std::string pointer, json received = nullptr);
// An error about the first member that is not known, with the nearest known names and with all that are; nothing when
// none is unknown.
std::optional<Error> unknown_member(const json& object, std::span<const std::string_view> known,
                                    std::string_view pointer);

// Text that PostgreSQL can hold and a person can read: no NUL byte, at most `bytes_max`.
std::optional<Error> unfit_text(std::string_view text, std::size_t bytes_max, std::string_view pointer);

}  // namespace carillon
