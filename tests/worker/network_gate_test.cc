#include "server/worker/network_gate.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace std::chrono_literals;

TEST_CASE("the gate is shut without a network and opens with one", "[worker][network_gate]") {
  bool network = false;
  NetworkGate gate{[&] { return network; }, 30min};
  const Monotonic now = std::chrono::steady_clock::now();
  CHECK_FALSE(gate.is_shut());
  gate.shut(now);
  CHECK(gate.is_shut());
  CHECK_FALSE(gate.look(now + 3min));
  network = true;
  CHECK(gate.look(now + 4min));
  CHECK_FALSE(gate.is_shut());
  CHECK_FALSE(gate.look(now + 5min));  // it opens once
  gate.shut(now + 6min);
  CHECK_FALSE(gate.is_shut());
}

TEST_CASE("a wake with a network leaves it to the next look to open the gate", "[worker][network_gate]") {
  bool network = false;
  NetworkGate gate{[&] { return network; }, 30min};
  const Monotonic now = std::chrono::steady_clock::now();
  gate.shut(now);
  network = true;
  gate.shut(now + 1h);
  CHECK(gate.look(now + 1h));  // who waits is told
}

TEST_CASE("the longest wait opens the gate too and without one it is never shut", "[worker][network_gate]") {
  NetworkGate gate{[] { return false; }, 30min};
  const Monotonic now = std::chrono::steady_clock::now();
  gate.shut(now);
  CHECK_FALSE(gate.look(now + 29min));
  CHECK(gate.look(now + 30min));
  NetworkGate open{[] { return false; }, 0s};
  open.shut(now);
  CHECK_FALSE(open.is_shut());
}
