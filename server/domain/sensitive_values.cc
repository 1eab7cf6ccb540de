#include "server/domain/sensitive_values.h"

#include <algorithm>

#include "server/base/mask.h"

namespace carillon {
namespace {

constexpr std::size_t kShortestWithinBytes = 4;  // masking "1" inside of texts would destroy every answer

void replace_all(std::string& text, const std::string& what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + kMasked.size()))
    text.replace(at, what.size(), kMasked);
}

}  // namespace

bool is_json_pointer(const std::string& text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string::npos; at = text.find('~', at + 1))
    if (at + 1 >= text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  return true;
}

void SensitiveValues::take(const json& value, const Pointers& pointers) {
  for (const std::string& text : pointers)
    if (const json::json_pointer pointer{text}; value.contains(pointer)) take_all(value.at(pointer));
}

void SensitiveValues::take_all(const json& value) {
  if (value.is_structured()) {
    for (const json& inner : value) take_all(inner);
    return;
  }
  const bool is_text = value.is_string();
  if (!is_text && !value.is_number()) return;
  if ((is_text && value.get_ref<const std::string&>().empty()) || !whole_.insert(value).second) return;
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto add = [&](std::string form) {
    if (form.size() < kShortestWithinBytes || std::find(within_.begin(), within_.end(), form) != within_.end()) return;
    const auto place = std::find_if(within_.begin(), within_.end(),
                                    [&](const std::string& other) { return other.size() < form.size(); });
    within_.insert(place, std::move(form));
  };
  add(is_text ? text.substr(1, text.size() - 2) : text);
  if (is_text) add(value.get<std::string>());
}

std::string SensitiveValues::masked(std::string text) const {
  if (whole_.count(json(text)) != 0) return std::string{kMasked};
  for (const std::string& each : within_) replace_all(text, each);
  return text;
}

json SensitiveValues::masked(const json& value) const {
  if (value.is_string()) return masked(value.get<std::string>());
  if (!value.is_structured()) return whole_.count(value) != 0 ? json(kMasked) : value;
  json result = value;
  for (auto& member : result) member = masked(static_cast<const json&>(member));
  return result;
}

json without(json value, const Pointers& pointers) {
  for (const std::string& text : pointers)
    if (const json::json_pointer pointer{text}; value.contains(pointer)) value[pointer] = kMasked;
  return value;
}

}  // namespace carillon
