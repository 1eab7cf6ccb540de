#include "server/domain/task_options.h"

#include <algorithm>
#include <limits>

#include "server/domain/duration_text.h"
#include "server/domain/refusal.h"
#include "server/domain/retry_json.h"

namespace carillon {

const std::array<std::string_view, 17> kOptionNames{
    "timeout", "retries",  "overlap", "max_parallel", "misfire",     "grace",       "max_catch_up", "jitter", "start",
    "until",   "max_runs", "expires", "dst_gap",      "dst_overlap", "quiet_hours", "calendars",    "keep"};

namespace {

constexpr auto kGapNames = std::to_array<std::string_view>({"shift", "earliest_after", "skip"});
constexpr auto kOverlapNames = std::to_array<std::string_view>({"first", "second", "both"});
constexpr auto kOverlapPolicies = std::to_array<std::string_view>({"skip", "queue", "queue_all", "cancel", "allow"});
constexpr auto kQuietPolicies = std::to_array<std::string_view>({"defer", "skip"});
constexpr std::int64_t kParallelMax = 1000;
constexpr auto kMisfires = std::to_array<std::string_view>({"once", "skip", "all", "hold"});

constexpr std::int64_t kCountMax = 1'000'000'000;

std::optional<QuietPolicy> quiet_policy_named(std::string_view name) {
  if (name == kQuietPolicies[0]) return QuietPolicy::defer;
  if (name == kQuietPolicies[1]) return QuietPolicy::skip;
  return std::nullopt;
}

// Reads the members of one options object; the first error stays.
class OptionReader {
 public:
  OptionReader(const json& value, std::string_view pointer) : value_(value), pointer_(pointer) {}

  // A duration of at least `least`.
  void duration(const char* name, std::optional<Duration>& into, Duration least) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_string()) return refuse(name, "give a duration such as \"30s\" or \"1h30m\"");
    auto read = read_duration(given->get_ref<const std::string&>(), below(pointer_, name));
    if (!read) {
      error_ = read.error();
      return;
    }
    if (*read < least) return refuse(name, "at least " + to_text(least));
    into = *read;
  }
  void number(const char* name, std::optional<std::int64_t>& into, std::int64_t most = kCountMax) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_number_integer() || given->get<std::int64_t>() < 1 || given->get<std::int64_t>() > most)
      return refuse(name, "give a whole number from 1 to " + std::to_string(most));
    into = given->get<std::int64_t>();
  }
  void text(const char* name, std::optional<std::string>& into) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (!given->is_string()) return refuse(name, "give a time such as \"2026-11-21 15:00\"");
    into = given->get<std::string>();
  }
  template <class Value, class Named>
  void choice(const char* name, std::optional<Value>& into, std::span<const std::string_view> names, Named named) {
    const json* given = member(name);
    if (given == nullptr) return;
    if (given->is_string()) into = named(given->get_ref<const std::string&>());
    if (into) return;
    std::string list;
    for (const auto& one : names) list += (list.empty() ? "" : ", ") + std::string(one);
    refuse(name, "one of " + list);
  }
  void retries(std::optional<RetryPolicy>& into) {
    const json* given = member("retries");
    if (given == nullptr) return;
    auto read = read_retry(*given, below(pointer_, "retries"));
    if (!read)
      error_ = read.error();
    else
      into = *read;
  }
  // A text, or {"during", "policy"}.
  void quiet(std::optional<Quiet>& into) {
    static constexpr auto kKnown = std::to_array<std::string_view>({"during", "policy"});
    const json* given = member("quiet_hours");
    if (given == nullptr) return;
    if (given->is_string()) {
      into = Quiet{given->get<std::string>()};
      return;
    }
    const char* example = R"(give "22:00-07:00" or {"during": "22:00-07:00", "policy": "skip"})";
    if (!given->is_object()) return refuse("quiet_hours", example);
    const std::string here = below(pointer_, "quiet_hours");
    error_ = unknown_member(*given, kKnown, here);
    if (error_) return;
    OptionReader inner{*given, here};
    std::optional<std::string> during;
    std::optional<QuietPolicy> policy;
    inner.text("during", during);
    inner.choice("policy", policy, kQuietPolicies, quiet_policy_named);
    error_ = inner.error_;
    if (!error_ && !during) return refuse("quiet_hours", example);
    if (!error_) into = Quiet{*during, policy.value_or(QuietPolicy::defer)};
  }
  // A name or a list of names to leave out, or {"exclude", "only"}.
  void calendars(std::optional<CalendarUse>& into) {
    static constexpr auto kKnown = std::to_array<std::string_view>({"exclude", "only"});
    const json* given = member("calendars");
    if (given == nullptr) return;
    CalendarUse use;
    if (!given->is_object()) {
      if (!names(*given, use.exclude)) return refuse("calendars", kCalendarsExample);
    } else {
      error_ = unknown_member(*given, kKnown, below(pointer_, "calendars"));
      if (error_) return;
      if (!names(given->value("exclude", json::array()), use.exclude) ||
          !names(given->value("only", json::array()), use.only))
        return refuse("calendars", kCalendarsExample);
    }
    if (!use.exclude.empty() || !use.only.empty()) into = std::move(use);
  }
  void keep(std::optional<Keep>& into) {
    static constexpr auto kKnown = std::to_array<std::string_view>({"records", "outputs"});
    const json* given = member("keep");
    if (given == nullptr) return;
    if (!given->is_object()) return refuse("keep", R"(give {"records": "90d", "outputs": "14d"})");
    const std::string here = below(pointer_, "keep");
    error_ = unknown_member(*given, kKnown, here);
    if (error_) return;
    OptionReader inner{*given, here};
    Keep keep;
    inner.duration("records", keep.records, std::chrono::hours{1});
    inner.duration("outputs", keep.outputs, std::chrono::hours{1});
    error_ = inner.error_;
    into = keep;
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  static constexpr const char* kCalendarsExample = R"(give names: ["holidays"] or {"exclude": [...], "only": [...]})";

  // At most ten, sorted, each once; false: something else was given.
  static bool names(const json& given, std::vector<std::string>& into) {
    for (const auto& name : given.is_array() ? given : json::array({given})) {
      if (!name.is_string() || name.get_ref<const std::string&>().empty()) return false;
      into.push_back(name.get<std::string>());
    }
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
    return into.size() <= 10;
  }

  const json* member(const char* name) const {
    if (error_) return nullptr;
    const auto found = value_.find(name);
    return found == value_.end() ? nullptr : &*found;
  }
  void refuse(const char* name, std::string message) {
    error_ = invalid(std::move(message), below(pointer_, name), value_[name]);
  }

  const json& value_;
  std::string pointer_;
  std::optional<Error> error_;
};

