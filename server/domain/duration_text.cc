#include "server/domain/duration_text.h"

#include <array>
#include <cctype>
#include <limits>

#include "server/base/ascii.h"
#include "server/domain/refusal.h"

namespace carillon {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};

constexpr std::int64_t kSecond = 1'000'000;
constexpr auto kDurationUnits = std::to_array<Unit>({
    {"w", 7 * 86400 * kSecond},
    {"week", 7 * 86400 * kSecond},
    {"weeks", 7 * 86400 * kSecond},
    {"d", 86400 * kSecond},
    {"day", 86400 * kSecond},
    {"days", 86400 * kSecond},
    {"h", 3600 * kSecond},
    {"hour", 3600 * kSecond},
    {"hours", 3600 * kSecond},
    {"hr", 3600 * kSecond},
    {"m", 60 * kSecond},
    {"min", 60 * kSecond},
    {"mins", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"minutes", 60 * kSecond},
    {"s", kSecond},
    {"sec", kSecond},
    {"secs", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"ms", 1000},
    {"us", 1},
});

// Longer than this is no duration that anybody means (and would overflow an Instant).
constexpr std::int64_t kDurationMax = 3660LL * 86400 * kSecond;

struct DurationReader {
  std::string_view text;
  std::size_t at = 0;

  bool done() const { return at >= text.size(); }
  void skip_spaces() {
    while (!done() && text[at] == ' ') ++at;
  }
  // Digits, with a fraction of at most six digits, in millionths; nothing when there is no digit or too many.
  std::optional<std::int64_t> number() {
    const std::size_t begin = at;
    std::int64_t whole = 0;
    for (; !done() && is_digit(text[at]); ++at) {
      whole = whole * 10 + (text[at] - '0');
      if (whole > 1'000'000'000'000) return std::nullopt;
    }
    if (at == begin) return std::nullopt;
    std::int64_t fraction = 0;
    if (!done() && text[at] == '.') {
      std::int64_t place = 100'000;
      for (++at; !done() && is_digit(text[at]); ++at, place /= 10) fraction += (text[at] - '0') * place;
    }
    return whole * 1'000'000 + fraction;
  }
  std::string word() {
    std::string word;
    for (; !done() && std::isalpha(static_cast<unsigned char>(text[at])) != 0; ++at) word += lower_case(text[at]);
    return word;
  }
};

// Adds millionths × unit to the sum; false when that is more than a duration may be.
bool add(std::int64_t& sum, std::int64_t millionths, std::int64_t unit) {
  const double product = static_cast<double>(millionths) / 1e6 * static_cast<double>(unit);
  if (product > static_cast<double>(kDurationMax)) return false;
  sum += millionths / 1'000'000 * unit + millionths % 1'000'000 * unit / 1'000'000;
  return sum <= kDurationMax;
}

std::optional<std::int64_t> iso_unit(char letter, bool in_time) {
  switch (letter) {
    case 'w':
      return in_time ? std::nullopt : std::optional{7 * 86400 * kSecond};
    case 'd':
      return in_time ? std::nullopt : std::optional{86400 * kSecond};
    case 'h':
      return in_time ? std::optional{3600 * kSecond} : std::nullopt;
    case 'm':
      return in_time ? std::optional{60 * kSecond} : std::nullopt;  // months have no fixed length
    case 's':
      return in_time ? std::optional{kSecond} : std::nullopt;
    default:
      return std::nullopt;
  }
}

// "P1DT2H", without the P.
std::optional<std::int64_t> read_iso(std::string_view text) {
  DurationReader reader{text};
  std::int64_t sum = 0;
  bool in_time = false;
  bool any = false;
  while (!reader.done()) {
    if (!in_time && lower_case(text[reader.at]) == 't') {
      in_time = true;
      ++reader.at;
    }
    const auto number = reader.number();
    if (!number || reader.done()) return std::nullopt;
    const auto unit = iso_unit(lower_case(text[reader.at++]), in_time);
    if (!unit || !add(sum, *number, *unit)) return std::nullopt;
    any = true;
  }
  return any ? std::optional{sum} : std::nullopt;
}

std::optional<std::int64_t> read_units(std::string_view text) {
  DurationReader reader{text};
  std::int64_t sum = 0;
  bool any = false;
  for (reader.skip_spaces(); !reader.done(); reader.skip_spaces()) {
    const auto number = reader.number();
    reader.skip_spaces();
    const std::string word = reader.word();
    if (!number || word.empty()) return std::nullopt;
    const auto* unit =
        std::find_if(kDurationUnits.begin(), kDurationUnits.end(), [&](const Unit& u) { return u.name == word; });
    if (unit == kDurationUnits.end() || !add(sum, *number, unit->micros)) return std::nullopt;
    any = true;
  }
  return any ? std::optional{sum} : std::nullopt;
}

}  // namespace

Result<Duration> read_duration(std::string_view text, std::string_view pointer) {
  const bool iso = !text.empty() && lower_case(text.front()) == 'p';
  if (const auto micros = iso ? read_iso(text.substr(1)) : read_units(text)) return Duration{*micros};
  Error error{ErrorCode::arguments_invalid, "\"" + std::string(text) + "\" is no duration: give a number and a unit",
              std::string(pointer), std::string(text), json::array({"30s", "15m", "1h30m", "2d"})};
  const bool number_only = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
  if (number_only) error.try_instead = json::array({std::string(text) + "s", std::string(text) + "m"});
  return error;
}

std::string to_text(Duration duration) {
  struct Part {
    const char* name;
    std::int64_t micros;
  };
  static constexpr auto kParts = std::to_array<Part>(
      {{"d", 86400 * kSecond}, {"h", 3600 * kSecond}, {"m", 60 * kSecond}, {"s", kSecond}, {"ms", 1000}, {"us", 1}});
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (const Part& part : kParts) {
    if (rest < part.micros) continue;
    text += std::to_string(rest / part.micros) + part.name;
    rest %= part.micros;
  }
  return text;
}

}  // namespace carillon
