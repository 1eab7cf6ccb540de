// /metrics: the registry of server/base/metrics.h in Prometheus' text format (exposition format 0.0.4), rendered by
// prometheus-cpp. Served without a credential only on loopback, like /health. Thread-safe.
#pragma once

#include <string>

#include "transport/http_handler.h"

namespace carillon::web {

std::string metrics_page();
transport::HttpRoute metrics_route();

}  // namespace carillon::web
