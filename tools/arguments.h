// Reading arguments that dispatch has validated: what is there has its type. Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/json.h"
#include "server/engine/command.h"

namespace carillon::tools {

template <class T>
std::optional<T> optional_of(const json& arguments, const char* name) {
  const auto found = arguments.find(name);
  if (found == arguments.end()) return std::nullopt;
  return found->get<T>();
}

inline std::string text_of(const json& arguments, const char* name) { return arguments.value(name, std::string{}); }
inline bool flag_of(const json& arguments, const char* name) { return arguments.value(name, false); }

// The key under which a repeated call is recognised: all arguments that change what is done.
CommandKey command_key(const json& arguments);

// Lists and details are told in short unless somebody asks.
enum class Format { concise, detailed };
Format format_of(const json& arguments);

}  // namespace carillon::tools
