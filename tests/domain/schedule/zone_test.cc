// Zones against the C library, which reads the same database by code of its own.
#include "server/domain/schedule/zone.h"

#include <time.h>

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace carillon;

namespace {

// Sets TZ for as long as it lives. Tests run one after the other.
class WithTimeZone {
 public:
  explicit WithTimeZone(const std::string& name) {
    const char* before = std::getenv("TZ");
    if (before != nullptr) before_ = before;
    ::setenv("TZ", name.c_str(), 1);
    ::tzset();
  }
  WithTimeZone(const WithTimeZone&) = delete;
  WithTimeZone& operator=(const WithTimeZone&) = delete;
  ~WithTimeZone() {
    if (before_) ::setenv("TZ", before_->c_str(), 1);
    if (!before_) ::unsetenv("TZ");
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
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
    CHECK(machine_zone() == "Asia/Tokyo");
    CHECK(Zone::named("local")->name() == "Asia/Tokyo");
  }
  const WithTimeZone colon{":America/New_York"};
  CHECK(Zone::named("LOCAL")->name() == "America/New_York");
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
  CHECK(refresh_tzdata() == TzdataChange::same);
  CHECK_FALSE(tzdata_version().empty());
}
