#include "server/domain/schedule/zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <cctz/zone_info_source.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "server/base/ascii.h"
#include "server/base/guarded.h"
#include "server/domain/nearest.h"
#include "server/domain/schedule/tzdata.h"

// Zones are asked of cctz as "<version>|<name>": what it caches for ever is then a zone of one version.
namespace cctz_extension {
namespace {
std::unique_ptr<cctz::ZoneInfoSource> read_versioned(
    const std::string& name,
    const std::function<std::unique_ptr<cctz::ZoneInfoSource>(const std::string&)>& read_file) {
  const auto bar = name.find('|');
  return read_file(bar == std::string::npos ? name : name.substr(bar + 1));
}
}  // namespace
ZoneInfoSourceFactory zone_info_source_factory = read_versioned;
}  // namespace cctz_extension

namespace carillon {

struct ZoneData {
  std::string name;
  cctz::time_zone zone;
};

namespace {

constexpr UtcSeconds kDawn{Seconds{-(std::int64_t{1} << 40)}};  // before any transition that a rule can meet
constexpr UtcSeconds kDusk{Seconds{std::int64_t{1} << 40}};
constexpr UtcSeconds kListed{
    std::chrono::sys_days{std::chrono::January / 1 / 2400}};  // transitions from here on are made up
constexpr Seconds kTurn{146'097LL * 86'400};  // 400 years: then the calendar, weekdays included, repeats

std::filesystem::path database_folder() {
  const char* folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

// The names and the version of one release, from tzdata.zi ("# version 2026f", "Z name ...", "L target name").
struct Release {
  std::string version = "unknown";
  std::vector<std::string> names;
  std::map<std::string, std::string> canonical;  // by lower case
};

Release read_release() {
  Release release;
  std::ifstream file(database_folder() / "tzdata.zi");
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kVersionLine = "# version ";
    if (line.starts_with(kVersionLine)) release.version = line.substr(kVersionLine.size());
    std::string name;
    if (line.starts_with("Z ")) name = line.substr(2, line.find(' ', 2) - 2);
    if (line.starts_with("L ")) name = line.substr(line.rfind(' ') + 1);
    if (!name.empty() && name != "Factory") release.names.push_back(name);
  }
  release.names.emplace_back("UTC");
  std::sort(release.names.begin(), release.names.end());
  release.names.erase(std::unique(release.names.begin(), release.names.end()), release.names.end());
  for (const auto& name : release.names) release.canonical.emplace(lower_case(name), name);
  return release;
}

// Tells one state of the file from another without reading it.
struct Stamp {
  ino_t file = 0;
  off_t bytes = 0;
  std::int64_t changed = 0;  // ns since 1970: the inode, also by a rename
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

std::optional<Stamp> stamp_release() {
  struct stat status {};
  if (::stat((database_folder() / "tzdata.zi").c_str(), &status) != 0) return std::nullopt;
  return Stamp{status.st_ino, status.st_size, status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec};
}

struct Registry {
  std::vector<std::unique_ptr<Release>>
      releases;  // the last one is current; older ones are kept, their names are in use
  std::map<std::string, std::unique_ptr<const ZoneData>, std::less<>> zones;
  std::optional<Stamp> stamp;  // of the file that the current release was read from
  std::string machine;         // empty until somebody asks
};

// The one place that holds what was loaded. Never destroyed: handles may outlive main's statics.
class ZoneRegistry {
 public:
  static ZoneRegistry& instance() {
    static auto* const registry = new ZoneRegistry;
    return *registry;
  }

  const ZoneData* load(std::string_view name) {
    return state_.with([&](Registry& state) -> const ZoneData* {
      const Release& release = current(state);
      const auto canonical = release.canonical.find(lower_case(name));
      if (canonical == release.canonical.end()) return nullptr;
      const std::string key = release.version + "|" + canonical->second;
      if (const auto known = state.zones.find(key); known != state.zones.end()) return known->second.get();
      cctz::time_zone zone = cctz::utc_time_zone();
      if (canonical->second != "UTC" && !cctz::load_time_zone(key, &zone)) return nullptr;
      auto data = std::make_unique<const ZoneData>(ZoneData{canonical->second, zone});
      return state.zones.emplace(key, std::move(data)).first->second.get();
    });
  }

