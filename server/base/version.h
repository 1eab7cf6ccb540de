// The program's version, from project() in CMakeLists.txt. A variable of its own source, so that a test can link the
// very same libraries as another version.
#pragma once

#include <string_view>

namespace carillon {

extern const std::string_view kVersion;  // there before anything that is made at start-up

// Whether `left` is newer than `right`: dotted numbers, compared from the left; "1.0-rc1" is older than "1.0". What is
// no version is newer than nothing.
bool is_newer(std::string_view left, std::string_view right);

}  // namespace carillon
