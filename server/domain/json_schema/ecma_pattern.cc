#include "server/domain/json_schema/ecma_pattern.h"

#include <array>
#include <cstdint>
#include <optional>

#include "server/base/ascii.h"

namespace carillon::json_schema {
namespace {

// ECMA's WhiteSpace and LineTerminator, as the inside of a PCRE2 class.
constexpr std::string_view kSpace =
    "\\x{09}-\\x{0d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
constexpr std::string_view kAnything = "(?s:.)";

struct CategoryName {
  std::string_view in_full;
  std::string_view in_short;
};
constexpr CategoryName kCategories[] = {
    {"Letter", "L"},
    {"Cased_Letter", "L&"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
};

std::string category(std::string_view name) {
  for (const auto& known : kCategories) {
    if (known.in_full == name) return std::string{known.in_short};
  }
  return std::string{name};
}

std::string code_point(std::uint32_t value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kHex[value % 16]);
    value /= 16;
  } while (value > 0);
  return "\\x{" + digits + "}";
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (!done() && !fault_) step();
    if (fault_) return Error{ErrorCode::arguments_invalid, *fault_ + " (at character " + std::to_string(at_ + 1) + ")"};
    return std::move(out_);
  }

 private:
  bool done() const { return at_ >= pattern_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  bool starts(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  void fail(std::string_view message) {
    if (!fault_) fault_.emplace(message);
  }
  void fail_at_escape(char escaped, std::string_view message) {
    std::string text;
    text.reserve(message.size() + 2);
    text.push_back('\\');
    text.push_back(escaped);
    text.append(message);
    fail(text);
  }

  void step() {
    const char c = peek();
    if (c == '\\') return step_escape();
    if (c == '[') return step_class();
    if (c == '(') return step_group();
    if (is_one_of(c, "*+?") || (c == '{' && brace_quantifier() > 0)) return step_quantifier();
    ++at_;
    if (c == '.') {
      out_ += "[^\\n\\r\\x{2028}\\x{2029}]";
    } else if (c == '{') {
      out_ += "\\{";
    } else {
      out_ += c;
    }
  }

  // The length of `{2}`, `{2,}` or `{2,5}` from here; 0 when it is none.
  std::size_t brace_quantifier() const {
    std::size_t i = 1;
    const auto digits = [&] {
      const std::size_t from = i;
      while (is_digit(peek(i))) ++i;
      return i > from;
    };
    if (!digits()) return 0;
    if (peek(i) == ',') {
      ++i;
      digits();
    }
    return peek(i) == '}' ? i + 1 : 0;
  }

  void step_quantifier() {
    const std::size_t length = peek() == '{' ? brace_quantifier() : 1;
    out_ += pattern_.substr(at_, length);
    at_ += length;
    if (peek() == '?') {
      out_ += '?';
      ++at_;
    }
    if (is_one_of(peek(), "*+?") && !done()) fail("there is nothing to repeat: escape the character or remove it");
    if (peek() == '{' && brace_quantifier() > 0) fail("there is nothing to repeat: escape the { or remove it");
  }

  void step_group() {
    ++at_;
    out_ += '(';
    if (peek() == '*') return fail("there is nothing to repeat: escape the *");
    if (peek() != '?') return;
    const bool named = starts("?<") && !starts("?<=") && !starts("?<!");
    if (!named && !starts("?:") && !starts("?=") && !starts("?!") && !starts("?<=") && !starts("?<!")) {
      return fail("this kind of group is not known: use (?:…), (?=…), (?!…), (?<=…), (?<!…) or (?<name>…)");
    }
    const std::size_t length = peek(1) == '<' && !named ? 3 : 2;
    out_ += pattern_.substr(at_, length);
    at_ += length;
  }

  void step_escape() {
    ++at_;
    const char c = peek();
    if (is_one_of(c, "dDwWbB") && !done()) {
      out_ += std::string{"\\"} + c;
      ++at_;
    } else if (c == 's' || c == 'S') {
      out_ += (c == 's' ? "[" : "[^") + std::string{kSpace} + "]";
      ++at_;
    } else if (c >= '1' && c <= '9') {
      out_ += "\\g{";
      while (is_digit(peek())) out_ += pattern_[at_++];
      out_ += '}';
    } else if (c == 'k' && peek(1) == '<') {
      const auto end = pattern_.find('>', at_);
      if (end == std::string_view::npos) return fail("\\k needs a name: write \\k<name>");
      out_ += "\\" + std::string{pattern_.substr(at_, end + 1 - at_)};
      at_ = end + 1;
    } else {
      out_ += character_escape();
    }
  }

  // An escape that means the same inside and outside a class; stands behind the backslash.
  std::string character_escape() {
    if (done()) {
      fail("a backslash needs something to escape: write \\\\");
      return {};
    }
    const char c = pattern_[at_++];
    switch (c) {
      case 't':
        return "\\x{9}";
      case 'n':
        return "\\x{a}";
      case 'v':
        return "\\x{b}";
      case 'f':
        return "\\x{c}";
      case 'r':
        return "\\x{d}";
      case '0':
        if (is_digit(peek())) fail("octal escapes are not known: write \\u0001");
        return "\\x{0}";
      case 'c':
        return control_escape();
      case 'x':
        return code_point(hex_digits(2));
      case 'u':
        return unicode_escape();
      case 'p':
      case 'P':
        return property_escape(c);
      default:
        break;
    }
    if (is_letter(c) || is_digit(c)) fail_at_escape(c, " means nothing in ECMA-262: remove the backslash");
    return static_cast<unsigned char>(c) < 128 ? std::string{"\\"} + c : std::string{c};
  }

  std::string control_escape() {
    if (!is_letter(peek())) {
      fail("\\c needs a letter");
      return {};
    }
    return code_point(static_cast<std::uint32_t>(pattern_[at_++]) % 32);
  }

  std::uint32_t hex_digits(std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = peek();
      if (!is_digit(c) && !is_one_of(static_cast<char>(c | 0x20), "abcdef")) {
        fail("needs " + std::to_string(count) + " hexadecimal digits");
        return 0;
      }
      value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      ++at_;
    }
    return value;
  }

  std::string unicode_escape() {
    if (peek() == '{') {
      const auto end = pattern_.find('}', at_);
      if (end == std::string_view::npos || end == at_ + 1 || end > at_ + 7) {
        fail("\\u{…} needs one to six hexadecimal digits");
        return {};
      }
      ++at_;
      const std::uint32_t value = hex_digits(end - at_);
      if (value > 0x10FFFF) fail("is beyond the last character of Unicode");
      ++at_;
      return code_point(value);
    }
    const std::uint32_t high = hex_digits(4);
    if (high < 0xD800 || high > 0xDFFF) return code_point(high);
    if (high > 0xDBFF || !starts("\\u")) {
      fail("is half a surrogate pair: write both halves");
      return {};
    }
    at_ += 2;
    const std::uint32_t low = hex_digits(4);
    if (low < 0xDC00 || low > 0xDFFF) fail("is half a surrogate pair: write both halves");
    return code_point(0x10000 + ((high - 0xD800) << 10U) + ((low - 0xDC00) & 0x3FFU));
  }

  std::string property_escape(char p) {
    const auto end = pattern_.find('}', at_);
    if (peek() != '{' || end == std::string_view::npos || end == at_ + 1) {
      fail_at_escape(p, " needs a property: write \\p{Letter}");
      return {};
    }
    const std::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    const auto equals = inside.find('=');
    const std::string_view value = equals == std::string_view::npos ? inside : inside.substr(equals + 1);
    const std::string_view name = equals == std::string_view::npos ? std::string_view{} : inside.substr(0, equals);
    std::string property = category(value);
    if (name == "Script" || name == "sc") property = "sc:" + std::string{value};
    if (name == "Script_Extensions" || name == "scx") property = "scx:" + std::string{value};
    return std::string{"\\"} + p + "{" + property + "}";
  }

  void step_class() {
    ++at_;
    const bool negated = peek() == '^' && !done();
    if (negated) ++at_;
    std::string inside;
    bool has_non_space = false;
    bool after_set = false;  // a `-` next to \d and the like is no range
    while (!done() && peek() != ']' && !fault_) {
      if (starts("\\S")) {
        has_non_space = true;
        after_set = true;
        at_ += 2;
      } else {
        inside += class_item(after_set);
      }
    }
    if (done()) return fail("a [ is never closed: add ] or escape the [");
    ++at_;
    out_ += class_of(inside, negated, has_non_space);
  }

  static std::string class_of(const std::string& inside, bool negated, bool has_non_space) {
    if (!has_non_space) {
      if (inside.empty()) return negated ? std::string{kAnything} : "(?!)";
      return (negated ? "[^" : "[") + inside + "]";
    }
    const std::string space{kSpace};
    if (inside.empty()) return (negated ? "[" : "[^") + space + "]";
    const std::string either = "(?:[" + inside + "]|[^" + space + "])";
    return negated ? "(?:(?!" + either + ")" + std::string{kAnything} + ")" : either;
  }

  std::string class_item(bool& after_set) {
    const char c = pattern_[at_++];
    const bool was_after_set = std::exchange(after_set, false);
    if (c == '-') {
      const bool before_set = peek() == '\\' && is_one_of(peek(1), "dDwWsSpP");
      return was_after_set || before_set ? "\\-" : "-";
    }
    if (c == '[' || c == '^') return std::string{"\\"} + c;
    if (c != '\\') return std::string{c};
    const char escaped = peek();
    after_set = is_one_of(escaped, "dDwWspP") && !done();
    if (is_one_of(escaped, "dDwW") && !done()) {
      ++at_;
      return std::string{"\\"} + escaped;
    }
    if (escaped == 's' || escaped == 'b') {
      ++at_;
      return escaped == 's' ? std::string{kSpace} : "\\x{8}";
    }
    return character_escape();
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
  std::optional<std::string> fault_;
};

}  // namespace

Result<std::string> pcre_from_ecma(std::string_view pattern) { return Translator{pattern}.run(); }

}  // namespace carillon::json_schema
