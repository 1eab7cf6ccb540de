// docs/step-states.md is printed from the table of transitions. CARILLON_WRITE_DOCS=1 writes it anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/domain/pipeline/step_state.h"

using namespace carillon::pipeline;

namespace {

constexpr char kStepStatesPage[] = "docs/step-states.md";

std::string printed_step_states() {
  std::ostringstream out;
  out << "# Step states\n\n"
         "Printed from `kStepTransitions` in `server/domain/pipeline/step_state.h` by a test; edit the table, not this "
         "page. Nothing else\n"
         "decides a state. What is journaled of a step begins with `running`; `pending` and `ready` follow from the "
         "journal.\n\n"
         "```mermaid\nstateDiagram-v2\n  [*] --> pending\n";
  for (const auto& row : kStepTransitions)
    out << "  " << name_of(row.from) << " --> " << name_of(row.to) << ": " << name_of(row.event) << "\n";
  for (std::size_t i = 0; i < kStepStateNames.size(); ++i)
    if (has_ended(static_cast<StepState>(i))) out << "  " << kStepStateNames[i] << " --> [*]\n";
  out << "```\n\n| from | event | to |\n|---|---|---|\n";
  for (const auto& row : kStepTransitions)
    out << "| " << name_of(row.from) << " | " << name_of(row.event) << " | " << name_of(row.to) << " |\n";
  return out.str();
}

}  // namespace

TEST_CASE("the page of step states is the table in code", "[domain][planner]") {
  const char* write = std::getenv("CARILLON_WRITE_DOCS");
  if (write != nullptr) std::ofstream{kStepStatesPage} << printed_step_states();
  std::ifstream page{kStepStatesPage};
  std::ostringstream text;
  text << page.rdbuf();
  CHECK(text.str() == printed_step_states());
}