  const Release& release() {
    return state_.with([](Registry& state) -> const Release& { return current(state); });
  }

  ZoneRefresh refresh_release(std::chrono::nanoseconds settled) {
    return state_.with([&](Registry& state) {
      const std::string before = current(state).version;
      const auto stamp = stamp_release();
      if (!stamp || stamp == state.stamp) return ZoneRefresh::same;
      const auto age = std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds{stamp->changed};
      if (age >= std::chrono::nanoseconds{0} && age < settled) return ZoneRefresh::same;
      state.stamp = stamp;
      auto now = std::make_unique<Release>(read_release());
      if (now->version == before) return ZoneRefresh::same;
      state.releases.push_back(std::move(now));
      return ZoneRefresh::changed;
    });
  }

  std::string machine() {
    return state_.with([](const Registry& state) { return state.machine; });
  }
  ZoneRefresh set_machine(std::string name) {
    return state_.with([&](Registry& state) {
      const bool same = state.machine == name || state.machine.empty();
      state.machine = std::move(name);
      return same ? ZoneRefresh::same : ZoneRefresh::changed;
    });
  }

 private:
  static const Release& current(Registry& state) {
    if (state.releases.empty()) {
      state.stamp = stamp_release();
      state.releases.push_back(std::make_unique<Release>(read_release()));
    }
    return *state.releases.back();
  }

