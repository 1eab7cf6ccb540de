#include "server/base/metrics.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/guarded.h"

namespace carillon::metrics {
namespace {

using LabelMap = std::map<std::string, std::string>;

struct KnownFamily {
  Kind kind = Kind::counter;
  std::map<LabelMap, Series> series;
};
using Registry = std::map<std::string, KnownFamily, std::less<>>;

Guarded<Registry>& registry() {
  static Guarded<Registry> instance;
  return instance;
}

LabelMap to_map(Labels labels) {
  LabelMap map;
  for (const auto& [name, value] : labels) map.emplace(name, value);
  return map;
}

const std::array<double, 14>& bounds_of(std::string_view name) {
  constexpr std::string_view seconds = "_seconds";
  const bool timed = name.size() > seconds.size() && name.substr(name.size() - seconds.size()) == seconds;
  return timed ? kSecondsBounds : kSizeBounds;
}

Series& series_of(Registry& known, std::string_view name, Kind kind, Labels labels) {
  auto family = known.find(name);
  if (family == known.end()) family = known.emplace(std::string{name}, KnownFamily{kind, {}}).first;
  CARILLON_CHECK(family->second.kind == kind);
  LabelMap map = to_map(labels);
  auto& all = family->second.series;
  if (all.size() >= kSeriesMax && !all.contains(map))
    for (auto& [label, value] : map) value = "other";
  auto& series = all[map];
  if (series.labels.empty()) series.labels = std::move(map);
  return series;
}

}  // namespace

void count(std::string_view name, Labels labels, double n) {
  registry().with([&](Registry& known) { series_of(known, name, Kind::counter, labels).value += n; });
}

void gauge(std::string_view name, Labels labels, double value) {
  registry().with([&](Registry& known) { series_of(known, name, Kind::gauge, labels).value = value; });
}

void observe(std::string_view name, Labels labels, double value) { observe(name, labels, std::vector<double>{value}); }

void observe(std::string_view name, Labels labels, const std::vector<double>& values) {
  if (values.empty()) return;
  const auto& bounds = bounds_of(name);
  registry().with([&](Registry& known) {
    Series& series = series_of(known, name, Kind::histogram, labels);
    series.buckets.resize(bounds.size() + 1);
    for (const double value : values) {
      ++series
            .buckets[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin())];
      series.sum += value;
    }
    series.observations += values.size();
  });
}

std::vector<Family> snapshot() {
  return registry().with([](const Registry& known) {
    std::vector<Family> families;
    for (const auto& [name, family] : known) {
      families.push_back({name, family.kind, {}});
      for (const auto& [labels, series] : family.series) families.back().series.push_back(series);
    }
    return families;
  });
}

double value_of(std::string_view name, Labels labels) {
  return registry().with([&](const Registry& known) {
    const auto family = known.find(name);
    if (family == known.end()) return 0.0;
    const auto series = family->second.series.find(to_map(labels));
    return series == family->second.series.end() ? 0.0 : series->second.value;
  });
}

}  // namespace carillon::metrics
