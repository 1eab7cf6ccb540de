#include "server/store/calendar_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

const CalendarRecord kHolidays{"holidays", "public ones", {20'812, 20'813}, kNow, "owner"};

}  // namespace

TEST_CASE("a calendar is kept with its days and changed by its name", "[store][calendar_store]") {
  RepositoryFixture f;
  CHECK_FALSE(f.mine([](Tx& tx) { return CalendarStore{tx}.share(kMine, "holidays"); }));
  f.mine([](Tx& tx) { CalendarStore{tx}.save(kMine, kHolidays); });
  const auto kept = f.mine([](Tx& tx) { return CalendarStore{tx}.share(kMine, "holidays"); });
  REQUIRE(kept);
  CHECK(kept->days == kHolidays.days);
  CHECK(kept->description == "public ones");
  CHECK(kept->updated_at == kNow);
  f.mine([](Tx& tx) { CalendarStore{tx}.save(kMine, {"holidays", "", {1}, kNow, "claude"}); });
  const auto all = f.mine([](Tx& tx) { return CalendarStore{tx}.list(kMine); });
  REQUIRE(all.size() == 1);
  CHECK(all[0].days == Days{1});
  CHECK(all[0].updated_by == "claude");
  CHECK(f.mine([](Tx& tx) { return CalendarStore{tx}.remove(kMine, "holidays"); }));
  CHECK_FALSE(f.mine([](Tx& tx) { return CalendarStore{tx}.remove(kMine, "holidays"); }));
}

TEST_CASE("the users of a calendar are found by the names that their rows carry", "[store][calendar_store]") {
  RepositoryFixture f;
  f.task({.name = "a"});
  f.task({.name = "b"});
  f.database.run("UPDATE carillon.task SET calendars = '{x,holidays}' WHERE name = 'b'");
  const auto users = f.mine([](Tx& tx) { return CalendarStore{tx}.users(kMine, "holidays"); });
  REQUIRE(users.size() == 1);
  CHECK(users[0].name == "b");
  CHECK(users[0].living);
}

TEST_CASE("another tenant's calendars are not seen", "[store][calendar_store]") {
  RepositoryFixture f;
  f.mine([](Tx& tx) { CalendarStore{tx}.save(kMine, kHolidays); });
  CHECK(f.only_for_its_owner([](Tx& tx, const TenantId& tenant) { return !CalendarStore{tx}.list(tenant).empty(); }));
}
