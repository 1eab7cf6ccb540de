// Which era of MCP a request belongs to, decided from the request itself and from what carried it, per request.
//
// A request with the modern envelope is modern wherever it comes from; others are legacy by their handshake, session or
// version header, or are refused with the error and HTTP status that a client of either era understands.
// Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "transport/json_rpc.h"
#include "transport/protocol.h"
#include "transport/request_context.h"

namespace carillon::transport {

enum class Carrier { stream, http };

// What stands around a message.
struct EraFacts {
  Carrier carrier = Carrier::stream;
  std::optional<std::string> version_header{};  // MCP-Protocol-Version, over HTTP
  std::optional<Revision> handshake{};          // what this peer agreed on in `initialize`
};

struct ModernEra {
  Revision revision = kNewestModern;
};
struct LegacyEra {
  Revision revision = kNewestLegacy;
};
struct Refused {
  int status = 400;
  ProtocolError error;
};
using EraVerdict = std::variant<ModernEra, LegacyEra, Refused>;

EraVerdict decide_era(const json_rpc::Request& request, const EraFacts& facts);
// Whether it names a version in its metadata, which makes it modern wherever it comes from.
bool has_envelope(const json_rpc::Request& request);

// The per-request metadata of a modern request.
struct RequestMeta {
  ClientInfo client;
  json capabilities = json::object();
  std::optional<LogLevel> log_level{};
};
std::variant<RequestMeta, ProtocolError> read_modern_meta(const json& params);

ClientInfo read_client_info(const json& info);
TraceContext read_trace(const json& params);
// params._meta.progressToken if it is a string or an integer; null otherwise.
json read_progress_token(const json& params);

// Our answer to a version we do not speak: what we do.
ProtocolError unsupported_version(std::string_view requested);

}  // namespace carillon::transport
