#include "server/domain/ics_text.h"

#include <algorithm>
#include <optional>

#include "server/base/ascii.h"

namespace carillon {
namespace {

constexpr std::size_t kComponentDepthMax = 8;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 60)) + "\""; }

struct IcsLine {
  std::size_t number = 0;
  std::string text;
};

// A line that begins with a blank goes on where the one before ended.
std::vector<IcsLine> unfolded(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<IcsLine> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool goes_on = !lines.empty() && (line.starts_with(' ') || line.starts_with('\t'));
    if (goes_on)
      lines.back().text += line.substr(1);
    else if (!line.empty())
      lines.push_back({number, std::string(line)});
  }
  return lines;
}

// The first of `stops` outside of double quotes.
std::size_t find_unquoted(std::string_view text, std::string_view stops) {
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_quotes = !in_quotes;
    if (!in_quotes && stops.find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

std::string unquoted(std::string_view value) {
  std::string out{value};
  std::erase(out, '"');
  return out;
}

// NAME;PARAMETER=value;PARAMETER="value":value
Result<IcsProperty> property_of(const IcsLine& line) {
  std::string_view rest = line.text;
  const auto colon = find_unquoted(rest, ":");
  if (colon == std::string_view::npos)
    return ics_refusal(line.number,
                       quoted(rest) +
                           " is no NAME:value; what goes on from the line before begins with a blank, and a "
                           "line break within a text is written \\n");
  IcsProperty property{line.number, {}, {}, std::string(rest.substr(colon + 1))};
  rest = rest.substr(0, colon);
  for (bool first = true; first || !rest.empty(); first = false) {
    const auto end = find_unquoted(rest, ";");
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto equals = piece.find('=');
    if (first)
      property.name = upper_case(piece);
    else if (equals == std::string_view::npos)
      return ics_refusal(line.number, quoted(piece) + " is no parameter; write NAME=value between ; and :");
    else
      property.parameters.push_back({upper_case(piece.substr(0, equals)), unquoted(piece.substr(equals + 1))});
  }
  return property;
}

// Components that have begun and not ended, the innermost last; what has ended lies in the one around it.
class Nest {
 public:
  std::optional<Error> take(IcsProperty property) {
    if (property.name == "BEGIN") return begin(property);
    if (property.name == "END") return end(property);
    if (open_.empty())
      return ics_refusal(property.line, property.name.substr(0, 60) +
                                            " stands outside of a calendar; a calendar begins with BEGIN:VCALENDAR");
    open_.back().properties.push_back(std::move(property));
    return std::nullopt;
  }

  Result<std::vector<IcsComponent>> finished(std::size_t lines) {
    if (!open_.empty())
      return ics_refusal(lines, "the text ends within the " + open_.back().name.substr(0, 60) +
                                    " that begins in line " + std::to_string(open_.back().line) +
                                    "; it was cut off: fetch it again");
    return std::move(done_);
  }

 private:
  std::optional<Error> begin(const IcsProperty& property) {
    if (open_.size() >= kComponentDepthMax)
      return ics_refusal(property.line,
                         "components lie in each other more than " + std::to_string(kComponentDepthMax) + " deep");
    open_.push_back({property.line, upper_case(property.value)});
    return std::nullopt;
  }

  std::optional<Error> end(const IcsProperty& property) {
    if (open_.empty() || open_.back().name != upper_case(property.value)) {
      const std::string wanted =
          open_.empty() ? "nothing has begun" : "END:" + open_.back().name.substr(0, 60) + " must come first";
      return ics_refusal(property.line, "END:" + property.value.substr(0, 60) + ", but " + wanted);
    }
    IcsComponent ended = std::move(open_.back());
    open_.pop_back();
    (open_.empty() ? done_ : open_.back().components).push_back(std::move(ended));
    return std::nullopt;
  }

  std::vector<IcsComponent> open_, done_;
};

}  // namespace

std::string_view IcsProperty::parameter(std::string_view wanted) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const IcsParameter& parameter) { return parameter.name == wanted; });
  return found == parameters.end() ? std::string_view{} : std::string_view{found->value};
}

const IcsProperty* IcsComponent::find(std::string_view wanted) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const IcsProperty& property) { return property.name == wanted; });
  return found == properties.end() ? nullptr : &*found;
}

std::vector<const IcsProperty*> IcsComponent::all(std::string_view wanted) const {
  std::vector<const IcsProperty*> found;
  for (const auto& property : properties)
    if (property.name == wanted) found.push_back(&property);
  return found;
}

Error ics_refusal(std::size_t line, const std::string& message) {
  Error error{ErrorCode::arguments_invalid, "line " + std::to_string(line) + ": " + message, "/ics"};
  error.details["line"] = line;
  return error;
}

Result<std::vector<IcsComponent>> parse_ics(std::string_view text) {
  const auto lines = unfolded(text);
  Nest nest;
  for (const auto& line : lines) {
    auto property = property_of(line);
    if (!property) return property.error();
    if (auto wrong = nest.take(*std::move(property))) return *std::move(wrong);
  }
  auto all = nest.finished(lines.empty() ? 1 : lines.back().number);
  if (!all) return all;
  std::erase_if(*all, [](const IcsComponent& component) { return component.name != "VCALENDAR"; });
  if (all->empty())
    return ics_refusal(1,
                       "there is no calendar in the text; one begins with BEGIN:VCALENDAR and ends with END:VCALENDAR");
  return all;
}

}  // namespace carillon
