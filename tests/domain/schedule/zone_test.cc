// Zones against the C library, which reads the same database by code of its own.
#include "server/domain/schedule/zone.h"

#include <time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/domain/schedule/schedule.h"

using namespace carillon;

namespace {

// Sets a variable of the environment for as long as it lives. Tests run one after the other.
class WithVariable {
 public:
  WithVariable(const char* name, const std::string& value) : name_(name) {
    const char* before = std::getenv(name);
    if (before != nullptr) before_ = before;
    ::setenv(name, value.c_str(), 1);
    ::tzset();
  }
  WithVariable(const WithVariable&) = delete;
  WithVariable& operator=(const WithVariable&) = delete;
  ~WithVariable() {
    if (before_) ::setenv(name_, before_->c_str(), 1);
    if (!before_) ::unsetenv(name_);
    ::tzset();
  }

 private:
  const char* const name_;
  std::optional<std::string> before_;
};

class WithTimeZone : WithVariable {
 public:
  explicit WithTimeZone(const std::string& name) : WithVariable("TZ", name) {}
};

std::int64_t offset_by_libc(std::int64_t utc) {
  const auto time = static_cast<time_t>(utc);
  struct tm broken {};
  ::localtime_r(&time, &broken);
  return broken.tm_gmtoff;
}

constexpr std::int64_t k1970 = 0, k2040 = 2'208'988'800;

}  // namespace

