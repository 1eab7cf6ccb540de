// DeliveryOptions: what can be set about letters that leave this installation. A value; the defaults are the product's.
#pragma once

#include <string>
#include <vector>

#include "server/base/clock.h"

namespace carillon {

struct WebhookOptions {
  // Hosts that may be reached; none: every public one over https. With a port ("intranet:8080", "127.0.0.1:9000")
  // private addresses and http are allowed as well, because somebody meant it.
  std::vector<std::string> hosts;
};

// required: STARTTLS, or TLS from the first byte with smtps://. none: for a mail server on the same machine.
enum class SmtpTls { required, none };

struct EmailOptions {
  std::string server;  // "smtp://mail.example.com:587", "smtps://mail.example.com:465"; empty: no mail is sent
  std::string user;
  std::string password;
  SmtpTls tls = SmtpTls::required;
  std::string from;             // the address that mail is from
  std::vector<std::string> to;  // who may be written to: "anna@example.com", "*@example.com"; none: everybody
};

// automatic: where the database is the daemon's own, because then one person's machine is all there is.
enum class DesktopUse { automatic, on, off };

struct DeliveryOptions {
  // Targets that reach a person and nobody else: what they are told of an approval has a link that decides it.
  std::vector<std::string> approval_links{"desktop"};
  int per_hour_max = 20;  // letters to one target; what exceeds it waits and is told in one
  int attempts_max = 12;
  Duration retry_base = std::chrono::seconds{15};  // after the first attempt; doubled each time, two hours at most
  Duration timeout = std::chrono::seconds{10};     // of one attempt
  std::string ca_file;                             // certificates to trust instead of the system's
  WebhookOptions webhook;
  EmailOptions email;
  DesktopUse desktop = DesktopUse::automatic;
};

}  // namespace carillon
