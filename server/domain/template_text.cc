#include "server/domain/template_text.h"

#include "server/base/ascii.h"
#include "server/domain/schedule/zone.h"

namespace carillon {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kAmountMax = 1'000'000'000;  // of one unit: no date is that far
const Instant kFirst = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
const Instant kLast = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

bool is_path_character(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == ' ' || c == '[' || c == ']' || c == '"';
}

// The end of the quoted text that begins at `from`, or of everything when it is never closed.
std::size_t after_quoted(std::string_view text, std::size_t from) {
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[from]) {
      return i + 1;
    }
  }
  return text.size();
}

// The } that closes the ${ whose inside begins at `from`: braces nest, quoted texts hide theirs.
std::optional<std::size_t> closing_brace(std::string_view text, std::size_t from) {
  std::size_t open = 0;
  for (std::size_t i = from; i < text.size();) {
    const char c = text[i];
    if (c == '\'' || c == '"' || c == '`') {
      i = after_quoted(text, i);
      continue;
    }
    if (c == '{') ++open;
    if (c == '}' && open-- == 0) return i;
    ++i;
  }
  return std::nullopt;
}

bool add_amount(TimeArithmetic& sum, std::int64_t amount, char unit) {
  switch (unit) {
    case 's':
      sum.elapsed += std::chrono::seconds{amount};
      return true;
    case 'm':
      sum.elapsed += std::chrono::minutes{amount};
      return true;
    case 'h':
      sum.elapsed += std::chrono::hours{amount};
      return true;
    case 'd':
      sum.days += amount;
      return true;
    case 'w':
      sum.days += amount * 7;
      return true;
    default:
      return false;
  }
}

// `1h30m` into `sum`; false when it is no such thing.
bool add_amounts(std::string_view text, std::int64_t sign, TimeArithmetic& sum) {
  bool any = false;
  for (std::size_t i = 0; i < text.size(); any = true) {
    std::int64_t amount = 0;
    const std::size_t first = i;
    while (i < text.size() && is_digit(text[i])) {
      amount = amount * 10 + (text[i++] - '0');
      if (amount > kAmountMax) return false;
    }
    if (i == first || i >= text.size() || !add_amount(sum, sign * amount, text[i++])) return false;
  }
  return any;
}

}  // namespace

Result<std::vector<TemplatePart>> template_parts(std::string_view text) {
  std::vector<TemplatePart> parts;
  std::string literal;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("$${")) {
      literal += "${";
      i += 3;
      continue;
    }
    if (!text.substr(i).starts_with("${")) {
      literal += text[i++];
      continue;
    }
    const auto end = closing_brace(text, i + 2);
    if (!end) {
      return Error{ErrorCode::arguments_invalid, "the ${ at character " + std::to_string(i + 1) +
                                                     " is never closed: add } or write $${ for a literal ${"};
    }
    if (!literal.empty()) parts.push_back({TemplatePart::Kind::text, std::move(literal)});
    literal.clear();
    parts.push_back({TemplatePart::Kind::expression, std::string{text.substr(i + 2, *end - i - 2)}});
    i = *end + 1;
  }
  if (!literal.empty()) parts.push_back({TemplatePart::Kind::text, std::move(literal)});
  return parts;
}

std::optional<TimeArithmetic> time_arithmetic(std::string_view expression) {
  std::size_t end = 0;
  while (end < expression.size() && is_path_character(expression[end])) ++end;
  if (end == 0 || end >= expression.size() || (expression[end] != '+' && expression[end] != '-')) return std::nullopt;
  TimeArithmetic sum{std::string{trimmed(expression.substr(0, end), " ")}};
  const std::int64_t sign = expression[end] == '-' ? -1 : 1;
  if (sum.base.empty() || !add_amounts(trimmed(expression.substr(end + 1), " "), sign, sum)) return std::nullopt;
  return sum;
}

std::optional<Instant> shifted(Instant from, const TimeArithmetic& by, std::string_view zone) {
  const auto in_range = [](Instant at) { return at >= kFirst && at < kLast; };
  // Far enough to leave the calendar is not worth adding, and would not fit.
  if (std::abs(by.days) > 4'000'000 || std::chrono::abs(by.elapsed) > std::chrono::hours{24} * 4'000'000)
    return std::nullopt;
  Instant at = from;
  if (by.days != 0) {
    const Zone in = Zone::named(zone).value_or(Zone::utc());
    const auto whole = std::chrono::floor<Seconds>(from);
    const auto local = in.to_local(whole) + Seconds{by.days * kSecondsPerDay};
    const Instant bound = from + std::chrono::hours{24} * by.days;
    if (!in_range(bound)) return std::nullopt;
    at = Instant{in.read(local).first} + (from - whole);
  }
  at += by.elapsed;
  return in_range(at) ? std::optional{at} : std::nullopt;
}

}  // namespace carillon