template <class Value, std::size_t N>
auto named_in(const std::array<std::string_view, N>& names) {
  return [&names](std::string_view name) -> std::optional<Value> {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Value>(found - names.begin());
  };
}

}  // namespace

std::string_view name_of(QuietPolicy policy) { return kQuietPolicies[static_cast<std::size_t>(policy)]; }

json to_json(const TaskOptions& options) {
  json value = json::object();
  const auto put = [&](const char* name, const std::optional<Duration>& duration) {
    if (duration) value[name] = to_text(*duration);
  };
  put("timeout", options.timeout);
  if (options.retries) value["retries"] = to_json(*options.retries);
  if (options.overlap) value["overlap"] = name_of(*options.overlap);
  if (options.max_parallel) value["max_parallel"] = *options.max_parallel;
  if (options.misfire) value["misfire"] = name_of(*options.misfire);
  put("grace", options.grace);
  if (options.max_catch_up) value["max_catch_up"] = *options.max_catch_up;
  put("jitter", options.jitter);
  if (options.start) value["start"] = *options.start;
  if (options.until) value["until"] = *options.until;
  if (options.max_runs) value["max_runs"] = *options.max_runs;
  put("expires", options.expires);
  if (options.dst_gap) value["dst_gap"] = kGapNames[static_cast<std::size_t>(*options.dst_gap)];
  if (options.dst_overlap) value["dst_overlap"] = kOverlapNames[static_cast<std::size_t>(*options.dst_overlap)];
  if (options.quiet_hours) {
    value["quiet_hours"] = options.quiet_hours->during;
    if (options.quiet_hours->policy != QuietPolicy::defer)
      value["quiet_hours"] = {{"during", options.quiet_hours->during},
                              {"policy", name_of(options.quiet_hours->policy)}};
  }
  if (options.calendars) {
    json use = json::object();
    if (!options.calendars->exclude.empty()) use["exclude"] = options.calendars->exclude;
    if (!options.calendars->only.empty()) use["only"] = options.calendars->only;
    value["calendars"] = std::move(use);
  }
  if (options.keep) {
    json keep = json::object();
    if (options.keep->records) keep["records"] = to_text(*options.keep->records);
    if (options.keep->outputs) keep["outputs"] = to_text(*options.keep->outputs);
    value["keep"] = std::move(keep);
  }
  return value;
}

Result<TaskOptions> read_options(const json& value, std::string_view pointer) {
  using std::chrono::seconds;
  if (!value.is_object()) return invalid("options is an object", std::string(pointer), value);
  if (auto error = unknown_member(value, kOptionNames, pointer)) return *error;
  TaskOptions options;
  OptionReader read{value, pointer};
  read.duration("timeout", options.timeout, std::chrono::milliseconds{1});
  read.retries(options.retries);
  read.choice("overlap", options.overlap, kOverlapPolicies, overlap_named);
  read.number("max_parallel", options.max_parallel, kParallelMax);
  read.choice("misfire", options.misfire, kMisfires, misfire_named);
  read.duration("grace", options.grace, Duration{0});
  read.number("max_catch_up", options.max_catch_up);
  read.duration("jitter", options.jitter, Duration{0});
  read.text("start", options.start);
  read.text("until", options.until);
  read.number("max_runs", options.max_runs);
  read.duration("expires", options.expires, seconds{1});
  read.choice("dst_gap", options.dst_gap, kGapNames, named_in<DstGap>(kGapNames));
  read.choice("dst_overlap", options.dst_overlap, kOverlapNames, named_in<DstOverlap>(kOverlapNames));
  read.quiet(options.quiet_hours);
  read.calendars(options.calendars);
  read.keep(options.keep);
  if (read.error()) return *read.error();
  return options;
}

}  // namespace carillon
