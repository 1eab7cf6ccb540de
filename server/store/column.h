// Reading a result's columns into our types: `column<Instant>(row["run_at"])`, `column<std::optional<std::string>>(…)`.
//
// T: bool, integers, double, std::string, Bytes, Instant ('infinity' is Instant::max()), Duration (the query gives
// microseconds as a bigint), TextId, NumberId, std::vector<std::string> (text[]), std::optional of each. A NULL where
// no optional was asked for throws std::runtime_error naming the column. For sources only: includes pqxx. Stateless.
#pragma once

#include <concepts>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/param.h"

namespace carillon {

Instant instant_of_text(std::string_view timestamptz);
std::string bytes_of_text(std::string_view bytea);
std::vector<std::string> array_of_text(std::string_view array);
[[noreturn]] void unexpected_null(const char* column);

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
}  // namespace detail

template <class T>
T column(const pqxx::field& field) {
  if constexpr (detail::IsOptional<T>::value) {
    if (field.is_null()) return std::nullopt;
    return column<typename T::value_type>(field);
  } else {
    if (field.is_null()) unexpected_null(field.name());
    const std::string_view text{field.c_str(), field.size()};
    if constexpr (std::same_as<T, std::string>)
      return std::string{text};
    else if constexpr (std::same_as<T, Bytes>)
      return Bytes{bytes_of_text(text)};
    else if constexpr (std::same_as<T, Instant>)
      return instant_of_text(text);
    else if constexpr (std::same_as<T, Duration>)
      return Duration{field.as<std::int64_t>()};
    else if constexpr (std::same_as<T, std::vector<std::string>>)
      return array_of_text(text);
    else if constexpr (requires(const T& id) { id.number(); })
      return T{field.as<std::int64_t>()};
    else if constexpr (requires(const T& id) { id.str(); })
      return T{std::string{text}};
    else
      return field.as<T>();
  }
}

}  // namespace carillon
