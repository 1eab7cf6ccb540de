// Metrics: numbers that the rooms report and /metrics shows (docs/metrics.md lists every one).
//
//   metrics::count("carillon_runs_total", {{"outcome", "succeeded"}}, 12);
//   metrics::gauge("carillon_runs_in_flight", {}, 3);
//   metrics::observe("carillon_settle_seconds", {}, 0.002);
//
// A registry of this process and nothing more: whoever serves /metrics renders snapshot() with its own library. Labels
// are bounded: beyond kSeriesMax series a name's further ones are all counted under the label values "other".
// Thread-safe; made for batches, not for a call per row in a tight loop.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline constexpr std::size_t kSeriesMax = 200;
// Upper bounds of the buckets; names that end in _seconds take the first list, all others (sizes) the second.
inline constexpr std::array<double, 14> kSecondsBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                          0.1,    0.25,  0.5,    1,     5,    30,    300};
inline constexpr std::array<double, 14> kSizeBounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 65536};

void count(std::string_view name, Labels labels = {}, double n = 1);
void gauge(std::string_view name, Labels labels, double value);
void observe(std::string_view name, Labels labels, double value);
void observe(std::string_view name, Labels labels, const std::vector<double>& values);  // of one batch

enum class Kind { counter, gauge, histogram };

struct Series {
  std::map<std::string, std::string> labels;
  double value = 0;                    // counter and gauge
  std::vector<std::uint64_t> buckets;  // histogram: counts per bound (not cumulative), the last one is above all bounds
  double sum = 0;
  std::uint64_t observations = 0;
};

struct Family {
  std::string name;
  Kind kind = Kind::counter;
  std::vector<Series> series;
};

// Everything known now, sorted by name.
std::vector<Family> snapshot();
// The value of one counter or gauge; 0 when it was never touched. For tests and health.
double value_of(std::string_view name, Labels labels = {});

}  // namespace carillon::metrics
