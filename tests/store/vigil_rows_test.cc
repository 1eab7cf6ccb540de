#include "server/store/vigil_rows.h"

#include <catch2/catch.hpp>
#include <pqxx/pqxx>
#include <thread>

#include "server/store/connection.h"
#include "tests/support/test_database.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

const Instant kDueAt = *parse_rfc3339("2026-11-20T12:00:00Z");

struct Watching {
  std::optional<Instant> keep(Instant now, std::string_view kind = "sleep") {
    return rows.keep({.now = now, .gap = 1min, .kind = kind, .gather = 10min});
  }

  TestDatabase database;
  HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
  VigilRows rows{connection};
};

}  // namespace

TEST_CASE("a time in which nobody watched is one outage", "[store][vigil]") {
  Watching f;
  CHECK_FALSE(f.keep(kDueAt));  // nobody ever did
  CHECK_FALSE(f.keep(kDueAt + 1min));
  CHECK(f.keep(kDueAt + 9h) == kDueAt + 1min);
  CHECK_FALSE(f.keep(kDueAt + 9h));
  CHECK_FALSE(f.keep(kDueAt + 9h + 50s));
  CHECK(f.database.ask("SELECT kind || ' ' || (ended_at - began_at) || ' ' || (told_by - ended_at) FROM "
                       "carillon.outage") == "sleep 08:59:00 00:10:00");
}

TEST_CASE("a clock that was set back is no outage and what was watched stays so", "[store][vigil]") {
  Watching f;
  f.keep(kDueAt);
  CHECK_FALSE(f.keep(kDueAt - 1h));
  CHECK_FALSE(f.keep(kDueAt + 30s));
  CHECK(f.database.ask("SELECT count(*) FROM carillon.vigil WHERE seen_at = '2026-11-20T12:00:30Z'") == "1");
}

TEST_CASE("of two who come back at once one writes the outage", "[store][vigil]") {
  Watching f;
  f.keep(kDueAt);
  Connection other{f.database.urls().dispatch};
  std::optional<pqxx::work> holder{std::in_place, other.wire};
  holder->exec("SELECT FROM carillon.vigil FOR UPDATE");
  std::vector<std::jthread> both;
  for (int i = 0; i < 2; ++i)
    both.emplace_back([&f] {
      HotPathConnection connection{{.url = f.database.urls().dispatch, .application = "test"}};
      VigilRows{connection}.keep({.now = kDueAt + 9h, .gap = 1min, .kind = "start", .gather = 10min});
    });
  CHECK(f.database.comes_to_wait(2));
  holder->commit();
  both.clear();
  CHECK(f.database.ask("SELECT count(*) FROM carillon.outage") == "1");
}
