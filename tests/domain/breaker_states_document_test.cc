// docs/breaker-states.md is printed from the table of transitions. CARILLON_WRITE_DOCS=1 writes it anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/domain/breaker.h"

using namespace carillon;

namespace {

constexpr char kBreakerPage[] = "docs/breaker-states.md";

constexpr std::string_view meaning_of(BreakerEvent event) {
  switch (event) {
    case BreakerEvent::trip:
      return "too many of the latest calls failed";
    case BreakerEvent::cool:
      return "it has been open for long enough, and there is a call to try the server with";
    case BreakerEvent::relapse:
      return "a call on trial failed";
    case BreakerEvent::recover:
      return "all calls on trial went well";
    case BreakerEvent::mend:
      return "somebody changed the server's entry in servers.json";
  }
  return "";
}

std::string_view meaning_of(CallVerdict verdict) {
  return verdict == CallVerdict::well     ? "goes well: an answer, if no good one"
         : verdict == CallVerdict::failed ? "fails"
                                          : "says nothing: no traffic";
}

std::string printed_breaker_states() {
  std::ostringstream out;
  out << "# Breaker states\n\n"
         "Printed from `server/domain/breaker.h` by a test; edit the tables there, not this page. What a circuit "
         "breaker is for and which\nsettings it has: [servers.md](servers.md); why it is so: "
         "[ADR 0037](adr/0037-circuit-breakers.md).\n\n"
         "```mermaid\nstateDiagram-v2\n  [*] --> closed\n";
  for (const auto& row : kBreakerTransitions)
    out << "  " << name_of(row.from) << " --> " << name_of(row.to) << ": " << name_of(row.event) << "\n";
  out << "```\n\n| from | event | to | when |\n|---|---|---|---|\n";
  for (const auto& row : kBreakerTransitions)
    out << "| " << name_of(row.from) << " | " << name_of(row.event) << " | " << name_of(row.to) << " | "
        << meaning_of(row.event) << " |\n";
  out << "\nA process that reads in the database that another one changed a breaker takes its state over, whatever its "
         "own was; that is no\nstep of this table, and is neither counted nor audited a second time.\n\n"
         "| a call that ends | for the breaker |\n|---|---|\n| with a result | "
      << meaning_of(verdict_of(std::nullopt)) << " |\n";
  for (const auto& row : kErrorClasses)
    out << "| `" << row.name << "` | " << meaning_of(verdict_of(row.error_class)) << " |\n";
  return out.str();
}

}  // namespace

TEST_CASE("the page of breaker states is the tables in code", "[domain][breaker]") {
  const char* write = std::getenv("CARILLON_WRITE_DOCS");
  if (write != nullptr) std::ofstream{kBreakerPage} << printed_breaker_states();
  std::ifstream page{kBreakerPage};
  std::ostringstream text;
  text << page.rdbuf();
  CHECK(text.str() == printed_breaker_states());
}
