// docs/run-states.md is printed from the table of transitions. CARILLON_WRITE_DOCS=1 writes it anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/domain/run_state.h"

using namespace carillon;

namespace {

constexpr char kRunStatesPage[] = "docs/run-states.md";

std::string printed_run_states() {
  std::ostringstream out;
  out << "# Run states\n\n"
         "Printed from `kRunTransitions` in `server/domain/run_state.h` by a test; edit the table, not this page. "
         "Nothing else decides a\n"
         "state. `queued` lives in `run_ready`, `running` and `waiting` in `run_live`, the others, which are final, in "
         "`run_history`.\n\n"
         "```mermaid\nstateDiagram-v2\n  [*] --> queued\n  [*] --> missed\n  [*] --> skipped\n";
  for (const auto& row : kRunTransitions)
    out << "  " << name_of(row.from) << " --> " << name_of(row.to) << ": " << name_of(row.event) << "\n";
  for (std::size_t i = 0; i < kRunStateNames.size(); ++i)
    if (is_final(static_cast<RunState>(i))) out << "  " << kRunStateNames[i] << " --> [*]\n";
  out << "```\n\n| from | event | to |\n|---|---|---|\n";
  for (const auto& row : kRunTransitions)
    out << "| " << name_of(row.from) << " | " << name_of(row.event) << " | " << name_of(row.to) << " |\n";
  return out.str();
}

}  // namespace

TEST_CASE("the page of run states is the table in code", "[domain][run_state]") {
  const char* write = std::getenv("CARILLON_WRITE_DOCS");
  if (write != nullptr) std::ofstream{kRunStatesPage} << printed_run_states();
  std::ifstream page{kRunStatesPage};
  std::ostringstream text;
  text << page.rdbuf();
  CHECK(text.str() == printed_run_states());
}
