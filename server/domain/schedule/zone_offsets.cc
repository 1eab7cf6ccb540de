#include "server/domain/schedule/zone_offsets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace carillon {

std::optional<Seconds> ZoneOffsets::at(const std::string& zone, Instant instant) const {
  const auto found = zones.find(zone);
  if (found == zones.end() || instant >= end) return std::nullopt;
  const auto& spans = found->second;
  const auto after = std::find_if(spans.begin(), spans.end(), [&](const Since& span) { return span.begin > instant; });
  if (after == spans.begin()) return std::nullopt;
  return std::prev(after)->offset;
}

ZoneOffsets zone_offsets(UtcSeconds begin, UtcSeconds end) {
  ZoneOffsets offsets;
  offsets.end = end;
  for (const auto& name : zone_names()) {
    const auto zone = Zone::named(name);
    if (!zone) continue;
    auto& spans = offsets.zones[name];
    for (UtcSeconds at = begin; at < end;) {
      const OffsetSpan span = zone->span_at(at);
      spans.push_back({at, span.offset});
      at = std::max(span.end, at + Seconds{1});
    }
  }
  return offsets;
}

json to_json(const ZoneOffsets& offsets) {
  json zones = json::object();
  for (const auto& [name, spans] : offsets.zones)
    for (const auto& span : spans) zones[name].push_back({span.begin.time_since_epoch().count(), span.offset.count()});
  return {{"end", offsets.end.time_since_epoch().count()}, {"zones", std::move(zones)}};
}

ZoneOffsets zone_offsets_from_json(const json& stored) {
  ZoneOffsets offsets;
  if (!stored.is_object() || !stored.contains("zones") || !stored["zones"].is_object()) return offsets;
  offsets.end = UtcSeconds{Seconds{stored.value("end", std::int64_t{0})}};
  for (const auto& [name, spans] : stored["zones"].items())
    for (const auto& span : spans)
      if (span.is_array() && span.size() == 2 && span[0].is_number_integer() && span[1].is_number_integer())
        offsets.zones[name].push_back(
            {UtcSeconds{Seconds{span[0].get<std::int64_t>()}}, Seconds{span[1].get<std::int64_t>()}});
  return offsets;
}

Instant same_local_time(Instant slot, Seconds offset_then, const Zone& zone) {
  const auto whole = std::chrono::floor<Seconds>(slot);
  const LocalReading reading = zone.read(LocalSeconds{whole.time_since_epoch() + offset_then});
  const bool is_second = reading.kind == LocalReading::Kind::overlap && reading.second == whole;
  return (is_second ? reading.second : reading.first) + (slot - whole);
}

}  // namespace carillon
