#include "catalog/http_tools.h"

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "catalog/reply.h"
#include "server/base/ascii.h"
#include "server/base/json_text.h"
#include "server/base/mask.h"
#include "server/domain/template.h"
#include "server/outbound/transfer.h"
#include "transport/allowed_hosts.h"
#include "transport/webhook_signature.h"

namespace carillon::catalog {
namespace {

struct Method {
  const char* tool;
  const char* verb;
  Effect effect;
  bool has_body;
  const char* title;
};

constexpr std::array<Method, 6> kMethods{{
    {"http_get", "GET", Effect::read, false, "Get from an address"},
    {"http_head", "HEAD", Effect::read, false, "Look at an address"},
    {"http_put", "PUT", Effect::idempotent, true, "Put to an address"},
    {"http_delete", "DELETE", Effect::idempotent, true, "Delete at an address"},
    {"http_post", "POST", Effect::destructive, true, "Post to an address"},
    {"http_patch", "PATCH", Effect::destructive, true, "Patch at an address"},
}};

constexpr const char* kProperties = R"({
  "url": {"type": "string", "description": "an https address on a host that the configuration allows", "maxLength": 8000},
  "headers": {"type": "object", "maxProperties": 100, "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"},
    "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 8000}},
  "secret_headers": {"type": "object", "maxProperties": 20, "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"},
    "additionalProperties": {"type": "object", "properties": {
      "secret": {"type": "string", "description": "its name in the vault"}, "before": {"type": "string", "maxLength": 1000},
      "after": {"type": "string", "maxLength": 1000}}, "required": ["secret"], "additionalProperties": false}},
  "expect_status": {"type": ["integer", "string", "array"], "description": "what is a success: 201, \"2xx\" (the default), or a list",
    "minimum": 100, "maximum": 599, "pattern": "^[1-5]xx$",
    "items": {"type": ["integer", "string"], "minimum": 100, "maximum": 599, "pattern": "^[1-5]xx$"}, "minItems": 1, "maxItems": 50}})";

ordered_json schema_of(const Method& method) {
  ordered_json properties = ordered_json::parse(kProperties);
  if (method.has_body) properties["body"] = {{"description", "a text is sent as it is, anything else as JSON"}};
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"url"}},
          {"additionalProperties", false}};
}

// Headers that belong to the connection, or that we write ourselves.
constexpr auto kOurs = std::to_array<std::string_view>(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect",
     "proxy-authorization", "proxy-connection", "idempotency-key", "traceparent", "webhook-id", "webhook-timestamp",
     "webhook-signature"});

// Where the address leads, and which of the allowed hosts lets it.
struct Way {
  transport::HttpAddress address;
  std::string host;
  transport::Reach reach = transport::Reach::public_only;
};

Result<Way> way_to(const std::string& url, const std::vector<std::string>& hosts, const std::string& settings) {
  const auto address = transport::parse_http_address(url);
  if (!address) return Error{ErrorCode::arguments_invalid, "the url must be an https or http address", "/url"};
  const auto host = std::find_if(hosts.begin(), hosts.end(),
                                 [&](const auto& each) { return transport::allowed_address(url, {each}).has_value(); });
  if (host == hosts.end())
    return Error{ErrorCode::not_allowed,
                 "the configuration does not let requests reach " + address->host + " (" + settings + ")", "/url"};
  Way way{*address, *host};
  if (transport::may_be_private(*address, {*host}))
    way.reach = transport::Reach::anywhere;
  else if (!address->origin.starts_with("https:"))
    return Error{ErrorCode::not_allowed,
                 "requests go over https; http only to a host that is allowed with its port (" + settings + ")",
                 "/url"};
  return way;
}

