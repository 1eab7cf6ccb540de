#include "tools/event_answers.h"

#include <cstdio>

#include "server/domain/moment.h"
#include "tools/render.h"

namespace carillon::tools {
namespace {

constexpr int kPayloadConcise = 300;
constexpr int kPayloadDetailed = 2'000;

// Whole payloads as JSON, longer ones as their beginning.
ordered_json payload_of(const EventRow& event) {
  if (event.payload_bytes <= static_cast<std::int64_t>(event.payload.size())) {
    ordered_json whole = ordered_json::parse(event.payload, nullptr, false);
    if (!whole.is_discarded()) return whole;
  }
  return extract(event.payload, event.payload.size()).text + "…";
}

ordered_json event_row(const EventRow& event, const EventPage& page, Format format) {
  ordered_json facts{{"event", event.event}, {"event_id", std::to_string(event.event_id)}};
  facts["at"] = say_time(event.at, page.zone, page.now);
  add(facts, "key", event.key);
  if (event.payload_bytes > 2) facts["payload"] = payload_of(event);
  add(facts, "set_off", event.tasks);
  if (format == Format::concise) return facts;
  facts["source"] = event.source;
  add(facts, "cause", event.cause);
  facts["payload_bytes"] = event.payload_bytes;
  return facts;
}

ordered_json waiting_row(const EventWaiter& waiter) {
  ordered_json facts{{"task", waiter.task}, {"state", waiter.state}, {"when", waiter.reads}};
  if (!waiter.webhook.empty()) facts["address"] = "/hooks/" + waiter.webhook;
  return facts;
}

}  // namespace

int payload_bytes_shown(Format format) { return format == Format::concise ? kPayloadConcise : kPayloadDetailed; }

Answer answer(const EventPublished& published) {
  ordered_json facts{{"event", published.event}, {"event_id", std::to_string(published.event_id)}};
  if (published.duplicate_of) {
    facts["duplicate_of"] = std::to_string(*published.duplicate_of);
    return tell(facts);
  }
  facts["set_off"] = published.tasks;
  if (!published.runs.empty()) facts["woken"] = published.runs;
  add(facts, "warnings", published.problems);
  return tell(facts);
}

Answer answer(const EventPage& page, Format format) {
  ordered_json facts{{"events", ordered_json::array()}};
  std::string text;
  for (const EventRow& event : page.events) {
    facts["events"].push_back(event_row(event, page, format));
    text += render_row(facts["events"].back(), {"event", "at"}) + "\n";
  }
  if (page.events.empty()) text = "no such events\n";
  for (const EventWaiter& waiter : page.waiting) {
    facts["waiting"].push_back(waiting_row(waiter));
    text += "waits: " + render_row(facts["waiting"].back(), {"task", "state", "when"}) + "\n";
  }
  if (page.next_cursor) {
    facts["next_cursor"] = *page.next_cursor;
    text += "more with cursor " + *page.next_cursor + ", fewer with event or since\n";
  }
  text.pop_back();
  return {.structured = json(facts), .text = text};
}

}  // namespace carillon::tools
