// WebhookDoor: how the address of a task is told: where deliveries are taken, and with which secret they are signed.
// The secret is made from the installation's key, told once, when the address is made, and kept nowhere. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "server/base/json.h"
#include "tools/ports.h"

namespace carillon::tools {

class WebhookDoor {
 public:
  // `base`: "http://127.0.0.1:8930", as this process is reached now; empty where it serves no HTTP.
  WebhookDoor(std::string key, std::function<std::string()> base) : key_(std::move(key)), base_(std::move(base)) {}

  std::string address_of(const std::string& id) const { return base_() + "/hooks/" + id; }
  std::string secret_of(const std::string& id) const;  // whsec_…
  const std::string& key() const { return key_; }  // that the secrets are made from
  bool is_served() const { return !base_().empty(); }

 private:
  const std::string key_;
  const std::function<std::string()> base_;
};

enum class Secret { shown, kept };
struct WebhookTold {
  const std::string& id;  // empty: the task has none
  Secret secret;
};
// {"address", "secret"?, "signing"?, "warning"?}; null without an id, or where nobody takes deliveries.
ordered_json told_webhook(const Ports& ports, const WebhookTold& told);

}  // namespace carillon::tools
