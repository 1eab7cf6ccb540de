#include "config/config_kinds.h"

#include <charconv>

#include "server/domain/duration_text.h"

namespace carillon {
namespace {

using Refusal = std::optional<std::string>;

std::optional<std::int64_t> as_integer(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> as_bytes(const json& value) {
  if (const auto plain = as_integer(value)) return plain;
  if (!value.is_string()) return std::nullopt;
  static const std::vector<std::pair<std::string, std::int64_t>> units{
      {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}};
  const auto text = value.get<std::string>();
  for (const auto& [unit, factor] : units)
    if (text.ends_with(unit))
      if (const auto number = as_integer(text.substr(0, text.size() - unit.size()))) return *number * factor;
  return std::nullopt;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

// Accessors answer mutable references; showing a value only reads through them.
template <class T>
std::function<json(const Config&)> shown(const Field<T>& field) {
  return [field](const Config& config) -> json { return field(const_cast<Config&>(config)); };
}

ConfigKey key(KeyText text, std::string accepts) {
  return {.name = std::move(text.name),
          .summary = std::move(text.summary),
          .accepts = std::move(accepts),
          .secrecy = text.secrecy,
          .set = {},
          .get = {}};
}

std::string between(const std::string& what, const Range& range) {
  return what + " from " + std::to_string(range.least) + " to " + std::to_string(range.most);
}

}  // namespace

ConfigKey text_key(KeyText text, const Field<std::string>& field) {
  ConfigKey made = key(std::move(text), "text");
  made.get = shown(field);
  made.set = [field](Config& config, const json& value) -> Refusal {
    if (!value.is_string()) return "it is not text";
    field(config) = value.get<std::string>();
    return std::nullopt;
  };
  return made;
}

ConfigKey list_key(KeyText text, const Field<std::vector<std::string>>& field) {
  ConfigKey made = key(std::move(text), "a list of texts (in the environment: comma-separated)");
  made.get = shown(field);
  made.set = [field](Config& config, const json& value) -> Refusal {
    std::vector<std::string> list;
    if (value.is_string())
      list = split(value.get<std::string>());
    else if (!value.is_array())
      return "it is not a list";
    else
      for (const auto& element : value) {
        if (!element.is_string()) return "it holds something that is not text";
        list.push_back(element.get<std::string>());
      }
    field(config) = std::move(list);
    return std::nullopt;
  };
  return made;
}

ConfigKey switch_key(KeyText text, const Field<bool>& field) {
  ConfigKey made = key(std::move(text), "true or false");
  made.get = shown(field);
  made.set = [field](Config& config, const json& value) -> Refusal {
    if (value.is_boolean())
      field(config) = value.get<bool>();
    else if (value == "true" || value == "1")
      field(config) = true;
    else if (value == "false" || value == "0")
      field(config) = false;
    else
      return "it is neither true nor false";
    return std::nullopt;
  };
  return made;
}

ConfigKey duration_key(KeyText text, const Field<Duration>& field, Duration least) {
  ConfigKey made = key(std::move(text), "a duration of at least " + to_text(least) + ", such as 30s or 1h30m");
  made.get = [field](const Config& config) -> json { return to_text(field(const_cast<Config&>(config))); };
  made.set = [field, least](Config& config, const json& value) -> Refusal {
    if (!value.is_string()) return "it is not a duration in text form";
    const auto duration = read_duration(value.get<std::string>(), "");
    if (!duration.ok()) return duration.error().message;
    if (*duration < least) return "it is shorter than " + to_text(least);
    field(config) = *duration;
    return std::nullopt;
  };
  return made;
}

ConfigKey count_key(KeyText text, const Field<int>& field, Range range) {
  ConfigKey made = key(std::move(text), between("a whole number", range));
  made.get = shown(field);
  made.set = [field, range](Config& config, const json& value) -> Refusal {
    const auto number = as_integer(value);
    if (!number || *number < range.least || *number > range.most)
      return "it is not " + between("a whole number", range);
    field(config) = static_cast<int>(*number);
    return std::nullopt;
  };
  return made;
}

ConfigKey bytes_key(KeyText text, const Field<std::size_t>& field, Range range) {
  ConfigKey made = key(std::move(text), between("bytes (10MB, 64KiB)", range));
  made.get = shown(field);
  made.set = [field, range](Config& config, const json& value) -> Refusal {
    const auto number = as_bytes(value);
    if (!number || *number < range.least || *number > range.most)
      return "it is not " + between("a count of bytes", range);
    field(config) = static_cast<std::size_t>(*number);
    return std::nullopt;
  };
  return made;
}

ConfigKey choice_key(KeyText text, const std::vector<std::string>& names, const std::function<int(const Config&)>& get,
                     const std::function<void(Config&, int)>& set) {
  std::string accepts = "one of";
  for (const auto& name : names) accepts += " " + name;
  ConfigKey made = key(std::move(text), accepts);
  made.get = [get, names](const Config& config) -> json { return names.at(static_cast<std::size_t>(get(config))); };
  made.set = [set, names, accepts](Config& config, const json& value) -> Refusal {
    const auto found =
        value.is_string() ? std::find(names.begin(), names.end(), value.get<std::string>()) : names.end();
    if (found == names.end()) return "it is not " + accepts;
    set(config, static_cast<int>(found - names.begin()));
    return std::nullopt;
  };
  return made;
}

}  // namespace carillon
