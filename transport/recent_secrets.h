// The secrets that one holder has seen lately, registered with the mask. Tokens are renewed for as long as a process
// lives: only the last ones stay registered, which outlive whatever might still show them.
//
// One thread at a time; its end takes the registrations back.
#pragma once

#include <deque>
#include <string>

#include "server/base/mask.h"

namespace carillon::transport {

class RecentSecrets {
 public:
  RecentSecrets() = default;
  ~RecentSecrets() {
    for (const auto& secret : secrets_) forget_secret(secret);
  }
  RecentSecrets(const RecentSecrets&) = delete;
  RecentSecrets& operator=(const RecentSecrets&) = delete;

  void add(const std::string& secret) {
    if (secret.empty()) return;
    register_secret(secret);
    secrets_.push_back(secret);
    if (secrets_.size() <= kSecretsMax) return;
    forget_secret(secrets_.front());
    secrets_.pop_front();
  }

 private:
  static constexpr std::size_t kSecretsMax = 32;
  std::deque<std::string> secrets_;
};

}  // namespace carillon::transport
