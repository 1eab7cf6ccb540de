#include "server/domain/jmespath/lexer.h"

#include <charconv>
#include <optional>

#include "server/base/ascii.h"
#include "server/domain/jmespath/fault.h"

namespace carillon::jmespath {
namespace {

struct Symbol {
  std::string_view text;
  TokenKind kind;
};
// The longer of two that begin alike comes first.
constexpr Symbol kSymbols[] = {
    {"[]", TokenKind::flatten},      {"[?", TokenKind::filter},     {"[", TokenKind::left_bracket},
    {"]", TokenKind::right_bracket}, {"(", TokenKind::left_paren},  {")", TokenKind::right_paren},
    {"{", TokenKind::left_brace},    {"}", TokenKind::right_brace}, {"||", TokenKind::either},
    {"|", TokenKind::pipe},          {"&&", TokenKind::both},       {"&", TokenKind::ampersand},
    {"==", TokenKind::equal},        {"!=", TokenKind::unequal},    {"!", TokenKind::negation},
    {"<=", TokenKind::at_most},      {"<", TokenKind::less},        {">=", TokenKind::at_least},
    {">", TokenKind::more},          {".", TokenKind::dot},         {"*", TokenKind::star},
    {",", TokenKind::comma},         {":", TokenKind::colon},       {"@", TokenKind::current},
};

bool begins_name(char c) { return is_letter(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ >= text_.size()) break;
      step();
      if (fault_) return *fault_;
    }
    tokens_.push_back({TokenKind::end, text_.size()});
    return std::move(tokens_);
  }

 private:
  void fail(std::string message) { fault_ = fault_error(Fault::syntax, at_, std::move(message)); }

  void push(TokenKind kind, std::size_t length, json value = nullptr) {
    tokens_.push_back({kind, at_, std::move(value)});
    at_ += length;
  }

  void step() {
    const char c = text_[at_];
    if (begins_name(c)) return step_name();
    if (is_digit(c) || c == '-') return step_number();
    if (c == '"') return step_quoted_name();
    if (c == '\'') return step_raw_string();
    if (c == '`') return step_literal();
    for (const auto& symbol : kSymbols) {
      if (text_.substr(at_).starts_with(symbol.text)) return push(symbol.kind, symbol.text.size());
    }
    if (c == '=') return fail("a single = means nothing: compare with ==");
    fail("this character means nothing here: put names with it into \"…\"");
  }

  void step_name() {
    std::size_t end = at_;
    while (end < text_.size() && (begins_name(text_[end]) || is_digit(text_[end]))) ++end;
    push(TokenKind::name, end - at_, std::string{text_.substr(at_, end - at_)});
  }

  void step_number() {
    std::int64_t value = 0;
    const char* const first = text_.data() + at_;
    const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) return fail("this number is too large for an index");
    if (error != std::errc{}) return fail("- needs digits: there is no subtraction");
    push(TokenKind::number, static_cast<std::size_t>(last - first), value);
  }

  // The position of the closing mark, jumping over escaped characters; nothing when it is missing.
  std::optional<std::size_t> closing(char mark) const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == mark) return i;
      if (text_[i] == '\\') ++i;
    }
    return std::nullopt;
  }

  void step_quoted_name() {
    const auto end = closing('"');
    if (!end) return fail("this \" is never closed");
    const json name = json::parse(text_.substr(at_, *end + 1 - at_), nullptr, false);
    if (!name.is_string()) return fail("this is no JSON string: escape with \\\\ and \\u0041");
    push(TokenKind::quoted_name, *end + 1 - at_, name);
  }

  static std::string unescaped(std::string_view text, char mark) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escape = text[i] == '\\' && i + 1 < text.size();
      if (escape && text[i + 1] == mark) continue;
      out += text[i];
      if (escape) out += text[++i];
    }
    return out;
  }

  void step_raw_string() {
    const auto end = closing('\'');
    if (!end) return fail("this ' is never closed");
    push(TokenKind::literal, *end + 1 - at_, unescaped(text_.substr(at_ + 1, *end - at_ - 1), '\''));
  }

  void step_literal() {
    const auto end = closing('`');
    if (!end) return fail("this ` is never closed");
    const std::string text = unescaped(text_.substr(at_ + 1, *end - at_ - 1), '`');
    const auto first = text.find_first_not_of(" \t\r\n");
    json value = json::parse(text, nullptr, false);
    // Old expressions leave out the quotes of a string: `running`.
    if (value.is_discarded() && first != std::string::npos) {
      value = json::parse("\"" + text.substr(first) + "\"", nullptr, false);
    }
    if (value.is_discarded()) return fail("between ` and ` there must be a JSON value");
    push(TokenKind::literal, *end + 1 - at_, std::move(value));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  std::optional<Error> fault_;
};

}  // namespace

Result<std::vector<Token>> tokens_of(std::string_view expression) { return Lexer{expression}.run(); }

}  // namespace carillon::jmespath
