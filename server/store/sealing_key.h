// The keys that all daemons of a database share, so that what one sealed another can open: made by a migration, never
// changed, never shown. The login of the callers cannot read them.
#pragma once

#include <string>

#include "server/store/store.h"

namespace carillon {

inline constexpr char kRequestStateKey[] = "request_state";  // seals what MCP clients keep between rounds of a request
inline constexpr char kWebhookKey[] = "webhook";             // the secrets of webhooks are made from it

// 32 bytes. Throws where the database has no such key: it was not migrated, or somebody deleted it.
std::string read_sealing_key(Store& store, const char* name);

}  // namespace carillon
