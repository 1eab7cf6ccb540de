// `carillon when`: what a schedule means, without daemon or database. Text for people, --json for programs, --batch for
// many: a line of JSON in, a line of JSON out (server/domain/schedule/slot_question.h).
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/base/clock.h"
#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/json_lines.h"
#include "server/domain/moment.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_question.h"

namespace carillon::cli {
namespace {

constexpr std::size_t kLineBytesMax = 1 << 20;
constexpr std::size_t kCountDefault = 5, kCountMax = 1000;

struct Asked {
  std::string text;
  WhenContext context;
  std::size_t count = kCountDefault;
};

// ---- one schedule

ordered_json slot_json(const Slot& slot, const Schedule& schedule, Instant now) {
  ordered_json out{{"at", to_rfc3339_in(slot.at, schedule.zone)},
                   {"local", describe_local(slot.at, schedule.zone)},
                   {"distance", describe_distance(slot.at, now)}};
  if (const auto note = describe_note(slot, schedule.zone); !note.empty()) out["note"] = note;
  return out;
}

void print_json(const Asked& asked, const Schedule& schedule, const std::vector<Slot>& slots) {
  ordered_json out{{"kind", name_of(schedule.kind())},
                   {"reads", reads(schedule)},
                   {"timezone", schedule.zone},
                   {"next", ordered_json::array()},
                   {"warnings", schedule_warnings(schedule, asked.context.now)}};
  for (const auto& slot : slots) out["next"].push_back(slot_json(slot, schedule, asked.context.now));
  std::printf("%s\n", out.dump(2).c_str());
}

void print_text(const Asked& asked, const Schedule& schedule, const std::vector<Slot>& slots) {
  std::printf("%s\n%s, %s\n", reads(schedule).c_str(), std::string{name_of(schedule.kind())}.c_str(),
              schedule.zone.c_str());
  for (const auto& slot : slots) {
    const std::string offset =
        to_rfc3339_in(slot.at, schedule.zone).substr(std::string_view{"2026-11-20T14:00:00"}.size());
    const std::string note = describe_note(slot, schedule.zone);
    std::printf("  %s %s%s%s\n", describe_instant(slot.at, schedule.zone, asked.context.now).c_str(), offset.c_str(),
                note.empty() ? "" : "  ", note.c_str());
  }
  for (const auto& warning : schedule_warnings(schedule, asked.context.now)) std::printf("note: %s\n", warning.c_str());
}

// The refusal with a mark under the word that it is about.
void print_refusal(const Asked& asked, const Error& error) {
  std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
  if (error.pointer == "/when") print_mark(asked.text, error.details.value("position", std::size_t{0}));
  for (const auto& instead : error.try_instead)
    std::fprintf(stderr, "  try: %s\n",
                 instead.is_string() ? instead.get<std::string>().c_str() : instead.dump().c_str());
}

int explain(const Asked& asked, const Parsed& parsed) {
  const auto schedule = parse_when(asked.text, asked.context);
  if (!schedule) {
    if (parsed.has("json"))
      std::printf("%s\n", to_answer(schedule.error()).dump(2).c_str());
    else
      print_refusal(asked, schedule.error());
    return kExitFailed;
  }
  const auto slots = next_slots(*schedule, asked.context.now, asked.count);
  parsed.has("json") ? print_json(asked, *schedule, slots) : print_text(asked, *schedule, slots);
  return kExitOk;
}

// ---- many

int answer_when_batch(Instant now) {
  answer_lines(kLineBytesMax, [&](const Result<std::string>& line) {
    if (line) return answer_slot_question(*line, now);
    return json{{"error", {{"code", "too_large"}, {"message", line.error().message}, {"position", kLineBytesMax}}}};
  });
  return kExitOk;
}

std::optional<std::size_t> count_from(const std::string& text) {
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const std::size_t count = std::stoul(text);
  if (count < 1 || count > kCountMax) return std::nullopt;
  return count;
}

}  // namespace

int run_when(const Words& words) {
  const auto parsed = parse_words(words, {.command = "when",
                                          .own = {{"tz", "the zone of naive times; default: tools.timezone", "ZONE"},
                                                  {"from", "read it as if said then, and list what follows", "TIME"},
                                                  {"count", "how many slots; default 5", "N"},
                                                  {"dst-gap", "shift, earliest_after or skip", "POLICY"},
                                                  {"dst-overlap", "first, second or both", "POLICY"},
                                                  {"json", "the facts as JSON", ""},
                                                  {"batch", "JSON lines from stdin, one answer each", ""}}});
  if (!parsed) return kExitUsage;
  const Instant now = SystemClock{}.now();
  if (parsed->has("batch"))
    return parsed->rest.empty() ? answer_when_batch(now) : usage_error("--batch reads its schedules from stdin");
  Asked asked{{}, {now, parsed->value("tz", parsed->config.tools.timezone)}};
  for (const auto& word : parsed->rest) asked.text += (asked.text.empty() ? "" : " ") + word;
  if (asked.text.empty()) return usage_error("say a schedule: carillon when \"weekdays at 09:00\"");
  const auto count = parsed->has("count") ? count_from(parsed->value("count", "")) : kCountDefault;
  if (!count) return usage_error("--count is a number from 1 to 1000");
  asked.count = *count;
  asked.context.gap = dst_gap_named(parsed->value("dst-gap", ""));
  asked.context.overlap = dst_overlap_named(parsed->value("dst-overlap", ""));
  if (parsed->has("dst-gap") && !asked.context.gap) return usage_error("--dst-gap is shift, earliest_after or skip");
  if (parsed->has("dst-overlap") && !asked.context.overlap)
    return usage_error("--dst-overlap is first, second or both");
  if (parsed->has("from")) {
    const auto from = read_moment(parsed->value("from", ""), {now, asked.context.zone, "/from"});
    if (!from) return usage_error("--from: " + from.error().message);
    asked.context.now = *from;
  }
  return explain(asked, *parsed);
}

}  // namespace carillon::cli
