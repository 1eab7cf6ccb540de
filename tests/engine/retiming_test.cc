#include "server/engine/retiming.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;
namespace fs = std::filesystem;

namespace {

// A zone database of the test's own, in which Europe/Berlin keeps the rules of whichever zone it is told to. Those that
// are looked up afterwards follow it; the end of the test goes back to the machine's.
class Tzdata {
 public:
  Tzdata() {
    fs::create_directories(folder_ / "Europe");
    fs::create_directories(folder_ / "Asia");
    fs::copy_file("/usr/share/zoneinfo/Asia/Tokyo", folder_ / "Asia/Tokyo", fs::copy_options::overwrite_existing);
    berlin_is("Europe/Berlin");
    ::setenv("TZDIR", folder_.c_str(), 1);
    refresh_tzdata();
  }
  ~Tzdata() {
    ::unsetenv("TZDIR");
    refresh_tzdata();
    fs::remove_all(folder_);
  }

  // A package of a version that no test has had before: what is loaded of a version stays loaded.
  void berlin_is(const std::string& zone) {
    fs::copy_file(fs::path{"/usr/share/zoneinfo"} / zone, folder_ / "Europe/Berlin",
                  fs::copy_options::overwrite_existing);
    static int version = 0;
    name_ = "2999" + std::to_string(++version);
    std::ofstream{folder_ / "tzdata.zi"} << "# version " << name_
                                         << "\nZ Europe/Berlin 1 E CE%sT\nZ Asia/Tokyo 9 - JST\n";
  }
  const std::string& name() const { return name_; }

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("carillon-retiming-" + std::to_string(::getpid()));
  std::string name_;
};

struct Machine {  // in Berlin, wherever the tests run
  explicit Machine(const char* zone = "Europe/Berlin") { set(zone); }
  ~Machine() {
    ::unsetenv("TZ");
    refresh_machine_zone();
  }
  static void set(const char* zone) {
    ::setenv("TZ", zone, 1);
    refresh_machine_zone();
  }
};

struct RetimingFixture : EngineFixture {
  RetimingFixture() {
    database.run(
        "INSERT INTO carillon.shard_owner (shard, owner, epoch, expires_at) SELECT s, 'me', 1, 'infinity' FROM "
        "generate_series(0, 15) s ON CONFLICT (shard) DO UPDATE SET owner = 'me', epoch = 1, expires_at = 'infinity'");
    run();  // the shards are marked
  }

  // Another process each time: what it knows of the past is in the database.
  void run(const std::string& owner = "me") {
    Retiming retiming{{store, clock, tools, worker, ids}, engine.watch(), owner, {.settled = Duration{0}}};
    while (retiming.run_once()) {
    }
  }
  std::string next(const std::string& task) const { return slot(task, "next_fire_at"); }
  std::string last(const std::string& task) const { return slot(task, "last_slot"); }
  // The scheduler has fired that slot.
  void fired(const std::string& task, const std::string& slot, const std::string& next_slot) {
    database.run("UPDATE carillon.schedule_state SET last_slot = '" + slot + "', next_fire_at = '" + next_slot +
                 "' WHERE task_id = (SELECT task_id FROM carillon.task WHERE name = '" + task + "')");
    also_fired(task, slot);
  }
  void also_fired(const std::string& task, const std::string& slot) {
    database.run("INSERT INTO carillon.run_slot (tenant_id, task_id, slot, run_id) SELECT tenant_id, task_id, '" +
                 slot + "', 1 FROM carillon.task WHERE name = '" + task + "'");
  }

  Machine machine;
  Tzdata tzdata;

 private:
  std::string slot(const std::string& task, const std::string& column) const {
    return database.ask("SELECT to_char(" + column +
                        " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM carillon.schedule_state JOIN carillon.task "
                        "USING (tenant_id, task_id) WHERE name = '" +
                        task + "'");
  }
};

constexpr char kDaily[] = R"({"name":"daily","when":"every day at 09:00","timezone":"Europe/Berlin","message":"x"})";

}  // namespace

TEST_CASE("new tzdata moves the next slots of its zones and of no others and tells the owner once",
          "[engine][retiming]") {
  RetimingFixture f;
  f.scheduled(kDaily);
  f.scheduled(R"({"name":"tokyo","when":"every day at 09:00","timezone":"Asia/Tokyo","message":"x"})");
  f.scheduled(R"({"name":"often","when":"every 15m","timezone":"Europe/Berlin","message":"x"})");
  const std::string tokyo = f.next("tokyo"), often = f.next("often");
  REQUIRE(f.next("daily") == "2026-11-21 08:00");

  const std::string before = f.tzdata.name();
  f.tzdata.berlin_is("Europe/Helsinki");
  f.run();
  CHECK(f.next("daily") == "2026-11-21 07:00");
  CHECK(f.next("tokyo") == tokyo);
  CHECK(f.next("often") == often);
  CHECK(f.count("outbox WHERE event_type = 'task.retimed'") == 1);
  CHECK(f.count("audit WHERE action = 'retime' AND actor = 'carillon'") == 1);
  CHECK_FALSE(f.worker.take().schedules.empty());

  CHECK(f.engine.get_status(f.caller("helper"))->retimed.empty());  // it is the owner's task
  CHECK(f.engine.get_status(f.caller(), StatusUse::looked)->retimed.size() == 1);
  const auto told = f.engine.get_status(f.caller())->retimed;
  REQUIRE(told.size() == 1);
  CHECK(told[0].task == "daily");
  CHECK(told[0].was == f.at("2026-11-21T08:00:00Z"));
  CHECK(told[0].next == f.at("2026-11-21T07:00:00Z"));
  CHECK(told[0].reason == "tzdata " + before + " became " + f.tzdata.name());
  CHECK(f.engine.get_status(f.caller())->retimed.empty());  // it has been told

  f.run();
  CHECK(f.count("outbox WHERE event_type = 'task.retimed'") == 1);
}

