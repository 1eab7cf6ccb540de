// Param: one value on its way into a query, in the database's text form. Made from the types that repositories hold, so
// that a call reads `tx.exec(sql::find_task, tenant, name)`.
//
// NULL is an empty optional. Binary data (JSON at rest too) travels as Bytes; a std::string is text, and one with a NUL
// byte in it is refused by std::invalid_argument, because PostgreSQL has no such text and cutting it would be worse.
// Durations become intervals, instants timestamptz (Instant::max() is 'infinity'), vectors arrays. Values; thread-safe.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"

namespace carillon {

struct Bytes {
  std::string data;
};

class Param {
 public:
  Param(std::nullopt_t) {}                                          // NOLINT(google-explicit-constructor)
  Param(std::same_as<bool> auto flag) : text_(flag ? "t" : "f") {}  // NOLINT(google-explicit-constructor)
  template <std::integral Number>
  requires(!std::same_as<Number, bool> && !std::same_as<Number, char>) Param(Number number)
      : text_(std::to_string(number)) {}                             // NOLINT(google-explicit-constructor)
  Param(double number);                                              // NOLINT(google-explicit-constructor)
  Param(std::string_view text);                                      // NOLINT(google-explicit-constructor)
  Param(const std::string& text) : Param(std::string_view{text}) {}  // NOLINT(google-explicit-constructor)
  Param(const char* text) : Param(std::string_view{text}) {}         // NOLINT(google-explicit-constructor)
  Param(const Bytes& bytes);                                         // NOLINT(google-explicit-constructor)
  Param(Instant instant);                                            // NOLINT(google-explicit-constructor)
  Param(Duration duration);                                          // NOLINT(google-explicit-constructor)
  template <class Tag>
  Param(const TextId<Tag>& id) : Param(id.str()) {}  // NOLINT(google-explicit-constructor)
  template <class Tag>
  Param(NumberId<Tag> id) : Param(id.number()) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  Param(const std::optional<T>& value) {  // NOLINT(google-explicit-constructor)
    if (value) *this = Param(*value);
  }
  template <class T>
  Param(const std::vector<T>& values) {  // NOLINT(google-explicit-constructor)
    std::vector<Param> elements;
    for (const auto& value : values) elements.push_back(Param(value));
    text_ = array_text(elements);
  }

  // Null for NULL; lives as long as the Param.
  const char* c_str() const { return text_ ? text_->c_str() : nullptr; }

 private:
  static std::string array_text(const std::vector<Param>& elements);

  std::optional<std::string> text_;
};

// For columns whose constraints want no empty text.
inline std::optional<std::string> null_if_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

}  // namespace carillon