// The value of a header; an error where it could end the header or begin another.
Result<std::string> header_line(const std::string& name, const std::string& value) {
  const std::string pointer = "/headers/" + name;
  if (std::find(kOurs.begin(), kOurs.end(), lower_case(name)) != kOurs.end())
    return Error{ErrorCode::arguments_invalid, "the header " + name + " is written by Carillon; leave it out", pointer};
  if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return (c < ' ' && c != '\t') || c == 127; }))
    return Error{ErrorCode::arguments_invalid, "a header holds one line without control characters", pointer};
  const bool is_empty = value.find_first_not_of(" \t") == std::string::npos;
  return is_empty ? name + ";" : name + ": " + value;
}

bool is_expected(const json& wanted, int status) {
  if (wanted.is_array())
    return std::any_of(wanted.begin(), wanted.end(), [&](const json& each) { return is_expected(each, status); });
  if (wanted.is_string()) return wanted.get_ref<const std::string&>().front() == '0' + status / 100;
  return wanted == status;
}

bool is_json(std::string_view content_type) {
  const auto end = content_type.find_first_of("; ");
  const std::string kind = lower_case(content_type.substr(0, end));
  return kind == "application/json" || kind == "text/json" || kind.ends_with("+json");
}

bool is_utf8(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)) == text;
}

// The members that are texts and hold no templates; of anything but an object, none.
std::vector<std::pair<std::string, std::string>> texts_of(const json& value) {
  std::vector<std::pair<std::string, std::string>> texts;
  if (!value.is_object()) return texts;
  for (const auto& [name, member] : value.items())
    if (member.is_string() && !has_template(member)) texts.emplace_back(name, member.get<std::string>());
  return texts;
}

class HttpTool {
 public:
  HttpTool(const Method& method, const HttpToolParts& parts) : method_(method), parts_(parts) {
    hosts_ = parts.options.http_hosts;
    if (method.effect == Effect::read)
      hosts_.insert(hosts_.end(), parts.options.http_get_hosts.begin(), parts.options.http_get_hosts.end());
  }

  std::optional<Error> off() const {
    if (!hosts_.empty()) return std::nullopt;
    return Error{ErrorCode::not_allowed, "carillon." + std::string{method_.tool} +
                                             " is off: allow hosts in the configuration (" + settings() + ")"};
  }

  Result<Destination> destination(const ToolCall& call) const {
    const auto way = way_to(call.arguments.at("url").get<std::string>(), hosts_, settings());
    if (!way) return way.error();
    return Destination{"http:" + way->host, static_cast<std::size_t>(threads_of_one_server(parts_.options))};
  }

  // Of arguments that no schema may have judged yet.
  Status check(const json& arguments) const {
    for (const auto& [name, value] : texts_of(arguments.value("headers", json())))
      if (const auto line = header_line(name, value); !line) return line.error();
    const json url = arguments.value("url", json());
    if (!url.is_string() || has_template(url)) return Done{};
    if (const auto way = way_to(url.get<std::string>(), hosts_, settings()); !way) return way.error();
    const json secrets = arguments.value("secret_headers", json());
    if (!secrets.is_object()) return Done{};
    for (const json& header : secrets)
      for (const auto& [member, secret] : texts_of(header))
        if (auto sent = member == "secret" ? may_send(secret, url.get<std::string>()) : Done{}; !sent)
          return sent.error();
    return Done{};
  }

  ToolReply run(const ToolCall& call, const std::stop_token& stop) const {
    auto request = request_of(call);
    if (!request) return refused_reply(request.error());
    const auto way = way_to(request->url, hosts_, settings());
    if (!way) return refused_reply(way.error());
    const outbound::TransferLimits limits{.timeout = call.timeout,
                                          .answer_bytes_max = parts_.options.http_get_bytes_max,
                                          .keep = outbound::Keep::all,
                                          .reach = way->reach,
                                          .ca_file = parts_.options.ca_file};
    return reply_to(call, way->address, outbound::exchange(*request, limits, stop));
  }

 private:
  std::string settings() const {
    return method_.effect == Effect::read ? "catalog.http_hosts or catalog.http_get_hosts" : "catalog.http_hosts";
  }

