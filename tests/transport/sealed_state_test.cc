#include "transport/sealed_state.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;

struct Sealing {
  FixedClock clock{Instant{1'700'000'000s}};
  StateSealer sealer{"secret", 1h, clock};
  json params{{"name", "delete"}, {"arguments", {{"file", "a"}}}};
  StateBinding binding{{"t", "ann", {}}, "tools/call", &params};
  json state{{"step", 2}};
};

TEST_CASE("a state opens for the request it was sealed for", "[transport][sealed_state]") {
  Sealing s;
  const std::string sealed = s.sealer.seal(s.state, s.binding);
  CHECK(sealed.find("step") == std::string::npos);
  CHECK(s.sealer.open(sealed, s.binding) == s.state);
  json retried = s.params;
  retried["inputResponses"] = {{"a", 1}};
  retried["requestState"] = sealed;
  retried["_meta"] = {{"progressToken", 1}};
  CHECK(s.sealer.open(sealed, {{"t", "ann", {}}, "tools/call", &retried}) == s.state);
  CHECK(StateSealer("secret", 1h, s.clock).open(sealed, s.binding) == s.state);
}

TEST_CASE("a state is refused elsewhere and when it was touched", "[transport][sealed_state]") {
  Sealing s;
  const std::string sealed = s.sealer.seal(s.state, s.binding);
  CHECK_FALSE(s.sealer.open(sealed + "-TAMPERED", s.binding));
  CHECK_FALSE(s.sealer.open("", s.binding));
  std::string flipped = sealed;
  flipped[flipped.size() / 2] = flipped[flipped.size() / 2] == 'A' ? 'B' : 'A';
  CHECK_FALSE(s.sealer.open(flipped, s.binding));
  CHECK_FALSE(s.sealer.open(sealed, {{"t", "bob", {}}, "tools/call", &s.params}));
  CHECK_FALSE(s.sealer.open(sealed, {{"other", "ann", {}}, "tools/call", &s.params}));
  CHECK_FALSE(s.sealer.open(sealed, {{"t", "ann", {}}, "prompts/get", &s.params}));
  json other = s.params;
  other["arguments"]["file"] = "b";
  CHECK_FALSE(s.sealer.open(sealed, {{"t", "ann", {}}, "tools/call", &other}));
  CHECK_FALSE(StateSealer("", 1h, s.clock).open(sealed, s.binding));
}

TEST_CASE("a state expires", "[transport][sealed_state]") {
  Sealing s;
  const std::string sealed = s.sealer.seal(s.state, s.binding);
  s.clock.advance(1h);
  CHECK(s.sealer.open(sealed, s.binding));
  s.clock.advance(1s);
  CHECK_FALSE(s.sealer.open(sealed, s.binding));
}

TEST_CASE("random tokens differ and may stand in a header", "[transport][sealed_state]") {
  const std::string token = random_token(24);
  CHECK(token != random_token(24));
  CHECK(token.size() == 32);
  CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
}

}  // namespace
}  // namespace carillon::transport
