// A text file compiled into the program: SQL, JSON Schemas, migrations. Made by cmake/carillon_embed.cmake.
#pragma once

#include <string_view>

namespace carillon {
struct EmbeddedText {
  std::string_view name;  // the file's name without its last extension
  std::string_view text;
};
}  // namespace carillon
