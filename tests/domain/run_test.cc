// Run ids, run handles and the table of run states.
#include <catch2/catch.hpp>
#include <set>

#include "server/domain/caller.h"
#include "server/domain/error_class.h"
#include "server/domain/run_handle.h"
#include "server/domain/run_id.h"
#include "server/domain/run_state.h"

namespace carillon {
namespace {

TEST_CASE("run ids are unique and ascending even when the clock stands or goes back", "[domain][run_id]") {
  RunIdMaker maker{7};
  const Instant noon = kRunEpoch + std::chrono::hours{12};
  std::set<RunId> seen;
  RunId last{0};
  for (int i = 0; i < 10'000; ++i) {
    const RunId id = maker.next(i < 5'000 ? noon : noon - std::chrono::seconds{1});
    CHECK(id > last);
    last = id;
    seen.insert(id);
  }
  CHECK(seen.size() == 10'000);
}

TEST_CASE("two processes never make the same run id", "[domain][run_id]") {
  RunIdMaker one{0}, other{1023};
  const Instant now = kRunEpoch + std::chrono::days{400};
  CHECK(one.next(now) != other.next(now));
}

TEST_CASE("a run id tells when it was made", "[domain][run_id]") {
  RunIdMaker maker{3};
  const Instant now = kRunEpoch + std::chrono::milliseconds{987'654'321};
  CHECK(made_at(maker.next(now)) == now);
  CHECK(first_id_at(now) <= maker.next(now));
  CHECK(first_id_at(kRunEpoch - std::chrono::days{1}) == RunId{0});
}

TEST_CASE("run ids stay positive until 2095", "[domain][run_id]") {
  RunIdMaker maker{1023};
  CHECK(maker.next(Instant{std::chrono::sys_days{std::chrono::year{2095} / 1 / 1}}).number() > 0);
}

TEST_CASE("run handles are written and read back", "[domain][run_handle]") {
  CHECK(to_string(RunHandle{"morning-brief", 142, 1}) == "morning-brief#142");
  CHECK(to_string(RunHandle{"morning-brief", 142, 2}) == "morning-brief#142.2");
  CHECK(parse_run_handle("morning-brief#142.2") == RunHandle{"morning-brief", 142, 2});
  CHECK(parse_run_handle("odd#name#7") == RunHandle{"odd#name", 7, 1});
  const auto refused = GENERATE(as<std::string>{}, "", "x", "#1", "x#", "x#0", "x#-1", "x#1.", "x#1.0", "x#a",
                                "x#1.2.3", "x#99999999999999999999");
  CAPTURE(refused);
  CHECK_FALSE(parse_run_handle(refused));
}

TEST_CASE("no event leaves a final state", "[domain][run_state]") {
  for (const auto& row : kRunTransitions) CHECK_FALSE(is_final(row.from));
}

TEST_CASE("every state but the ones born final is reached from queued", "[domain][run_state]") {
  std::set<RunState> reached{RunState::queued};
  for (std::size_t round = 0; round < kRunTransitions.size(); ++round)
    for (const auto& row : kRunTransitions)
      if (reached.contains(row.from)) reached.insert(row.to);
  for (const RunState state : {RunState::running, RunState::waiting, RunState::succeeded, RunState::failed,
                               RunState::cancelled, RunState::unknown, RunState::missed})
    CHECK(reached.contains(state));
}

TEST_CASE("names are found again", "[domain]") {
  for (const auto name : kRunStateNames) CHECK(name_of(*run_state_named(name)) == name);
  for (const auto& info : kErrorClasses) CHECK(error_class_named(info.name) == info.error_class);
  for (const auto name : kScopeNames) CHECK(name_of(*scope_named(name)) == name);
  CHECK_FALSE(run_state_named("done"));
  CHECK_FALSE(error_class_named("oops"));
  CHECK_FALSE(scope_named("root"));
}

TEST_CASE("scopes are what was given and nothing else", "[domain][caller]") {
  Scopes scopes{Scope::read};
  CHECK(scopes.has(Scope::read));
  CHECK_FALSE(scopes.has(Scope::admin));
  scopes.add(Scope::run);
  CHECK(scopes.names() == std::vector<std::string>{"read", "run"});
  CHECK(Scopes::all().names().size() == kScopeNames.size());
}

}  // namespace
}  // namespace carillon