TEST_CASE("every zone agrees with the C library at each change of the clock", "[domain][schedule][zone]") {
  std::size_t changes = 0;
  for (const auto& name : zone_names()) {
    const auto zone = Zone::named(name);
    REQUIRE(zone);
    const WithTimeZone libc{name};
    std::string wrong;
    for (std::int64_t at = k1970; at < k2040; ++changes) {
      const OffsetSpan span = zone->span_at(UtcSeconds{Seconds{at}});
      const std::int64_t end = std::min(span.end.time_since_epoch().count(), k2040);
      for (const std::int64_t probe : {at, at + 1, (at + end) / 2, end - 1, end, end + 1})
        if (zone->offset_at(UtcSeconds{Seconds{probe}}).count() != offset_by_libc(probe)) wrong = std::to_string(probe);
      at = end;
    }
    INFO(name << " at " << wrong);
    REQUIRE(wrong.empty());
  }
  CHECK(changes > 20'000);
}

TEST_CASE("local times go to instants and back around each change", "[domain][schedule][zone]") {
  for (const auto& name : zone_names()) {
    const auto zone = Zone::named(name);
    REQUIRE(zone);
    std::string wrong;
    for (std::int64_t at = k1970; at < k2040;) {
      const OffsetSpan span = zone->span_at(UtcSeconds{Seconds{at}});
      at = span.end.time_since_epoch().count();
      for (const std::int64_t probe : {at - 1, at, at + 1}) {
        const UtcSeconds instant{Seconds{probe}};
        const LocalReading reading = zone->read(zone->to_local(instant));
        // An instant's own wall-clock time is never in a gap, and one of its readings is that instant.
        if (reading.kind == LocalReading::Kind::gap || (reading.first != instant && reading.second != instant))
          wrong = std::to_string(probe);
      }
    }
    INFO(name << " at " << wrong);
    REQUIRE(wrong.empty());
  }
}

TEST_CASE("each policy does as it says at each change of the clock", "[domain][schedule][zone]") {
  const auto at_change = [](const std::string& name, LocalSeconds wanted, Instant from, DstGap gap,
                            DstOverlap overlap) {
    RuleTrigger daily{ScheduleKind::rrule, {}, wanted};
    std::vector<Seconds> out;
    for (const auto& slot :
         slots_between({"", name, {{daily, name, gap, overlap}}, {}, {}}, from, from + std::chrono::hours{36}, 9))
      out.push_back(std::chrono::floor<Seconds>(slot.at.time_since_epoch()));
    return out;
  };
  using Seen = std::vector<Seconds>;
  std::size_t gaps = 0, overlaps = 0;
  for (const auto& name : zone_names()) {
    const auto zone = *Zone::named(name);
    const WithTimeZone libc{name};
    for (Seconds at{k1970}; at.count() < k2040;) {
      at = zone.span_at(UtcSeconds{at}).end.time_since_epoch();
      if (at.count() >= k2040) break;
      const Seconds before{offset_by_libc(at.count() - 1)}, after{offset_by_libc(at.count())};
      const Instant from = UtcSeconds{at - std::chrono::hours{24}};
      const LocalSeconds wanted{at + before + (after - before) / 2};  // in the middle of the gap or the overlap
      const Seconds early = wanted.time_since_epoch() - before, late = wanted.time_since_epoch() - after;
      INFO(name << " at " << at.count());
      if (after > before && ++gaps > 0) {
        REQUIRE(at_change(name, wanted, from, DstGap::shift, DstOverlap::both).at(0) == early);
        REQUIRE(at_change(name, wanted, from, DstGap::earliest_after, DstOverlap::both).at(0) == at);
        const auto skipped = at_change(name, wanted, from, DstGap::skip, DstOverlap::both);
        REQUIRE((skipped.empty() || skipped.at(0) > at + std::chrono::hours{11}));
      } else if (after < before && ++overlaps > 0) {
        REQUIRE(at_change(name, wanted, from, DstGap::shift, DstOverlap::first).at(0) == early);
        REQUIRE(at_change(name, wanted, from, DstGap::shift, DstOverlap::second).at(0) == late);
        const auto both = at_change(name, wanted, from, DstGap::shift, DstOverlap::both);
        REQUIRE(Seen(both.begin(), both.begin() + 2) == Seen{early, late});
      }
    }
  }
  CHECK(gaps > 9'000);
  CHECK(overlaps > 9'000);
}

TEST_CASE("times around a change of the clock come in the order in which they are", "[domain][schedule][zone]") {
  const auto [rule, before, expected] = GENERATE(table<std::string, std::string, std::vector<std::string>>({
      // 02:50 falls into the gap and runs as 03:50, after 03:10.
      {"FREQ=DAILY;BYHOUR=2,3;BYMINUTE=10,50;BYSETPOS=2,3",
       "2027-03-28T00:00:00Z",
       {"2027-03-28T01:10:00Z", "2027-03-28T01:50:00Z", "2027-03-29T00:50:00Z"}},
      // The second 02:10 comes after the first 02:30.
      {"FREQ=DAILY;BYHOUR=2;BYMINUTE=10,30",
       "2027-10-31T00:10:00Z",
       {"2027-10-31T00:30:00Z", "2027-10-31T01:10:00Z", "2027-10-31T01:30:00Z"}},
  }));
  const Instant from = *parse_rfc3339(before);
  WhenContext context{from, "Europe/Berlin"};
  context.overlap = DstOverlap::both;
  const auto schedule = parse_when("rrule DTSTART:20270101T000000 " + rule, context);
  REQUIRE(schedule.ok());
  std::vector<std::string> slots;
  for (const auto& slot : next_slots(*schedule, from, 3)) slots.push_back(to_rfc3339(slot.at));
  CHECK(slots == expected);
}

TEST_CASE("the spans of a zone hold far beyond the listed changes", "[domain][schedule][zone]") {
  for (const auto* name :
       {"Australia/Lord_Howe", "Europe/Berlin", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tokyo"})
    for (const int year : {2400, 2437, 2438, 2486, 2490, 3000, 9998}) {
      const auto zone = *Zone::named(name);
      const UtcSeconds begin{std::chrono::sys_days{std::chrono::year{year} / 1 / 1}};
      for (UtcSeconds at = begin; at < begin + std::chrono::days{365}; at += std::chrono::hours{37}) {
        const OffsetSpan span = zone.span_at(at);
        INFO(name << " " << to_rfc3339(at));
        REQUIRE(span.begin <= at);
        REQUIRE(span.end > at);
        REQUIRE(span.offset == zone.offset_at(at));
        REQUIRE(zone.offset_at(span.end - Seconds{1}) == span.offset);
        if (span.begin > begin - std::chrono::days{400}) REQUIRE(zone.offset_at(span.begin) == span.offset);
      }
    }
}

TEST_CASE("a wall-clock time in a gap is read with the offset before it", "[domain][schedule][zone]") {
  const auto zone = Zone::named("Europe/Berlin");
  const LocalSeconds missing{std::chrono::local_days{std::chrono::March / 28 / 2027} + std::chrono::minutes{150}};
  const LocalReading reading = zone->read(missing);
  CHECK(reading.kind == LocalReading::Kind::gap);
  CHECK(zone->to_local(reading.first) - missing == std::chrono::hours{1});
  CHECK(zone->to_local(reading.change) - missing == std::chrono::minutes{30});
}

TEST_CASE("the zone named local follows the machine", "[domain][schedule][zone]") {
  {
    const WithTimeZone tokyo{"Asia/Tokyo"};
    refresh_machine_zone();
    CHECK(refresh_machine_zone() == ZoneRefresh::same);
    CHECK(machine_zone() == "Asia/Tokyo");
    CHECK(Zone::named("local")->name() == "Asia/Tokyo");
  }
  {
    const WithTimeZone colon{":America/New_York"};
    CHECK(machine_zone() == "Asia/Tokyo");  // as it was when it was last looked at
    CHECK(refresh_machine_zone() == ZoneRefresh::changed);
    CHECK(Zone::named("LOCAL")->name() == "America/New_York");
  }
  refresh_machine_zone();
}

TEST_CASE("zone names are found in any case and refused by their nearest", "[domain][schedule][zone]") {
  CHECK(Zone::named("europe/BERLIN")->name() == "Europe/Berlin");
  CHECK(Zone::named("utc")->offset_at(UtcSeconds{}).count() == 0);
  const auto unknown = find_zone("Amerca/New_York");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::unknown_zone);
  CHECK(unknown.error().try_instead.at(0) == "America/New_York");
  CHECK(unknown.error().pointer == "/timezone");
}

TEST_CASE("looking again at an unchanged zone database changes nothing", "[domain][schedule][zone]") {
  CHECK(refresh_tzdata() == ZoneRefresh::same);
  CHECK_FALSE(tzdata_version().empty());
}

TEST_CASE("a new zone database is seen when it is looked for and what was named before stays as it was",
          "[domain][schedule][zone]") {
  namespace fs = std::filesystem;
  const char* const usual = std::getenv("TZDIR");
  const fs::path database = usual != nullptr ? usual : "/usr/share/zoneinfo";
  const fs::path newer = fs::temp_directory_path() / ("carillon_tzdata_" + std::to_string(::getpid()));
  fs::create_directories(newer / "Europe");
  std::ofstream{newer / "tzdata.zi"} << "# version 2999z\nZ Europe/Berlin 9 - JST\nL Europe/Berlin Europe/Bonn\n";
  fs::copy_file(database / "Asia/Tokyo", newer / "Europe/Berlin");  // Berlin has moved
  const std::string version = tzdata_version();
  const auto now = UtcSeconds{std::chrono::sys_days{std::chrono::November / 20 / 2026}};
  const Zone before = *Zone::named("Europe/Berlin");
  {
    const WithVariable moved{"TZDIR", newer.string()};
    CHECK(Zone::named("Europe/Berlin")->offset_at(now) == std::chrono::hours{1});  // nobody has looked yet
    CHECK(refresh_tzdata() == ZoneRefresh::changed);
    CHECK(tzdata_version() == "2999z");
    CHECK(Zone::named("Europe/Berlin")->offset_at(now) == std::chrono::hours{9});
    CHECK_FALSE(Zone::named("America/New_York"));
    CHECK(before.offset_at(now) == std::chrono::hours{1});
  }
  CHECK(refresh_tzdata() == ZoneRefresh::changed);
  CHECK(tzdata_version() == version);
  CHECK(Zone::named("Europe/Berlin")->offset_at(now) == std::chrono::hours{1});
  fs::remove_all(newer);
}
