#include "server/domain/schedule/rrule.h"

#include <algorithm>
#include <array>

#include "server/base/ascii.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/piece.h"
#include "server/domain/schedule/refusal.h"

namespace carillon {
namespace {

constexpr std::array<std::string_view, 7> kFrequencies{"YEARLY", "MONTHLY",  "WEEKLY",  "DAILY",
                                                       "HOURLY", "MINUTELY", "SECONDLY"};
constexpr std::array<std::string_view, 7> kRuleWeekdays{"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
constexpr std::size_t kRuleBytesMax = 4096;

struct ListPart {
  std::string_view name;
  int low, high;
  enum class Sign { none, allowed } sign;  // allowed: also -high to -low
  std::vector<int> RecurrenceRule::*member;
};
constexpr std::array<ListPart, 8> kListParts{{
    {"BYMONTH", 1, 12, ListPart::Sign::none, &RecurrenceRule::by_month},
    {"BYWEEKNO", 1, 53, ListPart::Sign::allowed, &RecurrenceRule::by_week_number},
    {"BYYEARDAY", 1, 366, ListPart::Sign::allowed, &RecurrenceRule::by_year_day},
    {"BYMONTHDAY", 1, 31, ListPart::Sign::allowed, &RecurrenceRule::by_month_day},
    {"BYHOUR", 0, 23, ListPart::Sign::none, &RecurrenceRule::by_hour},
    {"BYMINUTE", 0, 59, ListPart::Sign::none, &RecurrenceRule::by_minute},
    {"BYSECOND", 0, 59, ListPart::Sign::none, &RecurrenceRule::by_second},
    {"BYSETPOS", 1, 366, ListPart::Sign::allowed, &RecurrenceRule::by_set_position},
}};

// Digits only, at most `digits_max`; nothing otherwise.
std::optional<std::int64_t> digits(std::string_view text, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

Status parse_positive(Piece value, std::string_view name, std::optional<std::int64_t>& out) {
  const auto number = digits(value.text, 10);
  if (!number || *number < 1)
    return refuse_at(value.position,
                     std::string(name) + " is a whole number from 1 to 9999999999, not " + in_quotes(value.text));
  out = *number;
  return Done{};
}

Status parse_list(Piece value, const ListPart& part, std::vector<int>& out) {
  for (const Piece item : split(value, ",")) {
    const bool has_sign = !item.text.empty() && (item.text[0] == '-' || item.text[0] == '+');
    const auto number = digits(has_sign ? item.text.substr(1) : item.text, 3);
    if (!number || *number < part.low || *number > part.high || (has_sign && part.sign == ListPart::Sign::none)) {
      const std::string range = std::to_string(part.low) + " to " + std::to_string(part.high);
      return refuse_at(item.position, std::string(part.name) + " takes numbers from " + range +
                                          (part.sign == ListPart::Sign::allowed ? " or the same negative" : "") +
                                          ", not " + in_quotes(item.text));
    }
    out.push_back(static_cast<int>(item.text[0] == '-' ? -*number : *number));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return Done{};
}

std::optional<unsigned> weekday_named(std::string_view text) {
  const auto found = std::find(kRuleWeekdays.begin(), kRuleWeekdays.end(), upper_case(text));
  if (found == kRuleWeekdays.end()) return std::nullopt;
  return static_cast<unsigned>(found - kRuleWeekdays.begin());
}

Status parse_by_day(Piece value, std::vector<WeekdayItem>& out) {
  for (const Piece item : split(value, ",")) {
    const auto name_length = std::min<std::size_t>(2, item.text.size());
    const auto weekday = weekday_named(item.text.substr(item.text.size() - name_length));
    std::string_view number = item.text.substr(0, item.text.size() - name_length);
    const bool negative = number.starts_with('-');
    if (negative || number.starts_with('+')) number.remove_prefix(1);
    const bool has_number = item.text.size() > name_length;
    const auto nth = digits(number, 2);
    if (!weekday || (has_number && (!nth || *nth < 1 || *nth > 53)))
      return refuse_at(item.position,
                       "BYDAY takes MO, TU, WE, TH, FR, SA and SU, with a number from 1 to 53 or -1 to -53 "
                       "in front where one is meant (-1FR), not " +
                           in_quotes(item.text));
    const int ordinal = has_number ? static_cast<int>(negative ? -*nth : *nth) : 0;
    out.push_back({ordinal, *weekday});
  }
  std::sort(out.begin(), out.end(), [](const WeekdayItem& a, const WeekdayItem& b) {
    return std::pair{a.weekday, a.ordinal} < std::pair{b.weekday, b.ordinal};
  });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return Done{};
}

Status parse_until(Piece value, std::optional<RuleEnd>& out) {
  const auto end = parse_ical_time(value.text);
  if (!end)
    return refuse_at(value.position,
                     "UNTIL is written 20261231T170000Z, 20261231T170000 or 20261231, not " + in_quotes(value.text));
  out = RuleEnd{end->since_epoch, end->form};
  if (value.text.size() == 8) out->since_epoch += std::chrono::seconds{86399};  // a bare date: the whole day
  return Done{};
}

Status parse_part(const std::string& name, Piece value, RecurrenceRule& rule) {
  for (const auto& part : kListParts)
    if (part.name == name) return parse_list(value, part, rule.*part.member);
  if (name == "BYDAY") return parse_by_day(value, rule.by_day);
  if (name == "UNTIL") return parse_until(value, rule.until);
  if (name == "COUNT") return parse_positive(value, "COUNT", rule.count);
  if (name == "INTERVAL") {
    std::optional<std::int64_t> interval;
    auto parsed = parse_positive(value, "INTERVAL", interval);
    rule.interval = interval.value_or(1);
    return parsed;
  }
  if (name == "FREQ") {
    const auto found = std::find(kFrequencies.begin(), kFrequencies.end(), upper_case(value.text));
    if (found == kFrequencies.end())
      return refuse_at(value.position, "FREQ is YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY, not " +
                                           in_quotes(value.text));
    rule.frequency = static_cast<Frequency>(found - kFrequencies.begin());
    return Done{};
  }
  if (name == "WKST") {
    const auto weekday = weekday_named(value.text);
    if (!weekday)
      return refuse_at(value.position, "WKST is one of MO, TU, WE, TH, FR, SA and SU, not " + in_quotes(value.text));
    rule.week_start = *weekday;
    return Done{};
  }
  return Error{ErrorCode::arguments_invalid, "there is no rule part " + in_quotes(name), "/when"};
}

// What 3.3.10 says about parts that do not go together; empty when they do.
std::string_view conflict_in(const RecurrenceRule& rule) {
  const bool yearly = rule.frequency == Frequency::yearly;
  const bool numbered =
      std::any_of(rule.by_day.begin(), rule.by_day.end(), [](const auto& item) { return item.ordinal != 0; });
  const bool any_by =
      !rule.by_day.empty() || std::any_of(kListParts.begin(), kListParts.end(), [&](const ListPart& part) {
        return part.name != "BYSETPOS" && !(rule.*part.member).empty();
      });
  if (rule.count && rule.until) return "COUNT and UNTIL cannot be used together";
  if (!rule.by_set_position.empty() && !any_by) return "BYSETPOS needs another BY part to choose from";
  if (rule.frequency == Frequency::weekly && !rule.by_month_day.empty())
    return "BYMONTHDAY cannot be used with FREQ=WEEKLY";
  const bool day_week_month = rule.frequency >= Frequency::monthly && rule.frequency <= Frequency::daily;
  if (day_week_month && !rule.by_year_day.empty()) return "BYYEARDAY cannot be used with FREQ=DAILY, WEEKLY or MONTHLY";
  if (!yearly && !rule.by_week_number.empty()) return "BYWEEKNO can only be used with FREQ=YEARLY";
  if (numbered && rule.frequency > Frequency::monthly) return "a number in BYDAY needs FREQ=MONTHLY or YEARLY";
  if (numbered && !rule.by_week_number.empty()) return "a number in BYDAY cannot be used with BYWEEKNO";
  return {};
}

void append_list(std::string& out, std::string_view name, const std::vector<int>& values) {
  if (values.empty()) return;
  out += ";" + std::string(name) + "=";
  for (std::size_t i = 0; i < values.size(); ++i) out += (i > 0 ? "," : "") + std::to_string(values[i]);
}

}  // namespace

std::optional<IcalTime> parse_ical_time(std::string_view text) {
  const bool utc = text.size() == 16 && (text.back() == 'Z' || text.back() == 'z');
  if (utc) text.remove_suffix(1);
  if (text.size() != 8 && (text.size() != 15 || (text[8] != 'T' && text[8] != 't'))) return std::nullopt;
  const auto year = digits(text.substr(0, 4), 4), month = digits(text.substr(4, 2), 2),
             day = digits(text.substr(6, 2), 2);
  if (!year || !month || !day || *year < 1 || *month < 1 || *month > 12) return std::nullopt;
  const auto in_month = days_in_month(static_cast<int>(*year), static_cast<unsigned>(*month));
  if (*day < 1 || *day > static_cast<std::int64_t>(in_month)) return std::nullopt;
  std::int64_t seconds = std::int64_t{86400} * day_number({static_cast<int>(*year), static_cast<unsigned>(*month),
                                                           static_cast<unsigned>(*day)});
  if (text.size() == 15) {
    const auto hour = digits(text.substr(9, 2), 2), minute = digits(text.substr(11, 2), 2),
               second = digits(text.substr(13, 2), 2);
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    seconds += *hour * 3600 + *minute * 60 + *second;
  }
  return IcalTime{std::chrono::seconds{seconds}, utc ? RuleEnd::Form::utc : RuleEnd::Form::local};
}

std::string to_ical(const IcalTime& time) {
  const auto day = std::chrono::floor<std::chrono::days>(time.since_epoch);
  const CivilDay civil = civil_day(static_cast<DayNumber>(day.count()));
  const auto second = (time.since_epoch - day).count();
  std::array<char, 40> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02d", civil.year, civil.month, civil.day,
                    static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
  return std::string(text.data(), static_cast<std::size_t>(length)) + (time.form == RuleEnd::Form::utc ? "Z" : "");
}

Result<RecurrenceRule> parse_rrule(std::string_view text) {
  Piece whole{text, 0};
  if (text.size() > kRuleBytesMax) return refuse_at(0, "a rule has at most 4096 characters");
  if (upper_case(text.substr(0, 6)) == "RRULE:") whole = whole.from(6);
  if (whole.text.ends_with(';')) whole = whole.first(whole.text.size() - 1);  // seen in the wild
  RecurrenceRule rule;
  std::vector<std::string> seen;
  for (const Piece part : split(whole, ";")) {
    const auto equals = part.text.find('=');
    const std::string name = upper_case(part.text.substr(0, equals));
    if (equals == std::string_view::npos)
      return refuse_at(part.position,
                       "a rule is made of NAME=VALUE parts joined by \";\", such as FREQ=WEEKLY;BYDAY=MO; not " +
                           in_quotes(part.text));
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return refuse_at(part.position, name + " occurs twice");
    const auto parsed = parse_part(name, part.from(equals + 1), rule);
    if (!parsed) {
      Error error = parsed.error();
      if (!error.details.contains("position")) error.details["position"] = part.position;
      return error;
    }
    seen.push_back(name);
  }
  if (std::find(seen.begin(), seen.end(), "FREQ") == seen.end())
    return refuse_at(0, "a rule needs FREQ, such as FREQ=DAILY");
  if (const auto conflict = conflict_in(rule); !conflict.empty()) return refuse_at(0, std::string(conflict));
  return rule;
}

std::string to_text(const RecurrenceRule& rule) {
  std::string out = "FREQ=" + std::string(kFrequencies.at(static_cast<std::size_t>(rule.frequency)));
  if (rule.interval != 1) out += ";INTERVAL=" + std::to_string(rule.interval);
  if (rule.count) out += ";COUNT=" + std::to_string(*rule.count);
  if (rule.until) out += ";UNTIL=" + to_ical({rule.until->since_epoch, rule.until->form});
  for (const auto& part : kListParts) {
    if (part.name == "BYHOUR" && !rule.by_day.empty()) {
      out += ";BYDAY=";
      for (std::size_t i = 0; i < rule.by_day.size(); ++i) {
        const auto& item = rule.by_day[i];
        out += (i > 0 ? "," : "") + (item.ordinal != 0 ? std::to_string(item.ordinal) : "") +
               std::string(kRuleWeekdays.at(item.weekday));
      }
    }
    append_list(out, part.name, rule.*part.member);
  }
  if (rule.week_start != 0) out += ";WKST=" + std::string(kRuleWeekdays.at(rule.week_start));
  return out;
}

}  // namespace carillon
