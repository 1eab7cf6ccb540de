// The formats that `format` can ask for, as far as they are checked; an unknown format is a remark and accepts
// anything.
//
// Internal to this folder. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace carillon::json_schema {

struct Format {
  std::string_view name;
  bool (*accepts)(std::string_view text);
  std::string_view in_words;
  std::string_view example;
};

std::span<const Format> all_formats();
const Format* find_format(std::string_view name);

}  // namespace carillon::json_schema