TEST_CASE("another zone of the machine moves the tasks in the zone local alone", "[engine][retiming]") {
  RetimingFixture f;
  f.scheduled(kDaily);
  f.scheduled(R"({"name":"mine","when":"every day at 09:00","timezone":"local","message":"x"})");
  REQUIRE(f.next("mine") == "2026-11-21 08:00");
  f.machine.set("Asia/Tokyo");
  f.run();
  CHECK(f.next("mine") == "2026-11-21 00:00");
  CHECK(f.next("daily") == "2026-11-21 08:00");
  const auto told = f.engine.get_status(f.caller())->retimed;
  REQUIRE(told.size() == 1);
  CHECK(told[0].reason == "the machine's zone was Europe/Berlin and is Asia/Tokyo");
}

TEST_CASE("a slot that has fired does not come again on a day whose clock was set back", "[engine][retiming]") {
  RetimingFixture f;
  f.set_now("2026-11-20T08:30:00Z");
  f.scheduled(kDaily);
  f.fired("daily", "2026-11-20 08:00Z", "2026-11-21 08:00Z");
  f.tzdata.berlin_is("Europe/London");  // 09:00 is 09:00 UTC, half an hour from now
  f.run();
  CHECK(f.next("daily") == "2026-11-21 09:00");
  CHECK(f.last("daily") == "2026-11-20 09:00");
  // A process that died before it marked the shard leaves it to the next one, which does nothing twice.
  f.database.run("UPDATE carillon.zone_mark SET tzdata = (SELECT min(tzdata) FROM carillon.zone_release)");
  f.run();
  CHECK(f.last("daily") == "2026-11-20 09:00");
}

TEST_CASE("a slot that a clock set forward has jumped over is due and not lost", "[engine][retiming]") {
  RetimingFixture f;
  f.set_now("2026-11-20T08:05:00Z");
  f.scheduled(R"({"name":"two","when":"every day at 09:00 and 09:30","timezone":"Europe/Berlin","message":"x"})");
  f.fired("two", "2026-11-20 08:00Z", "2026-11-20 08:30Z");
  f.tzdata.berlin_is("Europe/Helsinki");  // 09:30 was 07:30 UTC
  f.run();
  CHECK(f.next("two") == "2026-11-20 07:30");
}

TEST_CASE("a grid of hours goes on through a change by whole hours", "[engine][retiming]") {
  RetimingFixture f;
  f.set_now("2026-11-20T08:05:00Z");
  f.scheduled(R"({"name":"hourly","when":"cron 0 * * * *","timezone":"Europe/Berlin","message":"x"})");
  f.fired("hourly", "2026-11-20 08:00Z", "2026-11-20 09:00Z");
  f.tzdata.berlin_is("Europe/London");
  f.run();
  CHECK(f.last("hourly") == "2026-11-20 08:00");
  CHECK(f.next("hourly") == "2026-11-20 09:00");
}

TEST_CASE("there is no way back behind slots that have fired", "[engine][retiming]") {
  RetimingFixture f;
  f.set_now("2026-11-20T08:35:00Z");
  f.scheduled(R"({"name":"two","when":"every day at 09:10 and 09:30","timezone":"Europe/Berlin","message":"x"})");
  f.fired("two", "2026-11-20 08:30Z", "2026-11-21 08:10Z");
  f.also_fired("two", "2026-11-20 08:10Z");
  f.tzdata.berlin_is("Europe/Helsinki");
  f.run();
  CHECK(f.last("two") == "2026-11-20 08:30");
  CHECK(f.next("two") == "2026-11-21 07:10");
}

TEST_CASE("a task that has never fired is counted from the instant at which it was made", "[engine][retiming]") {
  RetimingFixture f;
  f.set_now("2026-11-20T08:30:00Z");
  f.scheduled(R"({"name":"daily","when":"cron 0 9 * * *","timezone":"Europe/Berlin","message":"x"})");
  REQUIRE(f.next("daily") == "2026-11-21 08:00");
  f.tzdata.berlin_is("Europe/London");
  f.run();
  CHECK(f.next("daily") == "2026-11-20 09:00");  // today's is still to come
}

TEST_CASE("only the owner of a shard computes its slots anew", "[engine][retiming]") {
  RetimingFixture f;
  f.scheduled(kDaily);
  f.tzdata.berlin_is("Europe/Helsinki");
  f.database.run("UPDATE carillon.shard_owner SET owner = 'other'");
  f.run();  // not ours to change
  CHECK(f.next("daily") == "2026-11-21 08:00");
  f.run("other");
  CHECK(f.next("daily") == "2026-11-21 07:00");
}

TEST_CASE("a zone database that is being replaced is left alone until it is whole", "[engine][retiming]") {
  RetimingFixture f;
  f.scheduled(kDaily);
  f.tzdata.berlin_is("Europe/Helsinki");
  Retiming careful{
      {f.store, f.clock, f.tools, f.worker, f.ids}, f.engine.watch(), "me", {.settled = std::chrono::hours{1}}};
  CHECK_FALSE(careful.run_once());
  CHECK(f.next("daily") == "2026-11-21 08:00");
  f.run();
  CHECK(f.next("daily") == "2026-11-21 07:00");
}