  Result<outbound::Request> request_of(const ToolCall& call) const {
    const json& arguments = call.arguments;
    outbound::Request request{.method = method_.verb, .url = arguments.at("url"), .headers = {}};
    // What stands behind # is for readers of the answer.
    request.url = request.url.substr(0, request.url.find('#'));
    if (auto done = add_headers(arguments, request); !done) return done.error();
    const json body = arguments.value("body", json());
    if (!body.is_null())
      request.body =
          body.is_string() ? body.get<std::string>() : body.dump(-1, ' ', false, json::error_handler_t::replace);
    if (request.body && !has_header(request, "content-type"))
      request.headers.push_back(body.is_string() ? "content-type: text/plain; charset=utf-8"
                                                 : "content-type: application/json");
    // libcurl would name the kind of an empty body, too.
    if (!request.body && method_.has_body) {
      request.body = "";
      if (!has_header(request, "content-type")) request.headers.emplace_back("content-type:");
    }
    request.headers.emplace_back("expect:");  // no wait for a "100 Continue"
    if (!call.traceparent.empty()) request.headers.push_back("traceparent: " + call.traceparent);
    if (method_.effect != Effect::read && !call.idempotency_key.empty())
      request.headers.push_back("idempotency-key: " + call.idempotency_key);
    sign(call, request);
    return request;
  }

  Status add_headers(const json& arguments, outbound::Request& request) const {
    const json plain = arguments.value("headers", json::object());
    for (const auto& [name, value] : plain.items()) {
      auto line = header_line(name, value.is_string() ? value.get<std::string>() : value.dump());
      if (!line) return line.error();
      request.headers.push_back(*std::move(line));
    }
    const json with_secrets = arguments.value("secret_headers", json::object());
    for (const auto& [name, what] : with_secrets.items()) {
      const auto secret = secret_for(what.at("secret").get<std::string>(), request.url);
      if (!secret) return secret.error();
      auto line = header_line(name, what.value("before", "") + *secret + what.value("after", ""));
      if (!line) return line.error();
      request.headers.push_back(*std::move(line));
    }
    return Done{};
  }

  Result<std::string> secret_for(const std::string& name, const std::string& url) const {
    if (auto sent = may_send(name, url); !sent) return sent.error();
    return parts_.vault.read(Shelf::secrets, name);
  }

  // `name@host`, the host as in the lists of allowed ones.
  Status may_send(const std::string& name, const std::string& url) const {
    const bool is_allowed =
        std::any_of(parts_.options.http_secrets.begin(), parts_.options.http_secrets.end(), [&](const auto& entry) {
          const auto at = entry.rfind('@');
          return at != std::string::npos && entry.substr(0, at) == name &&
                 transport::allowed_address(url, {entry.substr(at + 1)}).has_value();
        });
    if (is_allowed) return Done{};
    return Error{
        ErrorCode::not_allowed,
        "the configuration does not let the secret \"" + name + "\" go there (catalog.http_secrets: name@host)",
        "/headers"};
  }

  static bool has_header(const outbound::Request& request, std::string_view name) {
    return std::any_of(request.headers.begin(), request.headers.end(), [&](const std::string& line) {
      return lower_case(line.substr(0, line.find_first_of(":;"))) == name;
    });
  }

  // The address has one secret whatever stands behind its `?`.
  void sign(const ToolCall& call, outbound::Request& request) const {
    if (parts_.signing_key.empty()) return;
    const std::string id = call.idempotency_key.empty() ? "carillon" : call.idempotency_key;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::string timestamp = std::to_string(std::chrono::floor<std::chrono::seconds>(now).count());
    const std::string secret = transport::webhook_secret(
        parts_.signing_key, call.tenant.str() + "\n" + request.url.substr(0, request.url.find('?')));
    const transport::WebhookDelivery delivery{id, timestamp, request.body ? *request.body : std::string_view{}};
    request.headers.push_back("webhook-id: " + id);
    request.headers.push_back("webhook-timestamp: " + timestamp);
    request.headers.push_back("webhook-signature: " + transport::sign_webhook(secret, delivery));
  }

