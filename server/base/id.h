// Identifiers that cannot be confused with each other or with plain text and numbers.
//
// TextId: names given outside (tenant, agent). NumberId: 63-bit numbers made by us (tasks, runs).
// Neither has a default: a repository method that wants a TenantId cannot be called without one.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace carillon {

template <class Tag>
class TextId {
 public:
  explicit TextId(std::string text) : text_(std::move(text)) {}
  const std::string& str() const { return text_; }
  friend auto operator<=>(const TextId&, const TextId&) = default;

 private:
  std::string text_;
};

template <class Tag>
class NumberId {
 public:
  explicit constexpr NumberId(std::int64_t number) : number_(number) {}
  constexpr std::int64_t number() const { return number_; }
  std::string str() const { return std::to_string(number_); }
  friend constexpr auto operator<=>(const NumberId&, const NumberId&) = default;

 private:
  std::int64_t number_;
};

using TenantId = TextId<struct TenantTag>;
using AgentId = TextId<struct AgentTag>;
using TaskId = NumberId<struct TaskTag>;
using RunId = NumberId<struct RunTag>;

}  // namespace carillon

template <class Tag>
struct std::hash<carillon::NumberId<Tag>> {
  std::size_t operator()(const carillon::NumberId<Tag>& id) const { return std::hash<std::int64_t>{}(id.number()); }
};
template <class Tag>
struct std::hash<carillon::TextId<Tag>> {
  std::size_t operator()(const carillon::TextId<Tag>& id) const { return std::hash<std::string>{}(id.str()); }
};
