// SensitiveValues: what somebody has called sensitive in the arguments and results of a call, by JSON pointers, and its
// masking in everything else that is shown of the same run.
//
// Texts and numbers are masked wherever they stand as a whole value; a text of at least four bytes also inside longer
// ones, as it is and as JSON writes it. What is true, false or null is masked at its own place only. Values; not
// thread-safe while something is taken.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon {

using Pointers = std::vector<std::string>;

// Whether it is one that can be followed: empty, or `/…` with `~0` and `~1` alone behind tildes.
bool is_json_pointer(const std::string& text);

class SensitiveValues {
 public:
  // What stands at the pointers, with all inside; a pointer that leads nowhere takes nothing.
  void take(const json& value, const Pointers& pointers);
  bool empty() const { return whole_.empty(); }

  std::string masked(std::string text) const;
  json masked(const json& value) const;  // names of members excepted

 private:
  void take_all(const json& value);

  std::set<json> whole_;
  std::vector<std::string> within_;  // longest first
};

// The value with kMasked in the place of what the pointers lead to.
json without(json value, const Pointers& pointers);

}  // namespace carillon
