// Events that others tell us: publish_event, deliveries to webhooks, and the question list_events.
//
// An event is a fact with a type (words joined by dots) and a payload. Telling it sets off every task that waits for it
// (`on event deploy.* where …`), each once. With a key, its teller's own name for it, a second telling is recognised as
// long as the event is kept (retention.events), whoever tells it. Values only. JSON: answers_json.h.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/engine/command.h"
#include "server/store/webhook_store.h"

namespace carillon {

inline constexpr std::size_t kEventPayloadBytesMax = 1024 * 1024;
inline constexpr std::size_t kEventKeyBytesMax = 200;

struct PublishEvent {
  CommandKey key{};
  std::string event{};  // its type
  json payload = json::object();
  std::optional<std::string> event_key{};
  std::optional<RunId> told_by{};  // the run whose call this is, as the caller's trace says; checked against the trace
};

struct EventPublished {
  std::string event{};
  std::int64_t event_id = 0;
  std::optional<std::int64_t> duplicate_of{};  // then nothing was written
  std::vector<std::string> tasks{};            // that it sets off, by id; a paused one leaves a row
  std::vector<std::string> runs{};             // that waited for it and go on, by handle
  std::vector<std::string> problems{};         // of tasks whose `where` could not be evaluated: they leave a row
  Instant at{};
};

// What came to the address of a task, signed.
struct WebhookEvent {
  std::string id{};  // the delivery's: a second one with it is the same
  json payload = nullptr;
  std::optional<RunId> told_by{};  // as of PublishEvent
};

struct RefusedWebhook {
  std::string delivery{};  // its id, as it says
  std::string why{};       // missing, stale, wrong
};

struct ListEvents {
  std::optional<std::string> event{};  // a type or a pattern
  std::optional<std::string> since{};  // a moment
  int limit = 10;
  int payload_bytes = 0;  // that are shown of each
  std::optional<std::string> cursor{};
};

struct EventRow {
  std::int64_t event_id = 0;
  std::string event{};
  std::string key{};
  std::string payload{};  // JSON, or its beginning
  std::int64_t payload_bytes = 0;
  std::string source{};  // agent:owner
  std::string cause{};   // run:123
  Instant at{};
  std::vector<std::string> tasks{};  // that it set off
};

struct EventWaiter {
  std::string task{};
  std::string state{};
  std::string reads{};    // on event deploy.*
  std::string webhook{};  // the id of its address
};

struct EventPage {
  std::vector<EventRow> events{};      // the last first
  std::vector<EventWaiter> waiting{};  // tasks that such events set off; on the first page
  std::optional<std::string> next_cursor{};
  std::string zone{};
  Instant now{};
};

}  // namespace carillon
