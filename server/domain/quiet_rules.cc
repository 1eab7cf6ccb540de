#include "server/domain/quiet_rules.h"

#include "server/domain/refusal.h"

namespace carillon {

namespace {

constexpr std::string_view kAnyZone = "UTC";  // where the words alone are looked at
constexpr int kDeferralsMax = 100;            // from one rule's hours into another's, before we say that they never end

struct NamedHours {
  std::string_view name, hours;
};

NamedHours taken_apart(std::string_view entry) {
  const auto space = entry.find(' ');
  if (space == std::string_view::npos) return {entry, {}};
  return {entry.substr(0, space), entry.substr(space + 1)};
}

bool never_ends(const QuietHours& hours) { return !next_allowed(hours, Instant{}); }

class Binding {
 public:
  Binding(const TaskDefinition& definition, const QuietSettings& settings)
      : definition_(definition), zone_(settings.timezone.empty() ? definition.schedule.zone : settings.timezone) {}

  void named(const std::vector<std::string>& entries, std::string_view name, std::string_view what) {
    for (const auto& entry : entries)
      if (const auto parts = taken_apart(entry); parts.name == name)
        add(parts.hours, "of the " + std::string(what) + " " + std::string(name));
  }
  void notify(const std::string& hours) {
    if (!hours.empty() && definition_.action.kind == ActionKind::message) add(hours, "of messages");
  }
  std::vector<BoundQuiet> bound;

 private:
  void add(std::string_view hours, std::string whose) {
    auto read = parse_quiet_hours(hours, zone_, "");
    if (read) bound.push_back({std::move(*read), QuietPolicy::defer, std::move(whose)});
  }

  const TaskDefinition& definition_;
  const std::string zone_;
};

std::string reason_of(const BoundQuiet& quiet) {
  return "quiet hours " + reads(quiet.hours) + (quiet.whose.empty() ? "" : " " + quiet.whose);
}

}  // namespace

std::vector<BoundQuiet> own_quiet_hours(const TaskDefinition& definition) {
  const auto& own = definition.options.quiet_hours;
  if (!own) return {};
  auto read = parse_quiet_hours(own->during, definition.schedule.zone, "");
  if (!read) return {};
  return {{std::move(*read), own->policy}};
}

std::vector<BoundQuiet> quiet_hours_of(const TaskDefinition& definition, const QuietOwner& owner,
                                       const QuietSettings& settings) {
  Binding binding{definition, settings};
  binding.bound = own_quiet_hours(definition);
  binding.named(settings.agents, owner.agent.str(), "agent");
  binding.named(settings.tenants, owner.tenant.str(), "tenant");
  binding.notify(settings.notify);
  return std::move(binding.bound);
}

QuietVerdict decide_quiet(const std::vector<BoundQuiet>& bound, Instant start) {
  QuietVerdict verdict{QuietVerdict::Act::start, start};
  for (int round = 0; round < kDeferralsMax; ++round) {
    const Instant before = verdict.at;
    for (const auto& quiet : bound) {
      const auto allowed = next_allowed(quiet.hours, verdict.at);
      if (allowed == verdict.at) continue;
      if (quiet.policy == QuietPolicy::skip) return {QuietVerdict::Act::skip, start, reason_of(quiet)};
      if (!allowed) return {QuietVerdict::Act::skip, start, reason_of(quiet) + ", which never end"};
      if (verdict.act == QuietVerdict::Act::start) verdict.reason = reason_of(quiet);
      verdict.act = QuietVerdict::Act::defer;
      verdict.at = *allowed;
    }
    if (verdict.at == before) return verdict;
  }
  return {QuietVerdict::Act::skip, start, "quiet hours that follow each other without an end"};
}

QuietVerdict decide_quiet_late(const std::vector<BoundQuiet>& bound, Instant start, Instant now) {
  const QuietVerdict when_due = decide_quiet(bound, start);
  if (when_due.act == QuietVerdict::Act::skip || start >= now) return when_due;
  return decide_quiet(bound, now);
}

std::optional<std::string> check_quiet_entry(std::string_view text, QuietEntry entry) {
  if (text.empty() && entry == QuietEntry::hours) return std::nullopt;
  const auto hours = entry == QuietEntry::hours ? text : taken_apart(text).hours;
  const auto read = parse_quiet_hours(hours, kAnyZone, "");
  if (!read) return read.error().message;
  if (never_ends(*read)) return "quiet hours must end";
  return std::nullopt;
}

Status check_quiet_hours(const Quiet& quiet, const std::string& zone) {
  const auto read = parse_quiet_hours(quiet.during, zone, "/options/quiet_hours");
  if (!read) return read.error();
  if (never_ends(*read))
    return invalid("quiet hours that never end would keep the task from ever running; pause it instead",
                   "/options/quiet_hours", quiet.during);
  return Done{};
}

}  // namespace carillon
