#include "server/domain/refusal.h"

#include <algorithm>

#include "server/domain/nearest.h"

namespace carillon {

std::string below(std::string_view pointer, std::string_view member) {
  std::string path{pointer};
  path += '/';
  for (const char c : member) {
    if (c == '~')
      path += "~0";
    else if (c == '/')
      path += "~1";
    else
      path += c;
  }
  return path;
}

Error invalid(std::string message, std::string pointer, json received) {
  return Error{ErrorCode::arguments_invalid, std::move(message), std::move(pointer), std::move(received)};
}

std::optional<Error> unknown_member(const json& object, std::span<const std::string_view> known,
                                    std::string_view pointer) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto close = nearest(name, known);
    Error error = invalid("unknown member \"" + name + "\"" + did_you_mean(close), below(pointer, name), value);
    error.details["nearest"] = close;
    error.details["accepted"] = known;
    return error;
  }
  return std::nullopt;
}

std::optional<Error> unfit_text(std::string_view text, std::size_t bytes_max, std::string_view pointer) {
  if (text.find('\0') != std::string_view::npos) return invalid("the text holds a NUL character", std::string(pointer));
  if (text.size() > bytes_max)
    return Error{ErrorCode::too_large, "at most " + std::to_string(bytes_max) + " bytes", std::string(pointer),
                 text.size()};
  return std::nullopt;
}

}  // namespace carillon
