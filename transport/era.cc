#include "transport/era.h"

namespace carillon::transport {
namespace {

const json* find_member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

const json* find_meta(const json& params, const char* key) {
  const json* meta = find_member(params, "_meta");
  return meta == nullptr ? nullptr : find_member(*meta, key);
}

std::string text_under(const json& object, const char* key) {
  const json* found = find_member(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

Refused refuse(int code, std::string message) { return {400, {code, std::move(message), nullptr}}; }

EraVerdict modern_or_refused(const json& version, const EraFacts& facts) {
  if (!version.is_string())
    return refuse(rpc_code::kInvalidParams, "_meta io.modelcontextprotocol/protocolVersion is a string");
  const auto& requested = version.get_ref<const std::string&>();
  if (facts.carrier == Carrier::http && facts.version_header && *facts.version_header != requested)
    return refuse(rpc_code::kHeaderMismatch, "the header MCP-Protocol-Version differs from the version in the body");
  const auto revision = revision_named(requested);
  if (!revision || !is_modern(*revision)) return Refused{400, unsupported_version(requested)};
  if (facts.carrier == Carrier::http && !facts.version_header)
    return refuse(rpc_code::kHeaderMismatch, "the header MCP-Protocol-Version is missing");
  return ModernEra{*revision};
}

EraVerdict legacy_over_http(const json_rpc::Request& request, const EraFacts& facts) {
  std::optional<Revision> named;
  if (facts.version_header) {
    named = revision_named(*facts.version_header);
    if (!named) return Refused{400, unsupported_version(*facts.version_header)};
    if (is_modern(*named))
      return refuse(rpc_code::kInvalidParams, "a request of this version needs its metadata in params._meta");
  }
  if (request.method == "initialize") return LegacyEra{};
  if (facts.handshake) return LegacyEra{*facts.handshake};
  return LegacyEra{named.value_or(Revision::v2025_03_26)};
}

}  // namespace

EraVerdict decide_era(const json_rpc::Request& request, const EraFacts& facts) {
  if (const json* version = find_meta(request.params, meta_key::kProtocolVersion))
    return modern_or_refused(*version, facts);
  if (facts.carrier == Carrier::http) return legacy_over_http(request, facts);
  if (request.method == "initialize" || request.method == "ping")
    return LegacyEra{facts.handshake.value_or(kNewestLegacy)};
  if (facts.handshake) return LegacyEra{*facts.handshake};
  return refuse(rpc_code::kInvalidParams,
                "say which version this request speaks: put io.modelcontextprotocol/protocolVersion and "
                "clientCapabilities into params._meta, or send initialize first");
}

bool has_envelope(const json_rpc::Request& request) {
  return find_meta(request.params, meta_key::kProtocolVersion) != nullptr;
}

std::variant<RequestMeta, ProtocolError> read_modern_meta(const json& params) {
  const json* capabilities = find_meta(params, meta_key::kClientCapabilities);
  if (capabilities == nullptr || !capabilities->is_object())
    return invalid_params("_meta io.modelcontextprotocol/clientCapabilities is missing or not an object");
  RequestMeta meta;
  meta.capabilities = *capabilities;
  if (const json* info = find_meta(params, meta_key::kClientInfo)) meta.client = read_client_info(*info);
  if (const json* level = find_meta(params, meta_key::kLogLevel)) {
    if (level->is_string()) meta.log_level = log_level_named(level->get_ref<const std::string&>());
    if (!meta.log_level) return invalid_params("_meta io.modelcontextprotocol/logLevel names no level");
  }
  return meta;
}

ClientInfo read_client_info(const json& info) {
  return {text_under(info, "name"), text_under(info, "version"), text_under(info, "title")};
}

TraceContext read_trace(const json& params) {
  const json* meta = find_member(params, "_meta");
  if (meta == nullptr) return {};
  return {text_under(*meta, "traceparent"), text_under(*meta, "tracestate"), text_under(*meta, "baggage")};
}

json read_progress_token(const json& params) {
  const json* token = find_meta(params, meta_key::kProgressToken);
  if (token == nullptr || !(token->is_string() || token->is_number_integer())) return nullptr;
  return *token;
}

ProtocolError unsupported_version(std::string_view requested) {
  json supported = json::array();
  for (const auto name : kRevisionNames)
    if (is_modern(*revision_named(name))) supported.push_back(name);
  return {rpc_code::kUnsupportedVersion, "this version of the protocol is not supported with per-request metadata",
          json{{"supported", std::move(supported)}, {"requested", requested}}};
}

}  // namespace carillon::transport
