#include "transport/client_fetch.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <memory>

#include "transport/client_http.h"

namespace carillon::transport {
namespace {

struct Block {
  std::uint32_t network;
  int bits;
};
// The special-purpose IPv4 blocks (IANA registry) that are not globally reachable, multicast and reserved included.
constexpr std::array<Block, 15> kSpecialBlocks{{{0x00000000, 8},
                                                {0x0A000000, 8},
                                                {0x64400000, 10},
                                                {0x7F000000, 8},
                                                {0xA9FE0000, 16},
                                                {0xAC100000, 12},
                                                {0xC0000000, 24},
                                                {0xC0000200, 24},
                                                {0xC0586300, 24},
                                                {0xC0A80000, 16},
                                                {0xC6120000, 15},
                                                {0xC6336400, 24},
                                                {0xCB007100, 24},
                                                {0xE0000000, 4},
                                                {0xF0000000, 4}}};

bool is_public_v4(std::uint32_t address) {
  for (const auto& block : kSpecialBlocks)
    if ((address >> (32 - block.bits)) == (block.network >> (32 - block.bits))) return false;
  return true;
}

bool is_public_v6(const std::array<unsigned char, 16>& bytes) {
  // Only 2000::/3 is global; of it, tunnels and documentation lead to addresses of other families or nowhere.
  if ((bytes[0] & 0xE0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02) return false;  // 2001::/23, Teredo and the like
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) return false;
  return !(bytes[0] == 0x20 && bytes[1] == 0x02);  // 6to4
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// The first address of the host that may be reached, as text; empty: none at all; "private": only such as may not.
std::string choose_address(const std::string& host, Reach reach) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return "";
  const std::unique_ptr<addrinfo, FreeAddresses> list{raw};
  std::string refused;
  for (const addrinfo* each = list.get(); each; each = each->ai_next) {
    std::array<char, 128> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (reach == Reach::anywhere || is_public_address(text.data())) return text.data();
    refused = "private";
  }
  return refused;
}

}  // namespace

bool is_public_address(std::string_view numeric) {
  const std::string text{numeric.substr(0, numeric.find('%'))};
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public_v4(ntohl(four.s_addr));
  std::array<unsigned char, 16> six{};
  return ::inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && is_public_v6(six);
}

std::vector<std::string> Fetched::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [each, value] : headers)
    if (std::equal(name.begin(), name.end(), each.begin(), each.end(),
                   [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }))
      found.push_back(value);
  return found;
}

std::string Fetched::header(std::string_view name) const {
  const auto found = all(name);
  return found.empty() ? "" : found.front();
}

bool has_public_address(const std::string& url) {
  const auto address = parse_http_address(url);
  return address && choose_address(address->host, Reach::public_only) != "private";
}

Result<Fetched> fetch(const std::string& url, const FetchOptions& options) {
  FetchRequest request;
  request.url = url;
  return fetch(request, options);
}

Result<Fetched> fetch(const FetchRequest& what, const FetchOptions& options) {
  const auto address = parse_http_address(what.url);
  if (!address) return Error{ErrorCode::arguments_invalid, "the url must be an http or https address", "/url"};
  const std::string numeric = choose_address(address->host, options.reach);
  if (numeric.empty()) return Error{ErrorCode::unavailable, "the host " + address->host + " is not known"};
  if (numeric == "private")
    return Error{ErrorCode::not_allowed, "the host " + address->host + " has a private address", "/url"};

  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  httplib::Client client{address->origin};
  client.set_hostname_addr_map({{address->host, numeric}});
  client.set_connection_timeout(options.timeout);
  client.set_read_timeout(options.timeout);
  client.set_url_encode(false);
  Fetched fetched;
  httplib::Request request;
  request.method = what.method;
  request.path = address->path;
  request.body = what.body;
  for (const auto& [name, value] : what.headers) request.headers.emplace(name, value);
  request.response_handler = [&](const httplib::Response& response) {
    fetched.status = response.status;
    fetched.content_type = response.get_header_value("Content-Type");
    fetched.location = response.get_header_value("Location");
    fetched.headers.assign(response.headers.begin(), response.headers.end());
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t bytes, std::uint64_t, std::uint64_t) {
    const std::size_t room = options.body_bytes_max - fetched.body.size();
    fetched.body.append(data, std::min(bytes, room));
    fetched.cut = bytes > room;
    return !fetched.cut && std::chrono::steady_clock::now() < deadline;
  };
  httplib::Response response;
  auto problem = httplib::Error::Success;
  if (!client.send(request, response, problem) && !fetched.cut)
    return Error{ErrorCode::unavailable, "no answer from " + address->host + ": " + httplib::to_string(problem)};
  return fetched;
}

}  // namespace carillon::transport
