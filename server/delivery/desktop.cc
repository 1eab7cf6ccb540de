#include "server/delivery/desktop.h"

#include <systemd/sd-bus.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

namespace carillon::delivery {
namespace {

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
struct FreeMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;
using Message = std::unique_ptr<sd_bus_message, FreeMessage>;

bool has_session_bus() {
  if (const char* address = std::getenv("DBUS_SESSION_BUS_ADDRESS"); address != nullptr && *address != '\0')
    return true;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code problem;
  return runtime != nullptr && std::filesystem::is_socket(std::filesystem::path{runtime} / "bus", problem);
}

Attempt unreachable(const std::string& what, int error) {
  return {Became::unreachable, what + ": " + std::strerror(-error)};
}

// The call Notify(app_name, replaces_id, app_icon, summary, body, actions, hints, expire_timeout).
int write_notify(sd_bus* bus, Message& message, const Letter& letter) {
  sd_bus_message* raw = nullptr;
  int done =
      sd_bus_message_new_method_call(bus, &raw, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                                     "org.freedesktop.Notifications", "Notify");
  if (done < 0) return done;
  message.reset(raw);
  done = sd_bus_message_append(raw, "susssasa{sv}i", "Carillon", 0U, "", letter.subject.c_str(),
                               without_markup(letter.text).c_str(), 0U, 0U, -1);
  return done;
}

}  // namespace

std::string without_markup(std::string_view text) {
  std::string shown;
  for (const char letter : text) {
    if (letter == '&')
      shown += "&amp;";
    else if (letter == '<')
      shown += "&lt;";
    else if (letter == '>')
      shown += "&gt;";
    else
      shown += letter;
  }
  return shown;
}

std::optional<std::string> Desktop::missing() const {
  if (options_.desktop == DesktopUse::off) return "desktop notifications are switched off here (delivery.desktop)";
  if (!has_session_bus())
    return "this process has no session bus (DBUS_SESSION_BUS_ADDRESS, or XDG_RUNTIME_DIR with a bus in it)";
  return std::nullopt;
}

Attempt Desktop::send(const Letter& letter, const std::stop_token&) {
  sd_bus* raw = nullptr;
  if (const int opened = sd_bus_open_user(&raw); opened < 0) return unreachable("the session bus", opened);
  const Bus bus{raw};
  Message notify;
  if (const int written = write_notify(raw, notify, letter); written < 0)
    return {Became::never, std::string{"a notification cannot hold it: "} + std::strerror(-written)};
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const auto limit = static_cast<std::uint64_t>(options_.timeout.count());
  const int called = sd_bus_call(raw, notify.get(), limit, &error, nullptr);
  Attempt attempt;
  if (called < 0)
    attempt = {Became::unreachable, std::string{"the desktop's notifications: "} +
                                        (error.message != nullptr ? error.message : std::strerror(-called))};
  sd_bus_error_free(&error);
  return attempt;
}

}  // namespace carillon::delivery
