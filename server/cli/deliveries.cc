#include "server/cli/deliveries.h"

#include <vector>

#include "catalog/references.h"
#include "server/base/mask.h"
#include "server/cli/approval_links.h"
#include "server/delivery/desktop.h"
#include "server/delivery/email.h"
#include "server/delivery/tool_call.h"
#include "server/delivery/webhook.h"
#include "server/engine/post.h"
#include "server/store/sealing_key.h"
#include "server/store/store.h"
#include "server/worker/courier.h"

namespace carillon::cli {
namespace {

// A receiver that is slow holds a courier for delivery.timeout; the others must not wait for it.
constexpr int kCouriersOfNetworkKinds = 2;

delivery::Email make_email(DeliveryOptions options, const std::string& vault_directory) {
  const catalog::Vault vault{vault_directory};
  const auto password = catalog::References{vault}.resolve(options.email.password);
  if (!password.ok()) return {options, password.error().message};
  options.email.password = *password;
  register_secret(*password);
  return {options, ""};
}

MakeLink link_maker(const DeliveryParts& parts, const DeliveryOptions& options) {
  return [base_of = parts.link_base,
          targets = options.approval_links](const std::string& target) -> std::optional<MadeLink> {
    const std::string base = base_of();
    if (base.empty() || !may_have_link(target, targets)) return std::nullopt;
    return new_approval_link(base);
  };
}

}  // namespace

struct Deliveries::Inside {
  Inside(const DeliveryParts& parts, const DeliveryOptions& options)
      : post(parts.store, parts.clock, parts.engine, link_maker(parts, options)),
        webhooks(options, read_sealing_key(parts.store, kWebhookKey)),
        email(make_email(options, parts.vault_directory)),
        tools(parts.tools, options),
        desktop(options) {
    couriers.push_back(std::make_unique<Courier>(post, desktop, options));
    for (int i = 0; i < kCouriersOfNetworkKinds; ++i) {
      couriers.push_back(std::make_unique<Courier>(post, webhooks, options));
      couriers.push_back(std::make_unique<Courier>(post, email, options));
      couriers.push_back(std::make_unique<Courier>(post, tools, options));
    }
  }

  Post post;
  delivery::Webhooks webhooks;
  delivery::Email email;
  delivery::ToolCalls tools;
  delivery::Desktop desktop;
  std::vector<std::unique_ptr<Courier>> couriers;
};

Deliveries::Deliveries(const DeliveryParts& parts, const DeliveryOptions& options)
    : inside_(std::make_unique<Inside>(parts, options)) {}
Deliveries::~Deliveries() { stop(); }

void Deliveries::start() {
  for (const auto& courier : inside_->couriers) courier->start();
}

void Deliveries::gather() { inside_->post.release_gathered(); }

void Deliveries::wake() {
  for (const auto& courier : inside_->couriers) courier->wake();
}

std::optional<std::string> Deliveries::missing(TargetKind kind) const {
  const delivery::Channel* const channels[] = {&inside_->webhooks, &inside_->email, &inside_->tools, &inside_->desktop};
  for (const auto* channel : channels)
    if (channel->kind() == name_of(kind)) return channel->missing();
  return std::nullopt;
}

void Deliveries::stop() {
  for (const auto& courier : inside_->couriers) courier->stop();
}

}  // namespace carillon::cli
