// One plain HTTP request, bounded in time and size, that cannot be talked into reaching somewhere else: redirects are
// not followed, and the name is resolved once, checked, and connected to by the very address that was checked.
//
// Blocks; for the threads of a BlockingPool. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon::transport {

enum class Reach { public_only, anywhere };

struct FetchOptions {
  Reach reach = Reach::public_only;
  Duration timeout = std::chrono::seconds{10};
  std::size_t body_bytes_max = 1u << 20;
};

struct Fetched {
  int status = 0;
  std::string content_type;
  std::string location;  // of a redirect, which is not followed
  std::string body;
  bool cut = false;  // the body was longer
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(std::string_view name) const;  // the first of that name, in any case; empty: none
  std::vector<std::string> all(std::string_view name) const;
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

// Refused: not_allowed (a private address), arguments_invalid (no address), unavailable (nobody answered in time).
Result<Fetched> fetch(const FetchRequest& request, const FetchOptions& options);
Result<Fetched> fetch(const std::string& url, const FetchOptions& options);  // GET

// Whether the host of an address can be reached from anywhere, as far as its name tells now. Blocks while it is
// resolved.
bool has_public_address(const std::string& url);

// Whether a numeric address is reachable from anywhere: neither loopback nor private, link-local, multicast, reserved …
bool is_public_address(std::string_view numeric);

}  // namespace carillon::transport
