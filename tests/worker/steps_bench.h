// A run of steps on a test's database, and what became of it. Belongs to the test's thread.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/worker/rig.h"

namespace carillon::test {

// That the worker has heard what was asked of the only run: the keeper passes it on with a renewal; the second one is
// behind it.
inline constexpr auto kHeard =
    "coalesce((SELECT heartbeat_at > cancel_requested_at + interval '300 ms' FROM carillon.run_live), false)";

struct Bench {
  const TestDatabase database;

  void put(const json& steps, const json& input = json::object(),
           const std::function<void(TaskDefinition&)>& change = {}) {
    auto action = read_action({{"kind", "steps"}, {"steps", steps}, {"input", input}}, "");
    if (!action) FAIL(action.error().message << " at " << action.error().pointer);
    put_task(database, 1, definition_of(*action, "manual", change));
    put_ready(database, {.id = 1});
  }
  std::string outcome() const {
    return database.ask("SELECT concat_ws(' ', outcome, error_class) FROM carillon.run_history WHERE id = 1");
  }
  json output() const {
    return json::parse(database.ask("SELECT convert_from(output, 'UTF8') FROM carillon.run_history WHERE id = 1"));
  }
  // "a 1 succeeded, b 1 failed", by path.
  std::string journal() const {
    return database.ask(
        "SELECT string_agg(concat_ws(' ', step_path, attempt, state), ', ' ORDER BY step_path COLLATE \"C\", attempt) "
        "FROM carillon.step_journal");
  }
  // Until that is so; false: not within a generous limit.
  bool comes(const std::string& fact) const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (std::chrono::steady_clock::now() < limit) {
      if (database.ask("SELECT " + fact) == "t") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
  }
  bool comes_to_wait() const { return comes("EXISTS (SELECT FROM carillon.run_live WHERE state = 'waiting')"); }
};

inline std::vector<std::string> tools_of(const Rig& rig) {
  std::vector<std::string> names;
  for (const ToolCall& call : rig.tools.calls()) names.push_back(call.tool);
  return names;
}

}  // namespace carillon::test
