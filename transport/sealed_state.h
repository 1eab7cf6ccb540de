// Sealed state: what a server gives a client to keep between the rounds of one request (requestState), such that the
// client can neither read nor change it, nor use it for another request, as another caller, or later than allowed.
//
// AES-256-GCM under a key of this object; caller, method and main parameters are authenticated with it. The server
// keeps nothing, so any instance that shares the key can finish the request. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "transport/request_context.h"

namespace carillon::transport {

// What a sealed state is bound to.
struct StateBinding {
  Principal principal;
  std::string_view method;
  const json* params;  // those of the request, without the round's own members and metadata
};

class StateSealer {
 public:
  // An empty secret: a random key, valid while this process lives.
  StateSealer(std::string_view secret, std::chrono::seconds lifetime, const Clock& clock);

  std::string seal(const json& state, const StateBinding& binding) const;
  // Nothing if it was tampered with, is of another request or caller, or has expired.
  std::optional<json> open(std::string_view sealed, const StateBinding& binding) const;

 private:
  std::string key_;
  std::chrono::seconds lifetime_;
  const Clock& clock_;
};

// `bytes` of cryptographic randomness, and the same as text that may stand in a header or an address.
std::string random_bytes(std::size_t bytes);
std::string random_token(std::size_t bytes);

}  // namespace carillon::transport
