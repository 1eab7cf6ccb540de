#include "server/domain/notify.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/domain/nearest.h"
#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::string_view kWebhook = "webhook:";
constexpr std::string_view kEmail = "email:";
constexpr std::size_t kUrlBytesMax = 2000;

bool is_host_letter(unsigned char letter) {
  return std::isalnum(letter) != 0 || letter == '.' || letter == '-' || letter == '_';
}

// "host", "host:8080", "[::1]:8080". Strict, so that nobody who reads the address later reads another host in it.
bool is_authority(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto bracket = text.find(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = has_port ? text.substr(0, colon) : text;
  const std::string_view port = has_port ? text.substr(colon + 1) : "1";
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  if (host.starts_with('['))
    return host.size() > 2 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  return !host.empty() && std::all_of(host.begin(), host.end(), is_host_letter);
}

Result<std::string> read_webhook(std::string_view text, std::string_view pointer) {
  const std::string_view url = text.substr(kWebhook.size());
  const auto refuse = [&](const char* why) -> Error {
    Error error = invalid(why, std::string(pointer), std::string(text.substr(0, 200)));
    error.try_instead = json::array({{{"notify", {"webhook:https://example.com/hook"}}}});
    return error;
  };
  const std::size_t begin = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (begin == 0) return refuse("a webhook is written webhook:https://host/path");
  if (url.size() > kUrlBytesMax) return refuse("an address has at most 2000 bytes");
  if (std::any_of(url.begin(), url.end(), [](unsigned char letter) { return letter <= ' ' || letter >= 127; }))
    return refuse("an address is written in ASCII, without spaces; encode other characters as %…");
  if (url.find('#') != std::string_view::npos) return refuse("what stands behind # is never sent; leave it out");
  const std::string_view rest = url.substr(begin);
  if (!is_authority(rest.substr(0, rest.find_first_of("/?"))))
    return refuse("the address names no host; a user and password in front of it are not sent");
  return std::string(text);
}

constexpr std::size_t kAddressBytesMax = 254, kLocalBytesMax = 64;  // RFC 5321 §4.5.3.1

bool is_local_letter(unsigned char letter) {
  return std::isalnum(letter) != 0 ||
         std::string_view{"!#$%&'*+/=?^_`{|}~-."}.find(static_cast<char>(letter)) != std::string_view::npos;
}

Result<std::string> read_email(std::string_view text, std::string_view pointer) {
  if (is_mail_address(text.substr(kEmail.size()))) return std::string(text);
  Error error = invalid("a mail address is written email:name@host, in ASCII and without a name beside it",
                        std::string(pointer), std::string(text.substr(0, 200)));
  error.try_instead = json::array({{{"notify", {"email:anna@example.org"}}}});
  return error;
}

bool is_plain_tool_name(std::string_view name) {
  const auto dot = name.find('.');
  const auto letters = [](unsigned char letter) {
    return letter > ' ' && letter != '{' && letter != ':' && letter != 127;
  };
  return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
         std::all_of(name.begin(), name.end(), letters);
}

Result<std::string> read_tool(std::string_view text, std::string_view pointer) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::string(text);
  const json arguments = json::parse(text.substr(space), nullptr, false);
  if (arguments.is_object()) return std::string(text.substr(0, space)) + " " + arguments.dump();
  Error error = invalid("behind a tool's name stands an object with the arguments that it gets beside the text",
                        std::string(pointer), std::string(text.substr(0, 200)));
  error.try_instead = json::array({{{"notify", {R"(slack.send {"channel": "#me"})"}}}});
  return error;
}

bool is_text(const ordered_json& schema, const std::string& name) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object() || !properties->contains(name)) return false;
  const auto& property = (*properties)[name];
  return property.is_object() && property.contains("type") && property["type"] == "string";
}

std::vector<std::string> required_of(const ordered_json& schema) {
  std::vector<std::string> names;
  if (!schema.is_object() || !schema.contains("required") || !schema["required"].is_array()) return names;
  for (const auto& name : schema["required"])
    if (name.is_string()) names.push_back(name);
  return names;
}

std::vector<std::string> text_properties_of(const ordered_json& schema) {
  std::vector<std::string> names;
  if (!schema.is_object() || !schema.contains("properties") || !schema["properties"].is_object()) return names;
  for (const auto& [name, property] : schema["properties"].items())
    if (is_text(schema, name)) names.push_back(name);
  return names;
}

}  // namespace

ToolTarget tool_of_target(std::string_view target) {
  const auto space = target.find(' ');
  if (space == std::string_view::npos) return {std::string(target)};
  return {std::string(target.substr(0, space)), json::parse(target.substr(space), nullptr, false)};
}

Result<std::string> text_argument(const ordered_json& input_schema, const ToolTarget& target) {
  std::vector<std::string> wanted = required_of(input_schema), open;
  const auto is_given = [&](const std::string& name) { return target.arguments.contains(name); };
  std::erase_if(wanted, is_given);
  open = wanted;
  if (wanted.empty()) open = text_properties_of(input_schema);
  std::erase_if(open, is_given);
  if (open.size() == 1 && is_text(input_schema, open[0])) return open[0];
  std::string names;
  for (const auto& name : open) names += (names.empty() ? "" : ", ") + name;
  Error error = invalid(open.empty() ? target.tool + " has no text argument that could get what is told"
                                     : "of the arguments " + names + " of " + target.tool +
                                           " give all but the one for what is told, a text, behind its name",
                        "/notify", target.tool);
  error.try_instead = json::array({{{"notify", {target.tool + R"( {"argument": "value"})"}}}});
  return error;
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > kAddressBytesMax || at == 0 || at == std::string_view::npos || at > kLocalBytesMax) return false;
  const std::string_view local = text.substr(0, at), host = text.substr(at + 1);
  const auto dotted = [](std::string_view name) {
    return !name.empty() && name.front() != '.' && name.back() != '.' && name.find("..") == std::string_view::npos;
  };
  const auto is_host = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '-' || letter == '.'; };
  return dotted(local) && dotted(host) && std::all_of(local.begin(), local.end(), is_local_letter) &&
         std::all_of(host.begin(), host.end(), is_host);
}

std::optional<NotifyOn> notify_on_named(std::string_view name) {
  const auto* found = std::find(kNotifyOnNames.begin(), kNotifyOnNames.end(), name);
  if (found == kNotifyOnNames.end()) return std::nullopt;
  return static_cast<NotifyOn>(found - kNotifyOnNames.begin());
}

TargetKind kind_of_target(std::string_view target) {
  if (target.starts_with(kWebhook)) return TargetKind::webhook;
  if (target.starts_with(kEmail)) return TargetKind::email;
  if (target == name_of(TargetKind::desktop)) return TargetKind::desktop;
  return target == name_of(TargetKind::session) ? TargetKind::session : TargetKind::tool;
}

Result<std::string> read_notify_target(std::string_view text, std::string_view pointer) {
  for (const TargetKind kind : {TargetKind::session, TargetKind::desktop})
    if (text == name_of(kind)) return std::string(text);
  if (text.starts_with(kWebhook)) return read_webhook(text, pointer);
  if (text.starts_with(kEmail)) return read_email(text, pointer);
  if (text.size() <= kUrlBytesMax && is_plain_tool_name(text.substr(0, text.find(' '))))
    return read_tool(text, pointer);
  const auto close = nearest(text, kTargetForms);
  Error error = invalid("nothing is delivered to such a target" + did_you_mean(close), std::string(pointer),
                        std::string(text.substr(0, 200)));
  error.details["accepted"] = kTargetForms;
  return error;
}

}  // namespace carillon
