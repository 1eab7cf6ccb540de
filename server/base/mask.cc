#include "server/base/mask.h"

#include <nlohmann/json.hpp>
#include <set>

#include "server/base/guarded.h"

namespace carillon {
namespace {

constexpr std::size_t kShortestSecretBytes = 6;

struct LongestFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};

// Longest first, so that a secret that contains another one is masked whole.
Guarded<std::set<std::string, LongestFirst>>& secrets() {
  static Guarded<std::set<std::string, LongestFirst>> instance;
  return instance;
}

void replace_all(std::string& text, const std::string& secret) {
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMasked.size()))
    text.replace(at, secret.size(), kMasked);
}

}  // namespace

void register_secret(std::string_view value) {
  if (value.size() < kShortestSecretBytes) return;
  const std::string escaped = json(std::string{value}).dump(-1, ' ', false, json::error_handler_t::replace);
  secrets().with([&](auto& known) {
    known.emplace(value);
    known.insert(escaped.substr(1, escaped.size() - 2));
  });
}

std::string mask_secrets(std::string text) {
  secrets().with([&](const auto& known) {
    for (const auto& secret : known) replace_all(text, secret);
  });
  return text;
}

json mask_secrets(const json& value) {
  if (value.is_string()) return mask_secrets(value.get<std::string>());
  if (!value.is_structured()) return value;
  json masked = value;
  for (auto& member : masked) member = mask_secrets(static_cast<const json&>(member));
  return masked;
}

}  // namespace carillon
