// /metrics: the registry of server/base/metrics.h in Prometheus' text format (exposition format 0.0.4), rendered by
// prometheus-cpp. Served without a credential only on loopback, like /health. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "transport/http_handler.h"

namespace carillon::web {

std::string metrics_page();
// `refresh` sets the gauges that nobody keeps up to date by itself (pools, connections), just before a page is made.
transport::HttpRoute metrics_route(std::function<void()> refresh);

}  // namespace carillon::web
