#include "server/delivery/webhook.h"

#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "server/base/version.h"
#include "server/delivery/channel.h"
#include "tests/support/web_receiver.h"
#include "transport/base64.h"

namespace carillon::delivery {
namespace {

using test::WebAnswer;
using test::WebReceiver;
using namespace std::chrono_literals;

const std::string kKey(32, 'k');

Letter letter_to(const std::string& url) {
  return {.tenant = TenantId{"default"},
          .id = "msg_7_abc",
          .target = "webhook:" + url,
          .subject = "echo#7 failed",
          .text = "echo#7 failed",
          .facts = {{"type", "run.ended"}, {"data", {{"run", "echo#7"}}}},
          .at = *parse_rfc3339("2026-11-20T13:00:00.5Z")};
}

struct Sender {
  explicit Sender(std::vector<std::string> hosts, Duration timeout = 5s) {
    options.webhook.hosts = std::move(hosts);
    options.timeout = timeout;
  }
  Attempt send(const std::string& url) { return Webhooks{options, kKey}.send(letter_to(url), stop.get_token()); }

  DeliveryOptions options;
  std::stop_source stop;
};

// A receiver that answers only when the test has what it wants; 20 s are for a broken program.
class Silence {
 public:
  void keep() const { over_.wait_for(20s); }
  void end() { end_.set_value(); }

 private:
  std::promise<void> end_;
  std::shared_future<void> over_ = end_.get_future().share();
};

}  // namespace

// The vector of the reference libraries (github.com/standard-webhooks/standard-webhooks).
TEST_CASE("a signature is the one that Standard Webhooks wants", "[delivery][webhook]") {
  const std::string secret = *transport::from_base64("plJ3nmyCDGBKInavdOK15jsl");
  CHECK(show_secret(secret) == "whsec_plJ3nmyCDGBKInavdOK15jsl");
  CHECK(sign(secret, {.id = "msg_loFOjxBNrRLzqYUf",
                      .timestamp = 1731705121,
                      .body = R"({"event_type":"ping","data":{"success":true}})"}) ==
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
}

TEST_CASE("each address of each tenant has a secret of its own", "[delivery][webhook]") {
  const auto secret = webhook_secret(kKey, TenantId{"a"}, "https://x.example/1");
  CHECK(secret.size() == 32);
  CHECK(secret == webhook_secret(kKey, TenantId{"a"}, "https://x.example/1"));
  CHECK(secret != webhook_secret(kKey, TenantId{"b"}, "https://x.example/1"));
  CHECK(secret != webhook_secret(kKey, TenantId{"a"}, "https://x.example/2"));
  CHECK(secret != webhook_secret(std::string(32, 'j'), TenantId{"a"}, "https://x.example/1"));
}

TEST_CASE("a letter is posted as signed JSON", "[delivery][webhook]") {
  const WebReceiver web;
  Sender sender{{web.host()}};
  CHECK(sender.send(web.url("/hook?a=b")).became == Became::sent);
  const auto posted = web.posted();
  REQUIRE(posted.size() == 1);
  CHECK(posted[0].path == "/hook");
  CHECK(json::parse(posted[0].body) == letter_to("").facts);
  auto headers = posted[0].headers;
  CHECK(headers["content-type"] == "application/json");
  CHECK(headers["user-agent"] == "carillon/" + std::string{kVersion});
  CHECK(headers["webhook-id"] == "msg_7_abc");
  CHECK(headers["webhook-timestamp"] == "1795179600");
  const auto secret = webhook_secret(kKey, TenantId{"default"}, web.url("/hook?a=b"));
  CHECK(headers["webhook-signature"] == sign(secret, {"msg_7_abc", 1795179600, posted[0].body}));
}

TEST_CASE("what a receiver answers decides what comes next", "[delivery][webhook]") {
  struct Row {
    int status;
    Became became;
  };
  const auto row = GENERATE(values<Row>({{204, Became::sent},
                                         {301, Became::refused},
                                         {404, Became::refused},
                                         {410, Became::never},
                                         {429, Became::unreachable},
                                         {503, Became::unreachable}}));
  const WebReceiver other;
  const WebReceiver web{{WebAnswer{.status = row.status,
                                   .headers = {{"Location", other.url()}, {"Retry-After", "90"}},
                                   .body = std::string(1 << 20, 'x'),
                                   .meanwhile = {}}}};
  Sender sender{{web.host(), other.host()}};
  const Attempt attempt = sender.send(web.url());
  CHECK(attempt.became == row.became);
  if (row.status == 503) CHECK(attempt.retry_after == Duration{90s});
  CHECK(attempt.why.find(row.status == 204 ? "" : std::to_string(row.status)) != std::string::npos);
  CHECK(other.posted().empty());
}

TEST_CASE("a receiver that does not answer in time is given up", "[delivery][webhook]") {
  Sender sender{{}, 100ms};
  Silence silence;
  const WebReceiver web{{WebAnswer{.meanwhile = [&] { silence.keep(); }}}};
  sender.options.webhook.hosts = {web.host()};
  const Attempt attempt = sender.send(web.url());
  silence.end();
  CHECK(attempt.became == Became::unreachable);
  CHECK(attempt.why == "Timeout was reached");
}

TEST_CASE("an exchange ends when it is told to", "[delivery][webhook]") {
  Sender sender{{}, 1h};
  Silence silence;
  const WebReceiver web{{WebAnswer{.meanwhile = [&] {
    sender.stop.request_stop();
    silence.keep();
  }}}};
  sender.options.webhook.hosts = {web.host()};
  const Attempt attempt = sender.send(web.url());
  silence.end();
  CHECK(attempt.became == Became::unreachable);
  CHECK(attempt.why == "it was stopped");
}

TEST_CASE("addresses that nobody allowed are not reached", "[delivery][webhook]") {
  const WebReceiver web;
  const std::string port = web.host().substr(web.host().find(':'));
  struct Row {
    std::vector<std::string> hosts;
    std::string url;
    Became became;
    const char* why;
  };
  const Row rows[] = {
      {{}, web.url(), Became::never, "over https"},
      {{"example.com"}, web.url(), Became::never, "delivery.webhook_hosts"},
      {{"127.0.0.1"}, web.url(), Became::never, "over https"},
      {{}, "https://127.0.0.1" + port, Became::unreachable, "private"},
      {{}, "https://localhost" + port, Became::unreachable, "private"},
      {{}, "https://[::1]" + port, Became::unreachable, "private"},
      {{}, "https://[::ffff:127.0.0.1]" + port, Became::unreachable, "private"},
      {{"127.0.0.1"}, "https://127.0.0.1" + port, Became::unreachable, "private"},
      {{}, "ftp://127.0.0.1" + port, Became::never, "no http address"},
  };
  for (const auto& row : rows) {
    INFO(row.url << " " << row.why);
    Sender sender{row.hosts};
    const Attempt attempt = sender.send(row.url);
    CHECK(attempt.became == row.became);
    CHECK(attempt.why.find(row.why) != std::string::npos);
  }
  CHECK(web.posted().empty());
}

}  // namespace carillon::delivery
