#include "server/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/base/mask.h"

namespace carillon::log {
namespace {

struct Settings {
  std::string service = "carillon";
  Level least = Level::info;
};

Guarded<Settings>& settings() {
  static Guarded<Settings> instance;
  return instance;
}

spdlog::logger& sink() {
  static spdlog::logger logger = [] {
    spdlog::logger made{"carillon", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    made.set_pattern("%v");
    made.set_level(spdlog::level::trace);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

thread_local std::string thread_context = "{}";

constexpr std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

}  // namespace

void configure(std::string_view service, Level least) {
  settings().with([&](Settings& s) { s = {std::string{service}, least}; });
}

void write(Level level, std::string_view message, const json& context) {
  const Settings now = settings().with([](const Settings& s) { return s; });
  if (level < now.least) return;
  json ctx = json::parse(thread_context);
  if (context.is_object()) ctx.update(context);
  const ordered_json line{{"level", name_of(level)},
                          {"ts", to_rfc3339(SystemClock{}.now())},
                          {"service", now.service},
                          {"msg", message},
                          {"ctx", ordered_json::parse(ctx.dump(-1, ' ', false, json::error_handler_t::replace))}};
  sink().info("{}", mask_secrets(line.dump(-1, ' ', false, ordered_json::error_handler_t::replace)));
}

void debug(std::string_view message) { write(Level::debug, message, json::object()); }
void info(std::string_view message) { write(Level::info, message, json::object()); }
void warn(std::string_view message) { write(Level::warn, message, json::object()); }
void error(std::string_view message) { write(Level::error, message, json::object()); }
void debug(std::string_view message, const json& context) { write(Level::debug, message, context); }
void info(std::string_view message, const json& context) { write(Level::info, message, context); }
void warn(std::string_view message, const json& context) { write(Level::warn, message, context); }
void error(std::string_view message, const json& context) { write(Level::error, message, context); }

Context::Context(const json& members) : before_(thread_context) {
  json merged = json::parse(thread_context);
  merged.update(members);
  thread_context = merged.dump(-1, ' ', false, json::error_handler_t::replace);
}

Context::~Context() { thread_context = before_; }

}  // namespace carillon::log
