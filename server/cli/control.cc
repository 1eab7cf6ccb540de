#include "server/cli/control.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/version.h"
#include "server/cli/daemon_link.h"
#include "server/cli/token.h"
#include "server/domain/schedule/zone.h"

namespace carillon::cli {
namespace {

using transport::Opened;

Opened reply_only(json answer) {
  answer["carillon"] = 1;
  answer["version"] = kVersion;
  return {.server = nullptr, .principal = {}, .reply = answer.dump(), .first_line = Opened::FirstLine::was_handled};
}

// The zone of a front's machine, where it is another than ours: ours may change while we run, and is looked up each
// time.
std::string zone_of(const Control& control, const json& preamble) {
  if (control.host_zone == HostZone::ignored) return "";
  const json told = preamble.value("zone", json());
  if (!told.is_string()) return "";
  const auto zone = Zone::named(told.get_ref<const std::string&>());
  if (!zone || zone->name() == machine_zone()) return "";
  return zone->name();
}

Opened open_protocol(std::shared_ptr<transport::McpServer> server, transport::Principal principal = host_principal()) {
  return {.server = std::move(server),
          .principal = std::move(principal),
          .reply = "",
          .first_line = Opened::FirstLine::is_protocol};
}

Opened open_mcp(const Control& control, const json& preamble) {
  Opened opened = open_protocol(preamble.value("want", json()) == kWantChannel ? control.channel_mcp : control.mcp,
                                preamble.value("speaks", json()) == "person" ? owner_principal() : host_principal());
  opened.first_line = Opened::FirstLine::was_handled;
  opened.reply = json{{"carillon", 1}, {"version", kVersion}, {"started_by", control.started_by}}.dump();
  opened.zone = zone_of(control, preamble);
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
    if (!preamble.is_object() || !preamble.contains("carillon")) return open_protocol(control.mcp);
    const json want = preamble.value("want", json("mcp"));
    if (want == kWantMcp || want == kWantChannel) return open_mcp(control, preamble);
    if (want == "status") return reply_only({{"status", control.status()}});
    if (want != "stop") return reply_only({{"error", "unknown want; accepted are mcp, mcp_channel, status and stop"}});
    const json successor = preamble.value("successor", json());
    Opened opened = reply_only({{"stopping", true}});
    // Asked to end at once, the daemon could close this connection before the answer is sent.
    opened.afterwards = [stop = control.stop,
                         by = successor.is_string() ? successor.get<std::string>() : std::string{}] { stop(by); };
    return opened;
  };
  return {.admit = admit, .open = open};
}

}  // namespace carillon::cli
