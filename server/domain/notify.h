// Notify: whom a task tells when a run of it has ended, and of which ends.
//
// A target is a kind with an address behind a colon ("webhook:https://…"); "session" needs none. One row of
// carillon.delivery is planned for each end and target, in the transaction of the end; who delivers a kind takes its
// rows from there.
//
// Values and pure functions; thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

// failure: failed, unknown or missed. change: well after not well, or not well after well; or well with another output
// than the last time. always: every end but a skip.
enum class NotifyOn { failure, always, change, never };
inline constexpr auto kNotifyOnNames = std::to_array<std::string_view>({"failure", "always", "change", "never"});
constexpr std::string_view name_of(NotifyOn on) { return kNotifyOnNames[static_cast<std::size_t>(on)]; }
std::optional<NotifyOn> notify_on_named(std::string_view name);

// Who delivers. session: the host session of the agent for whom the run was, where the person who runs the host has
// switched that on. webhook: a signed POST to an address. email: a mail to one.
// desktop: a notification on the machine of whoever runs the daemon. tool: a call of a downstream tool, which gets the
// text.
enum class TargetKind { session, desktop, webhook, email, tool };
inline constexpr auto kTargetKindNames =
    std::to_array<std::string_view>({"session", "desktop", "webhook", "email", "tool"});
constexpr std::string_view name_of(TargetKind kind) { return kTargetKindNames[static_cast<std::size_t>(kind)]; }
// Of a target that was read; the database says the same (carillon.kind_of_target).
TargetKind kind_of_target(std::string_view target);

// How each kind is written.
inline constexpr auto kTargetForms =
    std::to_array<std::string_view>({"session", "desktop", "webhook:https://…", "email:name@host", "server.tool"});

inline constexpr std::size_t kNotifyTargetsMax = 10;

// The text as it is stored. Errors: arguments_invalid at `pointer` with the forms that there are.
Result<std::string> read_notify_target(std::string_view text, std::string_view pointer);

// A tool and what it gets beside the text: "slack.send", or "slack.send {\"channel\": \"#me\"}".
struct ToolTarget {
  std::string tool;
  json arguments = json::object();
};
// Of a target that was read, of the kind tool.
ToolTarget tool_of_target(std::string_view target);
// Which argument gets the text: the only text argument that the target does not give, of those that the tool requires
// or, where it requires no further one, of all. Errors: arguments_invalid, with what the target would have to say.
Result<std::string> text_argument(const ordered_json& input_schema, const ToolTarget& target);

// "anna@example.org", in ASCII and without quotes: what can stand in a mail's header and in SMTP as it is.
bool is_mail_address(std::string_view text);

}  // namespace carillon
