// The vocabulary of MCP: revisions, error codes, metadata keys, and what each revision knows.
//
// Values and constants only; both sides of the wire use them. Thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace carillon::transport {

// In the order they appeared, so that `revision >= Revision::v2025_06_18` reads.
enum class Revision { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

inline constexpr std::array<std::string_view, 5> kRevisionNames{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
                                                                "2026-07-28"};
inline constexpr Revision kNewestLegacy = Revision::v2025_11_25;
inline constexpr Revision kNewestModern = Revision::v2026_07_28;

constexpr std::string_view name_of(Revision revision) { return kRevisionNames[static_cast<std::size_t>(revision)]; }
constexpr std::optional<Revision> revision_named(std::string_view name) {
  for (std::size_t i = 0; i < kRevisionNames.size(); ++i)
    if (kRevisionNames[i] == name) return static_cast<Revision>(i);
  return std::nullopt;
}
constexpr bool is_modern(Revision revision) { return revision >= Revision::v2026_07_28; }

namespace rpc_code {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternal = -32603;
inline constexpr int kResourceNotFoundLegacy = -32002;  // never sent to a modern client
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kMissingCapability = -32021;
inline constexpr int kUnsupportedVersion = -32022;
}  // namespace rpc_code

namespace meta_key {
inline constexpr const char* kProtocolVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kClientCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* kClientInfo = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* kLogLevel = "io.modelcontextprotocol/logLevel";
inline constexpr const char* kServerInfo = "io.modelcontextprotocol/serverInfo";
inline constexpr const char* kSubscriptionId = "io.modelcontextprotocol/subscriptionId";
inline constexpr const char* kRelatedTask = "io.modelcontextprotocol/related-task";
inline constexpr const char* kImmediateResponse = "io.modelcontextprotocol/model-immediate-response";
inline constexpr const char* kProgressToken = "progressToken";
}  // namespace meta_key

}  // namespace carillon::transport
