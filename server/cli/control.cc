#include "server/cli/control.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/version.h"
#include "server/cli/token.h"

namespace carillon::cli {
namespace {

using transport::Opened;

Opened reply_only(json answer) {
  answer["carillon"] = 1;
  answer["version"] = kVersion;
  return {.server = nullptr, .principal = {}, .reply = answer.dump(), .first_line = Opened::FirstLine::was_handled};
}

Opened open_mcp(const Control& control, Opened::FirstLine first_line) {
  Opened opened{.server = control.mcp, .principal = owner_principal(), .reply = "", .first_line = first_line};
  if (first_line == Opened::FirstLine::was_handled)
    opened.reply = json{{"carillon", 1}, {"version", kVersion}}.dump();
  return opened;
}

}  // namespace

transport::SocketHooks socket_hooks(Control control) {
  const auto admit = [](const transport::SocketPeer& peer) {
    const bool ours = peer.uid == ::geteuid() || peer.uid == 0;
    if (!ours) log::warn("a connection of another user was refused", {{"uid", peer.uid}});
    return ours ? transport::SocketHooks::Verdict::admit : transport::SocketHooks::Verdict::refuse;
  };
  const auto open = [control = std::move(control)](const transport::SocketPeer&, std::string_view line) {
    const json preamble = json::parse(line, nullptr, false);
    if (!preamble.is_object() || !preamble.contains("carillon")) return open_mcp(control, Opened::FirstLine::is_protocol);
    const json want = preamble.value("want", json("mcp"));
    if (want == "mcp") return open_mcp(control, Opened::FirstLine::was_handled);
    if (want == "status") return reply_only({{"status", control.status()}});
    if (want != "stop") return reply_only({{"error", "unknown want; accepted are mcp, status and stop"}});
    control.stop();
    return reply_only({{"stopping", true}});
  };
  return {.admit = admit, .open = open};
}

}  // namespace carillon::cli
