// Config: everything that can be set, as one plain struct of the rooms' own option structs.
//
// Loaded by load_config (defaults, then file, environment, flags); written down in docs/configuration.md, which a test
// prints from the table of keys. A value; immutable once loaded.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog_options.h"
#include "config/paths.h"
#include "server/base/log.h"
#include "server/delivery/delivery_options.h"
#include "server/store/retention_options.h"
#include "server/store/store_options.h"
#include "server/worker/worker_options.h"

namespace carillon {

struct LogOptions {
  log::Level level = log::Level::info;
};

struct HttpEndpointOptions {
  std::string listen = "127.0.0.1:8930";      // host:port; port 0 picks a free one; empty: no HTTP
  std::string worker_listen = "127.0.0.1:0";  // of `carillon worker`: /health and /metrics only
  std::string url;                 // how others reach it: "https://carillon.example.com"; empty: as it listens
  bool insecure_loopback = false;  // no bearer token; only on a loopback address
  bool allow_plain_text = false;   // listen beyond loopback without TLS (behind a proxy that has it)
  bool sse = false;                // HTTP+SSE of MCP 2024-11-05 beside the endpoint of today
  std::vector<std::string> names;  // further names that may stand in Host and Origin
  std::size_t body_bytes_max = 10u << 20;
  int connections_max = 2048;
};

struct ToolOptions {
  std::vector<std::string> toolsets;  // which sets are offered; empty: all
  std::string prefix;                 // put before every tool's name
  std::string timezone = "local";     // of callers; local: their front's machine's, else ours
};

// What reaches a host's session without being asked for.
struct SessionOptions {
  bool channel = false;   // of `carillon mcp`: the host shows channel notifications to its model
  int per_hour_max = 20;  // notifications to one agent
};

struct Config {
  Paths paths;
  LogOptions log;
  DatabaseOptions database;
  RetentionOptions retention;
  HttpEndpointOptions http;
  ToolOptions tools;
  SessionOptions session;
  DeliveryOptions delivery;
  CatalogOptions catalog;
  WorkerOptions worker;
};

}  // namespace carillon
