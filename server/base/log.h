// The log: one JSON object a line on stderr, never on stdout (stdout belongs to the protocol in stdio mode).
//
//   {"level":"info","ts":"2026-11-20T13:00:00.123456Z","service":"daemon","msg":"run settled","ctx":{"run":"hello#1"}}
//
// ctx carries correlation_id, tenant, agent, tool, task, run, step where they are known: LogContext puts members into
// every line of its thread while it lives. Every line passes the secret mask (mask.h). Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/json.h"

namespace carillon::log {

enum class Level { debug, info, warn, error };

// Called once by main before threads start: `service` names the process kind (daemon, front, worker, cli).
void configure(std::string_view service, Level least);

void write(Level level, std::string_view message, const json& context);
void debug(std::string_view message);
void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);
void debug(std::string_view message, const json& context);
void info(std::string_view message, const json& context);
void warn(std::string_view message, const json& context);
void error(std::string_view message, const json& context);

// Adds its members to the ctx of every line this thread writes until it is destroyed. Nests.
class Context {
 public:
  explicit Context(const json& members);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  std::string before_;
};

}  // namespace carillon::log
