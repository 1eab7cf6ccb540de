// Mail through a real SMTP server (tests/delivery/mail_server.py).
#include "server/delivery/email.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "server/process/child.h"

namespace carillon::delivery {
namespace {

using namespace std::chrono_literals;

// Debian's own Python, for whose version Debian's packages are.
constexpr char kPython[] = "/usr/bin/python3";

class MailServer {
 public:
  explicit MailServer(const std::vector<std::string>& arguments = {}) {
    process::Command command;
    command.arguments = {kPython, "tests/delivery/mail_server.py"};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.errors = process::Stream::inherit;
    auto started = process::Child::start(command);
    REQUIRE(started.ok());
    child_.emplace(*std::move(started));
    port = line();
  }
  std::string line() {
    std::string text;
    for (char letter = 0; ::read(child_->output().get(), &letter, 1) == 1 && letter != '\n';) text.push_back(letter);
    return text;
  }
  json mail() { return json::parse(line()); }

  std::string port;

 private:
  std::optional<process::Child> child_;
};

// A directory for the certificate, gone at the end.
struct Directory {
  Directory() : path(std::filesystem::temp_directory_path() / ("carillon_mail_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Letter letter() {
  return {.tenant = TenantId{"default"},
          .id = "msg_7_abc",
          .target = "email:anna@example.org",
          .subject = "Grüße",
          .text = "echo#7 failed\n.\nmore",
          .facts = {},
          .at = *parse_rfc3339("2026-11-20T13:00:00Z")};
}

DeliveryOptions through(const MailServer& server) {
  DeliveryOptions options;
  options.email.server = "smtp://127.0.0.1:" + server.port;
  options.email.from = "carillon@example.com";
  options.email.tls = SmtpTls::none;
  return options;
}

Attempt send(const DeliveryOptions& options) {
  Email email{options, ""};
  CHECK_FALSE(email.missing());
  return email.send(letter(), {});
}

}  // namespace

TEST_CASE("a letter is mailed to the address of its target", "[delivery][email]") {
  MailServer server;
  REQUIRE(send(through(server)).became == Became::sent);
  const json mail = server.mail();
  CHECK(mail["from"] == "carillon@example.com");
  CHECK(mail["to"] == json{"anna@example.org"});
  const std::string text = mail["text"];
  CHECK(text.find("\r\nSubject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n") != std::string::npos);
  CHECK(text.find("\r\nMessage-ID: <msg_7_abc@example.com>\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\necho#7 failed\r\n.\r\nmore\r\n"));
}

TEST_CASE("mail goes over TLS with the password or not at all", "[delivery][email]") {
  const Directory directory;
  MailServer server{{"--tls", directory.path, "--user", "me:geheim"}};
  DeliveryOptions options = through(server);
  options.email.tls = SmtpTls::required;
  options.email.user = "me";
  options.email.password = "geheim";
  const Attempt distrusted = send(options);
  CHECK(distrusted.became == Became::unreachable);
  CHECK(distrusted.why.find("certificate") != std::string::npos);

  options.ca_file = directory.path / "cert.pem";
  REQUIRE(send(options).became == Became::sent);
  const json mail = server.mail();
  CHECK(mail["tls"] == true);
  CHECK(mail["user"] == "me");

  options.email.password = "falsch";
  const Attempt refused = send(options);
  CHECK(refused.became == Became::unreachable);
  CHECK(refused.why.find("535") != std::string::npos);
  CHECK(refused.why.find("falsch") == std::string::npos);
}

TEST_CASE("a server without STARTTLS gets neither mail nor password", "[delivery][email]") {
  MailServer server;
  DeliveryOptions options = through(server);
  options.email.tls = SmtpTls::required;
  const Attempt attempt = send(options);
  CHECK(attempt.became == Became::unreachable);
  CHECK(attempt.why.find("SSL") != std::string::npos);
}

TEST_CASE("TLS may be there from the first byte", "[delivery][email]") {
  const Directory directory;
  MailServer server{{"--tls", directory.path, "--from-first-byte"}};
  DeliveryOptions options = through(server);
  options.email.server = "smtps://127.0.0.1:" + server.port;
  options.email.tls = SmtpTls::required;
  options.ca_file = directory.path / "cert.pem";
  REQUIRE(send(options).became == Became::sent);
  CHECK(server.mail()["tls"] == true);
}

TEST_CASE("what a mail server says of a mail decides what comes next", "[delivery][email]") {
  MailServer server{
      {"--refuse", "550 5.1.1 no such user", "--refuse", "451 4.7.1 greylisted", "--refuse", "530 who are you"}};
  const Attempt nobody = send(through(server));
  CHECK(nobody.became == Became::never);
  CHECK(nobody.why == "the mail server refused it: 550 5.1.1 no such user");
  const Attempt later = send(through(server));
  CHECK(later.became == Became::refused);
  CHECK(later.why == "the mail server does not take it now: 451 4.7.1 greylisted");
  CHECK(send(through(server)).became == Became::unreachable);
  REQUIRE(send(through(server)).became == Became::sent);
  DeliveryOptions nowhere = through(server);
  nowhere.email.server = "smtp://127.0.0.1:9";
  CHECK(send(nowhere).became == Became::unreachable);
}

TEST_CASE("mail goes to the addresses that the configuration allows", "[delivery][email]") {
  MailServer server;
  struct Row {
    std::vector<std::string> to;
    Became became;
  };
  const Row rows[] = {{{}, Became::sent},
                      {{"*@Example.org"}, Became::sent},
                      {{"bob@example.org", "Anna@example.org"}, Became::sent},
                      {{"*@example.com"}, Became::never},
                      {{"*@ple.org"}, Became::never},
                      {{"bob@example.org"}, Became::never}};
  for (const auto& row : rows) {
    DeliveryOptions options = through(server);
    options.email.to = row.to;
    CHECK(send(options).became == row.became);
  }
}

TEST_CASE("what is missing for mail is said", "[delivery][email]") {
  const auto missing = [](auto change) {
    DeliveryOptions options;
    options.email.server = "smtp://mail.example.com:587";
    options.email.from = "carillon@example.com";
    change(options.email);
    return Email{options, ""}.missing().value_or("");
  };
  CHECK(missing([](EmailOptions&) {}).empty());
  CHECK(missing([](EmailOptions& email) { email.server = ""; }).find("delivery.smtp_server") != std::string::npos);
  CHECK(missing([](EmailOptions& email) { email.server = "mail.example.com"; }).find("smtp://") != std::string::npos);
  CHECK(missing([](EmailOptions& email) { email.from = "Carillon"; }).find("mail_from") != std::string::npos);
  const auto in_the_clear = [](EmailOptions& email) {
    email.user = "me";
    email.tls = SmtpTls::none;
  };
  CHECK(missing(in_the_clear).find("in the clear") != std::string::npos);
  DeliveryOptions options;
  options.email.server = "smtp://mail.example.com";
  options.email.from = "a@b";
  CHECK(Email{options, "no such secret"}.missing()->find("no such secret") != std::string::npos);
}

}  // namespace carillon::delivery
