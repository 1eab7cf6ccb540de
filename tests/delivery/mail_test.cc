#include "server/delivery/mail.h"

#include <catch2/catch.hpp>

namespace carillon::delivery {
namespace {

Letter letter(const std::string& subject, const std::string& text) {
  return {.tenant = TenantId{"default"},
          .id = "msg_7_abc",
          .target = "email:anna@example.org",
          .subject = subject,
          .text = text,
          .facts = {},
          .at = *parse_rfc3339("2026-11-20T13:00:00.5Z")};
}

}  // namespace

TEST_CASE("a plain letter is a plain mail", "[delivery][mail]") {
  CHECK(write_mail(letter("echo#7 failed", "echo#7 failed\n.\nmore"), "carillon@example.com", "anna@example.org") ==
        "From: Carillon <carillon@example.com>\r\n"
        "To: <anna@example.org>\r\n"
        "Subject: echo#7 failed\r\n"
        "Date: Fri, 20 Nov 2026 13:00:00 +0000\r\n"
        "Message-ID: <msg_7_abc@example.com>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "echo#7 failed\r\n.\r\nmore\r\n");
}

TEST_CASE("a subject adds no header and keeps its letters", "[delivery][mail]") {
  struct Row {
    const char* text;
    const char* header;
  };
  const auto row = GENERATE(values<Row>({
      {"plain", "plain"},
      {"one\r\nBcc: everybody@example.org", "one  Bcc: everybody@example.org"},
      {"a\tb\x7f", "a b "},
      {"Grüße", "=?UTF-8?B?R3LDvMOfZQ==?="},
      {"=?UTF-8?B?R3LDvMOfZQ==?=", "=?UTF-8?B?PT9VVEYtOD9CP1IzTER2TU9mWlE9PT89?="},
      {"", ""},
  }));
  CHECK(header_text(row.text) == row.header);
}

TEST_CASE("a long subject is folded between characters", "[delivery][mail]") {
  std::string text;
  for (int i = 0; i < 60; ++i) text += i % 2 == 0 ? "ä" : "b€";
  const std::string header = header_text(text);
  std::size_t begin = 0, words = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 3) {
    end = header.find("\r\n ", begin);
    CHECK(header.substr(begin, end == std::string::npos ? end : end - begin).size() <= 75);
    ++words;
    if (end == std::string::npos) break;
  }
  CHECK(words > 3);
  CHECK(header.find("?=\r\n =?UTF-8?B?") != std::string::npos);
}

TEST_CASE("a text that is no short ASCII travels as Base64", "[delivery][mail]") {
  const auto body = [](const std::string& text) {
    const std::string mail = write_mail(letter("x", text), "a@example.com", "b@example.com");
    return mail.substr(mail.find("Content-Transfer-Encoding: "));
  };
  CHECK(body("Grüße\n") == "Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ0KDQo=\r\n");
  CHECK(body(std::string(300, 'x')).starts_with("Content-Transfer-Encoding: base64\r\n\r\n"));
  CHECK(body("a\rb").starts_with("Content-Transfer-Encoding: base64"));
}

}  // namespace carillon::delivery
