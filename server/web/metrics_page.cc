#include "server/web/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "server/base/metrics.h"

namespace carillon::web {
namespace {

prometheus::MetricType type_of(metrics::Kind kind) {
  switch (kind) {
    case metrics::Kind::counter:
      return prometheus::MetricType::Counter;
    case metrics::Kind::gauge:
      return prometheus::MetricType::Gauge;
    case metrics::Kind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram histogram(const std::string& name, const metrics::Series& series) {
  prometheus::ClientMetric::Histogram made;
  made.sample_count = series.observations;
  made.sample_sum = series.sum;
  const auto& bounds = name.ends_with("_seconds") ? metrics::kSecondsBounds : metrics::kSizeBounds;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    cumulative += series.buckets[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    made.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
  }
  return made;
}

prometheus::ClientMetric client_metric(const metrics::Family& family, const metrics::Series& series) {
  prometheus::ClientMetric made;
  for (const auto& [name, value] : series.labels) made.label.push_back({.name = name, .value = value});
  if (family.kind == metrics::Kind::counter) made.counter.value = series.value;
  if (family.kind == metrics::Kind::gauge) made.gauge.value = series.value;
  if (family.kind == metrics::Kind::histogram) made.histogram = histogram(family.name, series);
  return made;
}

}  // namespace

std::string metrics_page() {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& family : metrics::snapshot()) {
    prometheus::MetricFamily made{.name = family.name, .help = "", .type = type_of(family.kind), .metric = {}};
    for (const auto& series : family.series) made.metric.push_back(client_metric(family, series));
    families.push_back(std::move(made));
  }
  return prometheus::TextSerializer{}.Serialize(families);
}

transport::HttpRoute metrics_route(std::function<void()> refresh) {
  return {.method = "GET",
          .path = "/metrics",
          .access = transport::Access::open,
          .handle = [refresh](transport::HttpRequest, std::shared_ptr<transport::HttpReply> reply) {
            refresh();
            reply->send({.status = 200, .content_type = "text/plain; version=0.0.4", .body = metrics_page()});
          }};
}

}  // namespace carillon::web
