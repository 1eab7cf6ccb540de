#include "server/worker/letter_text.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "server/base/mask.h"
#include "server/domain/action.h"
#include "server/domain/duration_text.h"
#include "server/domain/error_class.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/outages.h"
#include "server/worker/approval_letter.h"

namespace carillon {
namespace {

constexpr std::size_t kLineBytesMax = 120;
constexpr std::size_t kMessageBytesMax = 4000;
constexpr std::size_t kToldMessageBytesMax = 500;  // of one among others

// At most so many bytes, not cut within a character.
std::string cut(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::string first_line(const std::string& text) {
  return cut(text.substr(0, text.find_first_of("\r\n")), kLineBytesMax);
}

namespace {

// The message of a run that delivered one; empty: it did something else, or failed.
std::string message_of(const RunDetail& run) {
  if (run.row.state != RunState::succeeded || !run.action.is_object()) return "";
  return run.action.value("kind", "") == "message" ? run.action.value("message", "") : "";
}

std::string say(Duration duration) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration);
  return seconds.count() == 0 ? "less than a second" : to_text(seconds);
}

std::string how_it_ended(const RunRow& row) {
  std::string text{name_of(row.state)};
  if (!row.error_class.empty()) text += " (" + row.error_class + ")";
  if (row.error_class.empty() && !row.reason.empty()) text += " (" + first_line(row.reason) + ")";
  if (row.duration) text += " after " + say(*row.duration);
  return text;
}

std::string line_of(const RunDetail& run) {
  const std::string message = message_of(run);
  if (!message.empty()) return run.row.run + ": " + first_line(message);
  return run.row.run + " " + how_it_ended(run.row);
}

// The command that a person gives, of a run that lacks a sign-in; all else that its error says stays here.
std::string sign_in_of(const RunRow& row) {
  constexpr std::string_view kCommand = "carillon login ";
  const auto at = row.error_message.find(kCommand);
  if (row.error_class != describe(ErrorClass::needs_sign_in).name || at == std::string::npos) return "";
  const auto end = row.error_message.find_first_of(" `,;.\n", at + kCommand.size());
  return "\nSign in with: " + cut(row.error_message.substr(at, end - at), kLineBytesMax) +
         "\nOther runs that fail for want of it are not told, until one has gone well.";
}

std::string text_of(const RunDetail& run, Instant now) {
  const std::string message = message_of(run);
  if (!message.empty()) return cut(message, kMessageBytesMax) + "\n\n" + run.row.run;
  std::string text = line_of(run);
  const auto due = run.row.slot ? *run.row.slot : run.row.run_at;
  text += "\nDue " + describe_instant(due, run.row.zone, now);
  if (run.row.finished_at) text += "; ended " + describe_instant(*run.row.finished_at, run.row.zone, now);
  return text + sign_in_of(run.row) + "\nget_run {\"run\": \"" + run.row.run + "\"} tells more.";
}

json facts_of(const RunDetail& run) {
  const RunRow& row = run.row;
  json facts{{"run", row.run}, {"task", row.task}, {"status", name_of(row.state)}, {"attempt", row.attempt}};
  const auto add = [&](const char* name, const std::optional<Instant>& instant) {
    if (instant) facts[name] = to_rfc3339(*instant);
  };
  add("slot", row.slot);
  add("started_at", row.started_at);
  add("finished_at", row.finished_at);
  if (!row.error_class.empty()) facts["error_class"] = row.error_class;
  if (!row.reason.empty()) facts["reason"] = row.reason;
  if (row.folded > 0) facts["folded"] = row.folded;
  if (const std::string message = message_of(run); !message.empty()) facts["message"] = cut(message, kMessageBytesMax);
  return facts;
}

// "12 runs: 10 failed, 2 succeeded", of those that are told one by one when there are more.
std::string count_of(const DueLetter& due) {
  std::map<std::string_view, int> states;
  for (const auto& run : due.runs) ++states[name_of(run.row.state)];
  std::string text = std::to_string(due.taken.runs.size()) + " runs";
  const char* before = due.runs.size() < due.taken.runs.size() ? ", the first of them " : ": ";
  for (const auto& [state, n] : states) {
    text += before + std::to_string(n) + " " + std::string{state};
    before = ", ";
  }
  return text;
}

// "Carillon was not running from Sun 2026-11-22 23:00 Europe/Berlin until Mon 2026-11-23 09:10 Europe/Berlin".
std::string outage_of(const DueLetter& due) {
  const std::string& zone = due.runs.front().row.zone;
  const auto minute = [&](Instant at) { return describe_local(std::chrono::floor<std::chrono::minutes>(at), zone); };
  return std::string{why_nobody_watched(due.outage->kind)} + " from " + minute(due.outage->began) + " until " +
         minute(due.outage->ended);
}

// A line for what ran late, and its message; one for the slots of a task that were missed.
std::string line_after_outage(const RunDetail& run) {
  const RunRow& row = run.row;
  if (row.state == RunState::missed) return say_outage({.task = row.task, .zone = row.zone, .missed = row.folded + 1});
  const OutageTask late{.task = row.run, .zone = row.zone, .ran = 1, .started_at = row.started_at, .late = row.late_by};
  const std::string message = message_of(run);
  if (!message.empty()) return say_outage(late) + "\n" + cut(message, kToldMessageBytesMax);
  return say_outage(late) + (row.state == RunState::succeeded ? "" : "; " + how_it_ended(row));
}

std::string text_after_outage(const DueLetter& due) {
  std::string text = outage_of(due) + ".\n";
  for (const auto& run : due.runs) text += "\n" + line_after_outage(run);
  if (const auto more = due.taken.runs.size() - due.runs.size(); more > 0)
    text += "\nand " + std::to_string(more) + " more, which list_runs tells";
  return text;
}

std::string text_of(const DueLetter& due) {
  std::string text = count_of(due) + "\nThey were told together, because there were too many within an hour.\n";
  for (const auto& run : due.runs) text += "\n" + line_of(run);
  if (const auto more = due.taken.runs.size() - due.runs.size(); more > 0)
    text += "\nand " + std::to_string(more) + " more, which list_runs tells";
  return text;
}

struct Words {
  std::string subject, text;
};

Words words_of(const DueLetter& due) {
  if (due.approval) return {approval_subject(*due.approval), approval_text(*due.approval, due.now)};
  const bool one = due.taken.runs.size() == 1;
  if (due.outage)
    return {one ? line_of(due.runs.front()) : count_of(due) + ", after an outage", text_after_outage(due)};
  return one ? Words{line_of(due.runs.front()), text_of(due.runs.front(), due.now)}
             : Words{count_of(due), text_of(due)};
}

json data_of(const DueLetter& due) {
  if (due.approval) return approval_facts(*due.approval);
  json data;
  if (due.taken.runs.size() == 1) {
    data = facts_of(due.runs.front());
  } else {
    data = {{"total", due.taken.runs.size()}, {"runs", json::array()}};
    for (const auto& run : due.runs) data["runs"].push_back(facts_of(run));
  }
  if (due.outage)
    data["outage"] = {{"because", why_nobody_watched(due.outage->kind)},
                      {"from", to_rfc3339(due.outage->began)},
                      {"until", to_rfc3339(due.outage->ended)}};
  return data;
}

}  // namespace

delivery::Letter write_letter(const DueLetter& due) {
  const Words words = words_of(due);
  delivery::Letter letter{.tenant = due.taken.key.tenant,
                          .id = due.id,
                          .target = due.taken.key.target,
                          .subject = mask_secrets(words.subject),
                          .text = mask_secrets(words.text),
                          .facts = {},
                          .at = due.now,
                          .scopes = due.scopes,
                          .interrupted = due.taken.interrupted};
  json data = data_of(due);
  data["text"] = letter.text;
  const char* type = due.approval ? "run.asks" : due.taken.runs.size() == 1 ? "run.ended" : "runs.ended";
  letter.facts = mask_secrets(json{{"type", type}, {"timestamp", to_rfc3339(due.now)}, {"data", std::move(data)}});
  return letter;
}

}  // namespace carillon
