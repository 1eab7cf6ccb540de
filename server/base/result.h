// Result<T>: a value, or the Error that a caller can mend. Machine failures travel as exceptions instead and bugs
// as CARILLON_CHECK (docs/architecture.md, "errors"); so a Result is only ever about input or about the state of data.
//
// Thread-safe as its contents are.
#pragma once

#include <utility>
#include <variant>

#include "server/base/check.h"
#include "server/base/error.h"

namespace carillon {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CARILLON_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    CARILLON_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    CARILLON_CHECK(ok());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

struct Done {};  // the value of a Result that has none
using Status = Result<Done>;

}  // namespace carillon
