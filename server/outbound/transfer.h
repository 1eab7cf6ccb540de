// Transfer: one exchange with a server outside, bounded as a whole in time and in what it reads; for letters, for steps
// that make requests, and for models. The only place that knows libcurl, because its timeout covers everything from the
// name's look-up to the last byte, and because it asks before it connects to an address: a name that leads to a private
// address is stopped there, however it was resolved.
//
// Redirects are not followed and proxies of the environment not used: both would lead elsewhere. Blocks; thread-safe.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "transport/client_fetch.h"

namespace carillon::outbound {

enum class Keep { status, all };

struct TransferLimits {
  Duration timeout = std::chrono::seconds{10};
  std::size_t answer_bytes_max = 64u << 10;  // what is beyond is not read; of the headers too
  Keep keep = Keep::status;
  transport::Reach reach = transport::Reach::public_only;
  std::string ca_file{};
};

struct Request {
  std::string method = "POST";
  std::string url;
  std::vector<std::string> headers;  // "name: value", checked by who makes them; "name;" has none
  std::optional<std::string> body{};
};

// Why nothing answered.
enum class Silence { none, not_reached, forbidden, timeout, stopped, broken };

// What came of it. No status: nothing answered, and `problem` says why.
struct Answer {
  int status = 0;
  std::string problem{};
  std::optional<Duration> retry_after{};
  Silence silence = Silence::none;
  bool may_have_arrived = false;  // the request, or a part of it
  // Keep::all:
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case, in their order
  std::string body{};
  bool cut = false;  // the body was longer
};

// `tls`: STARTTLS is insisted on; with smtps:// it is there from the first byte.
struct Mail {
  std::string server;  // "smtp://host:port", "smtps://host:port"
  std::string user{}, password{};
  bool tls = true;
  std::string from;
  std::string to;
  std::string text;  // with its headers
};

Answer exchange(const Request& request, const TransferLimits& limits, const std::stop_token& stop);
// The status is that of the server's answer about this mail; 0 with a problem: it was never asked. No problem: it took
// the mail.
Answer send_mail(const Mail& mail, const TransferLimits& limits, const std::stop_token& stop);

}  // namespace carillon::outbound