  ToolReply reply_to(const ToolCall& call, const transport::HttpAddress& address,
                     const outbound::Answer& answer) const {
    if (answer.status == 0) return silent_reply(address, answer);
    const bool is_text = is_utf8(answer.body);
    const std::string text =
        is_text ? answer.body : "(" + std::to_string(answer.body.size()) + " bytes that are no text)";
    ToolReply reply = text_reply(text);
    json headers = json::object();
    for (const auto& [name, value] : answer.headers) {
      const std::string shown = is_utf8(value) ? value : "(no text)";
      headers[name] = headers.contains(name) ? headers[name].get<std::string>() + ", " + shown : shown;
    }
    json body = text;
    if (is_text && !answer.cut && is_json(headers.value("content-type", "")))
      if (auto read = read_json(answer.body, "the body")) body = *std::move(read);
    reply.structured = mask_secrets(json{
        {"status", answer.status}, {"headers", std::move(headers)}, {"body", std::move(body)}, {"cut", answer.cut}});
    if (!is_expected(call.arguments.value("expect_status", json("2xx")), answer.status))
      judge(address, answer, is_text ? text : "", reply);
    return reply;
  }

  // What a server did before it answered 5xx nobody knows, but where it says that it did nothing.
  void judge(const transport::HttpAddress& address, const outbound::Answer& answer, const std::string& text,
             ToolReply& reply) const {
    const int status = answer.status;
    const bool did_nothing = status == 429 || status == 501 || status == 503;
    reply.failure = status == 429   ? ErrorClass::rate_limited
                    : status >= 500 ? ErrorClass::unavailable
                    : status == 401 ? ErrorClass::needs_sign_in
                                    : ErrorClass::tool_error;
    reply.arrived = did_nothing ? Arrived::no : Arrived::maybe;
    reply.retry_after = answer.retry_after;
    reply.message = address.origin + " answered " + std::to_string(status);
    if (status >= 300 && status < 400) reply.message += ", and redirects are not followed";
    if (status == 401) reply.message += "; put what it wants into a header (catalog.http_secrets)";
    if (!text.empty()) reply.message += ": " + shortened(text, kExcerptBytesMax);
    reply.message = mask_secrets(reply.message);
  }

  static ToolReply silent_reply(const transport::HttpAddress& address, const outbound::Answer& answer) {
    const ErrorClass why = answer.silence == outbound::Silence::timeout     ? ErrorClass::timeout
                           : answer.silence == outbound::Silence::stopped   ? ErrorClass::cancelled
                           : answer.silence == outbound::Silence::forbidden ? ErrorClass::not_allowed
                                                                            : ErrorClass::unavailable;
    return failed_reply(why, "no answer from " + address.host + ": " + answer.problem,
                        answer.may_have_arrived ? Arrived::maybe : Arrived::no);
  }

  const Method method_;
  const HttpToolParts parts_;
  std::vector<std::string> hosts_;
};

}  // namespace

std::vector<BuiltInTool> http_tools(const HttpToolParts& parts) {
  std::vector<BuiltInTool> tools;
  for (const Method& method : kMethods) {
    const auto tool = std::make_shared<HttpTool>(method, parts);
    tools.push_back({.name = method.tool,
                     .title = method.title,
                     .description = std::string{"A "} + method.verb +
                                    " over HTTP to a host that the configuration allows; its result is "
                                    "{status, headers, body}.",
                     .input_schema = schema_of(method),
                     .effect = method.effect,
                     .needs_network = true,
                     .check = [tool](const json& arguments) { return tool->check(arguments); },
                     .off = tool->off(),
                     .destination = [tool](const ToolCall& call) { return tool->destination(call); },
                     .run = [tool](const ToolCall& call, const auto& stop) { return tool->run(call, stop); }});
  }
  return tools;
}

}  // namespace carillon::catalog
