// Desktop: a letter as a notification on this machine's desktop, through the session bus
// (org.freedesktop.Notifications). Only where there is such a bus; whose desktop that is, is for the configuration to
// know. The only place that knows sd-bus.
//
// Each call opens the bus anew: a desktop session that ends takes its bus along. Thread-safe.
#pragma once

#include <string>

#include "server/delivery/channel.h"
#include "server/delivery/delivery_options.h"

namespace carillon::delivery {

class Desktop final : public Channel {
 public:
  explicit Desktop(const DeliveryOptions& options) : options_(options) {}

  std::string_view kind() const override { return "desktop"; }
  std::optional<std::string> missing() const override;
  Attempt send(const Letter& letter, const std::stop_token& stop) override;

 private:
  const DeliveryOptions options_;
};

// Notification servers read markup in the body: what could be some is written so that it is shown.
std::string without_markup(std::string_view text);

}  // namespace carillon::delivery
