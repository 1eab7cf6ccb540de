// What a process without a desktop says; with one, tests/e2e/delivery.test.mjs.
#include "server/delivery/desktop.h"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace carillon::delivery {
namespace {

// The variables that lead to a session bus, as a test wants them, put back at the end.
class Surroundings {
 public:
  explicit Surroundings(const char* address) {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value != nullptr ? std::optional<std::string>{value} : std::nullopt);
      ::unsetenv(name);
    }
    if (address != nullptr) ::setenv(kNames[0], address, 1);
  }
  ~Surroundings() {
    for (const auto& [name, value] : before_) {
      if (value)
        ::setenv(name, value->c_str(), 1);
      else
        ::unsetenv(name);
    }
  }

 private:
  static constexpr const char* kNames[] = {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"};
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

}  // namespace

TEST_CASE("a process without a session bus says so", "[delivery][desktop]") {
  const Surroundings none{nullptr};
  CHECK(Desktop{DeliveryOptions{}}.missing()->find("no session bus") != std::string::npos);
  DeliveryOptions off;
  off.desktop = DesktopUse::off;
  CHECK(Desktop{off}.missing()->find("delivery.desktop") != std::string::npos);
}

TEST_CASE("a session bus that has gone is no end of a letter", "[delivery][desktop]") {
  const Surroundings gone{"unix:path=/nowhere/bus"};
  Desktop desktop{DeliveryOptions{}};
  CHECK_FALSE(desktop.missing());
  const Attempt attempt = desktop.send({.tenant = TenantId{"default"},
                                        .id = "msg_1_a",
                                        .target = "desktop",
                                        .subject = "x",
                                        .text = "y",
                                        .facts = {},
                                        .at = {}},
                                       {});
  CHECK(attempt.became == Became::unreachable);
  CHECK(attempt.why.find("the session bus") != std::string::npos);
}

TEST_CASE("what looks like markup is shown as it is", "[delivery][desktop]") {
  CHECK(without_markup("a < b && <a href=\"x\">c</a>") == "a &lt; b &amp;&amp; &lt;a href=\"x\"&gt;c&lt;/a&gt;");
}

}  // namespace carillon::delivery
