// Guarded<T>: state that several threads share, with one door. The value is reachable only inside with(), under its
// mutex; so there is no way to forget the lock. Keep what runs inside short and never call out to other objects.
#pragma once

#include <mutex>
#include <utility>

namespace carillon {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  decltype(auto) with(F&& visit) {
    const std::lock_guard lock{mutex_};
    return std::forward<F>(visit)(value_);
  }
  template <class F>
  decltype(auto) with(F&& visit) const {
    const std::lock_guard lock{mutex_};
    return std::forward<F>(visit)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace carillon
