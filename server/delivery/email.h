// Email: a letter through the mail server that the configuration names, over TLS unless it says otherwise.
//
// A mail server that was cut off after it took a mail gets it again, with the same Message-ID. Thread-safe.
#pragma once

#include <string>

#include "server/delivery/channel.h"
#include "server/delivery/delivery_options.h"

namespace carillon::delivery {

class Email final : public Channel {
 public:
  // `trouble`: why the password could not be had; empty: it is in the options.
  Email(const DeliveryOptions& options, std::string trouble) : options_(options), trouble_(std::move(trouble)) {}

  std::string_view kind() const override { return "email"; }
  std::optional<std::string> missing() const override;
  Attempt send(const Letter& letter, const std::stop_token& stop) override;

 private:
  const DeliveryOptions options_;
  const std::string trouble_;
};

}  // namespace carillon::delivery
