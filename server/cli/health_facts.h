// What this process knows of its own health, gathered from the rooms for /health, `status` and `doctor`.
//
// Facts of the database are asked at most once a second, whoever asks. Thread-safe.
#pragma once

#include <string>

#include "catalog/catalog.h"
#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/store/database.h"
#include "server/store/store.h"
#include "server/web/health.h"
#include "server/worker/worker.h"

namespace carillon::cli {

struct HealthParts {
  Instant started_at;
  const Database& database;
  Store& store;
  const Worker& worker;
  catalog::Catalog& catalog;
};

web::HealthFacts read_health(const HealthParts& parts);

struct Addresses {
  std::string socket;
  std::string http;  // "http://127.0.0.1:8930"; empty: none
};

// {"state", "pid", "version", "http", "mcp", "socket", "database", "problems"}
json status_of(const web::HealthFacts& facts, const Addresses& addresses);

}  // namespace carillon::cli