  Guarded<Registry> state_;
};

}  // namespace

std::optional<Zone> Zone::named(std::string_view name) {
  const ZoneData* data = ZoneRegistry::instance().load(lower_case(name) == "local" ? machine_zone() : name);
  if (data == nullptr) return std::nullopt;
  return Zone{data};
}

Zone Zone::utc() {
  static const ZoneData data{"UTC", cctz::utc_time_zone()};
  return Zone{&data};
}

const std::string& Zone::name() const { return data_->name; }

Seconds Zone::offset_at(UtcSeconds instant) const {
  return Seconds{data_->zone.lookup(cctz::time_point<cctz::seconds>{instant.time_since_epoch()}).offset};
}

LocalSeconds Zone::to_local(UtcSeconds instant) const {
  return LocalSeconds{instant.time_since_epoch() + offset_at(instant)};
}

LocalReading Zone::read(LocalSeconds local) const {
  const auto found = data_->zone.lookup(cctz::civil_second(1970) + local.time_since_epoch().count());
  const auto instant = [](const cctz::time_point<cctz::seconds>& point) {
    return UtcSeconds{Seconds{point.time_since_epoch().count()}};
  };
  auto kind = LocalReading::Kind::unique;
  if (found.kind == cctz::time_zone::civil_lookup::SKIPPED) kind = LocalReading::Kind::gap;
  if (found.kind == cctz::time_zone::civil_lookup::REPEATED) kind = LocalReading::Kind::overlap;
  return {kind, instant(found.pre), instant(found.trans), instant(found.post)};
}

OffsetSpan Zone::span_at(UtcSeconds instant) const {
  const auto& zone = data_->zone;
  // cctz lists the transitions of a zone's last rule for one turn of the calendar and looks up later instants in that
  // turn; so do we.
  cctz::time_zone::civil_transition latest;
  const cctz::time_point<cctz::seconds> now{instant.time_since_epoch()};
  if (instant >= kListed && !zone.next_transition(now, &latest) &&
      zone.prev_transition(now + cctz::seconds(1), &latest)) {
    const UtcSeconds last{Seconds{zone.lookup(latest.to).trans.time_since_epoch().count()}};
    if (last >= kListed) {
      const Seconds back = ((instant - last) / kTurn + 1) * kTurn;
      const OffsetSpan then = span_at(instant - back);
      return {then.begin + back, then.end + back, then.offset};
    }
  }
  const cctz::time_point<cctz::seconds> point{instant.time_since_epoch()};
  const auto change_at = [&](const cctz::time_zone::civil_transition& change) {
    return UtcSeconds{Seconds{zone.lookup(change.to).trans.time_since_epoch().count()}};
  };
  OffsetSpan span{kDawn, kDusk, Seconds{zone.lookup(point).offset}};
  cctz::time_zone::civil_transition change;
  if (zone.next_transition(point, &change)) span.end = change_at(change);
  if (zone.prev_transition(point + cctz::seconds(1), &change)) span.begin = change_at(change);
  return span;
}

bool is_zone(std::string_view name) { return Zone::named(name).has_value(); }

const std::vector<std::string>& zone_names() { return ZoneRegistry::instance().release().names; }

std::vector<std::string> nearest_zones(std::string_view name, std::size_t limit) {
  // People know the city, not the continent: "berlin" and "Berlin" mean Europe/Berlin.
  std::vector<std::string> found;
  const std::string wanted = "/" + lower_case(name);
  for (const auto& zone : zone_names())
    if (found.size() < limit && lower_case(zone).ends_with(wanted)) found.push_back(zone);
  for (auto& zone : nearest(name, zone_names(), limit))
    if (found.size() < limit && std::find(found.begin(), found.end(), zone) == found.end())
      found.push_back(std::move(zone));
  if (!found.empty()) return found;
  std::vector<std::string> cities;
  for (const auto& zone : zone_names()) cities.push_back(zone.substr(zone.rfind('/') + 1));
  for (const auto& city : nearest(name, cities, limit))
    found.push_back(
        zone_names()[static_cast<std::size_t>(std::find(cities.begin(), cities.end(), city) - cities.begin())]);
  return found;
}

Result<Zone> find_zone(std::string_view name, std::string_view pointer) {
  if (const auto zone = Zone::named(name)) return *zone;
  Error error{ErrorCode::unknown_zone, "there is no time zone \"" + std::string(name.substr(0, 100)) + "\"",
              std::string(pointer)};
  error.received = name.substr(0, 100);
  const auto candidates = nearest_zones(name.substr(0, 100));
  error.message +=
      candidates.empty() ? "; give an IANA name such as \"Europe/Berlin\", or \"local\"" : did_you_mean(candidates);
  error.try_instead = candidates.empty() ? json::array({"Europe/Berlin", "UTC", "local"}) : json(candidates);
  return error;
}

namespace {

std::string find_machine_zone() {
  const auto known = [](std::string_view name) { return ZoneRegistry::instance().load(name) != nullptr; };
  if (const char* variable = std::getenv("TZ"); variable != nullptr) {
    std::string_view name = variable;
    if (name.starts_with(':')) name.remove_prefix(1);
    if (known(name)) return std::string(name);
  }
  std::error_code ignored;  // no such link is an answer, not a failure
  const std::string target = std::filesystem::read_symlink("/etc/localtime", ignored).string();
  if (const auto at = target.find("zoneinfo/"); at != std::string::npos && known(target.substr(at + 9)))
    return target.substr(at + 9);
  std::ifstream file("/etc/timezone");
  std::string name;
  if (std::getline(file, name) && known(name)) return name;
  return "UTC";
}

}  // namespace

std::string machine_zone() {
  std::string known = ZoneRegistry::instance().machine();
  if (!known.empty()) return known;
  refresh_machine_zone();
  return ZoneRegistry::instance().machine();
}

ZoneRefresh refresh_machine_zone() { return ZoneRegistry::instance().set_machine(find_machine_zone()); }

std::string tzdata_version() { return ZoneRegistry::instance().release().version; }

ZoneRefresh refresh_tzdata() { return refresh_settled_tzdata({}); }

ZoneRefresh refresh_settled_tzdata(std::chrono::microseconds settled) {
  return ZoneRegistry::instance().refresh_release(settled);
}

}  // namespace carillon
