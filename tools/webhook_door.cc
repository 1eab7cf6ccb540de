#include "tools/webhook_door.h"

#include <nlohmann/json.hpp>

#include "transport/webhook_signature.h"

namespace carillon::tools {

std::string WebhookDoor::secret_of(const std::string& id) const {
  return transport::show_webhook_secret(transport::webhook_secret(key_, id));
}

ordered_json told_webhook(const Ports& ports, const WebhookTold& told) {
  if (told.id.empty() || ports.webhooks == nullptr) return nullptr;
  ordered_json facts{{"address", ports.webhooks->address_of(told.id)}};
  if (told.secret == Secret::shown) {
    facts["secret"] = ports.webhooks->secret_of(told.id);
    facts["signing"] = "Standard Webhooks; the secret is shown this once";
  }
  if (!ports.webhooks->is_served()) facts["warning"] = "this process serves no HTTP (http.listen)";
  return facts;
}

}  // namespace carillon::tools
