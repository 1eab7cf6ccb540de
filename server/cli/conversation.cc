#include "server/cli/conversation.h"

#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "server/base/version.h"

namespace carillon::cli {
namespace {

constexpr Duration kDaemonPatience = std::chrono::seconds{60};

std::string request(int id, const std::string& method, json params) {
  const std::string prefix{"io.modelcontextprotocol/"};
  params["_meta"] = {{prefix + "protocolVersion", "2026-07-28"},
                     {prefix + "clientCapabilities", json::object()},
                     {prefix + "clientInfo", {{"name", "carillon call"}, {"version", kVersion}}}};
  return json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}}.dump() + '\n';
}

}  // namespace

Result<Conversation> Conversation::open(const Paths& paths) {
  auto link = find_or_start_daemon(paths, kWantCall, kDaemonPatience);
  if (!link.ok()) return link.error();
  return Conversation{std::move(link->socket)};
}

std::optional<json> Conversation::ask(const std::string& method, json params) {
  const int id = ++last_id_;
  if (!send_text(socket_.get(), request(id, method, std::move(params)))) return std::nullopt;
  char bytes[16384];
  while (true) {
    for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      json message = json::parse(buffer_.substr(0, end), nullptr, false);
      buffer_.erase(0, end + 1);
      if (message.is_object() && message.value("id", json(nullptr)) == id) return message;
    }
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    buffer_.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace carillon::cli
