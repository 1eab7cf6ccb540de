#include "server/delivery/email.h"

#include <algorithm>
#include <cctype>

#include "server/delivery/mail.h"
#include "server/domain/notify.h"
#include "server/outbound/transfer.h"

namespace carillon::delivery {
namespace {

bool same_letters(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

// "*@example.com" is everybody there, "anna@example.com" only her; no pattern: everybody anywhere.
bool may_be_written_to(std::string_view address, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
           if (!pattern.starts_with("*@")) return same_letters(address, pattern);
           return same_letters(address.substr(address.find('@')), pattern.substr(1));
         });
}

Attempt attempt_of_mail(const outbound::Answer& answer) {
  if (answer.problem.empty()) return {};
  // 55x is about the recipient or the text, and for good; the rest is about us, and somebody can mend it.
  if (answer.status >= 550 && answer.status < 560)
    return {Became::never, "the mail server refused it: " + answer.problem};
  const std::string why = "the mail server does not take it now: " + answer.problem;
  if (answer.status >= 400) return {answer.status < 500 ? Became::refused : Became::unreachable, why};
  return {Became::unreachable, answer.problem};
}

}  // namespace

std::optional<std::string> Email::missing() const {
  const EmailOptions& email = options_.email;
  if (email.server.empty()) return "no mail server is configured (delivery.smtp_server)";
  if (!email.server.starts_with("smtp://") && !email.server.starts_with("smtps://"))
    return "delivery.smtp_server is written smtp://host:port or smtps://host:port";
  if (!is_mail_address(email.from)) return "delivery.mail_from names no address to send from";
  if (!trouble_.empty()) return "delivery.smtp_password: " + trouble_;
  if (email.tls == SmtpTls::none && !email.user.empty() && !email.server.starts_with("smtps://"))
    return "delivery.smtp_user would be sent in the clear; set delivery.smtp_tls to required";
  return std::nullopt;
}

Attempt Email::send(const Letter& letter, const std::stop_token& stop) {
  const std::string to{address_of(letter)};
  const EmailOptions& email = options_.email;
  if (!may_be_written_to(to, email.to))
    return {Became::never, "the configuration does not let mail go to this address (delivery.mail_to)"};
  const outbound::Mail mail{.server = email.server,
                            .user = email.user,
                            .password = email.password,
                            .tls = email.tls == SmtpTls::required,
                            .from = email.from,
                            .to = to,
                            .text = write_mail(letter, email.from, to)};
  return attempt_of_mail(outbound::send_mail(
      mail, {.timeout = options_.timeout, .reach = transport::Reach::anywhere, .ca_file = options_.ca_file}, stop));
}

}  // namespace carillon::delivery
