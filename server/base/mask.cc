#include "server/base/mask.h"

#include <map>
#include <nlohmann/json.hpp>

#include "server/base/guarded.h"

namespace carillon {
namespace {

constexpr std::size_t kShortestSecretBytes = 6;

struct LongestFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};

// Each with the number of its registrations; longest first, so that a secret that contains another one is masked whole.
using Secrets = std::map<std::string, int, LongestFirst>;
Guarded<Secrets>& secrets() {
  static Guarded<Secrets> instance;
  return instance;
}

// As it stands inside a JSON string.
std::string escaped(std::string_view value) {
  const std::string text = json(std::string{value}).dump(-1, ' ', false, json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

void replace_all(std::string& text, const std::string& secret) {
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMasked.size()))
    text.replace(at, secret.size(), kMasked);
}

}  // namespace

void register_secret(std::string_view value) {
  if (value.size() < kShortestSecretBytes) return;
  secrets().with([&](Secrets& known) {
    ++known[std::string{value}];
    ++known[escaped(value)];
  });
}

void forget_secret(std::string_view value) {
  if (value.size() < kShortestSecretBytes) return;
  secrets().with([&](Secrets& known) {
    for (const auto& form : {std::string{value}, escaped(value)})
      if (const auto found = known.find(form); found != known.end() && --found->second <= 0) known.erase(found);
  });
}

std::string mask_secrets(std::string text) {
  secrets().with([&](const auto& known) {
    for (const auto& [secret, registrations] : known) replace_all(text, secret);
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
