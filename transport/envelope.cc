#include "transport/envelope.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/json.h"

namespace carillon::transport {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A place in the text; every function moves it on and answers false where the text is no JSON.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  std::string_view since(std::size_t from) const { return text_.substr(from, at_ - from); }

  // The next character that is no space; 0 at the end.
  char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  bool skip_text() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }

  bool skip_value() {
    const char first = peek();
    if (first == '"') return skip_text();
    if (first == '{' || first == '[') return skip_nested();
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' && !is_space(text_[at_])) ++at_;
    return at_ > from;
  }

 private:
  bool skip_nested() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '"':
          if (!skip_text()) return false;
          continue;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (--depth == 0) {
            ++at_;
            return true;
          }
          break;
        default:
          break;
      }
      ++at_;
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

void note(Envelope& envelope, std::string_view name, std::string_view value) {
  if (name == "\"id\"") envelope.id = value;
  if (name == "\"method\"" && value.front() == '"') envelope.method = value;
  if (name == "\"result\"" || name == "\"error\"") envelope.is_response = true;
}

bool is_known(const Envelope& envelope) {
  return !envelope.id.empty() && (!envelope.method.empty() || envelope.is_response);
}

bool is_plain_number(std::string_view id) {
  if (id.starts_with('-')) id.remove_prefix(1), id = id == "0" ? std::string_view{} : id;
  constexpr std::size_t kDigitsMax = 18;  // more may not fit, and are read in full
  return !id.empty() && id.size() <= kDigitsMax && (id == "0" || id.front() != '0') &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_plain_text(std::string_view id) {
  return id.size() >= 2 && id.front() == '"' &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace

std::optional<Envelope> read_envelope(std::string_view text, Reading reading) {
  TextCursor cursor{text};
  Envelope envelope;
  if (!cursor.take('{')) return std::nullopt;
  if (cursor.take('}')) return envelope;
  do {
    if (cursor.peek() != '"') return std::nullopt;
    const std::size_t name_at = cursor.at();
    if (!cursor.skip_text()) return std::nullopt;
    const std::string_view name = cursor.since(name_at);
    if (!cursor.take(':') || cursor.peek() == '\0') return std::nullopt;
    const std::size_t value_at = cursor.at();
    if (reading == Reading::until_known && (name == "\"result\"" || name == "\"error\"")) {
      envelope.is_response = true;
      if (is_known(envelope)) return envelope;
    }
    if (!cursor.skip_value()) return std::nullopt;
    note(envelope, name, cursor.since(value_at));
    if (reading == Reading::until_known && is_known(envelope)) return envelope;
  } while (cursor.take(','));
  if (!cursor.take('}') || cursor.peek() != '\0') return std::nullopt;
  return envelope;
}

std::string plain_id(std::string_view id) {
  if (is_plain_number(id) || is_plain_text(id)) return std::string{id};
  const json read = json::parse(id, nullptr, false);
  if (!read.is_string() && !read.is_number_integer()) return "";
  return read.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace carillon::transport
