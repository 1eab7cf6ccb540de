// Channels: the ways on which letters leave this installation, one a kind of target. A letter tells a person or a
// program that runs have ended; a channel sends it once and says what became of it. Who calls decides when it is tried
// again, and keeps the record.
//
// A channel knows no run and no database. send() blocks, for a bounded time; every method is thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/caller.h"

namespace carillon::delivery {

struct Letter {
  TenantId tenant;
  std::string id;                  // the same on each attempt, another for each letter; letters, digits, `-` and `_`
  std::string target;              // as the task names it: "webhook:https://example.com/hook"
  std::string subject;             // one line
  std::string text;                // some lines
  json facts;                      // {"type", "timestamp", "data"}, for programs
  Instant at;                      // of this attempt
  std::optional<Scopes> scopes{};  // of who wrote the tasks; nothing: not known
  bool interrupted = false;        // an attempt before was begun, and nobody knows how it ended
};

// refused: the receiver answered, and did not take this one. unreachable: nothing reaches it now. never: repeating it
// cannot help, or might do it twice.
enum class Became { sent, refused, unreachable, never };

struct Attempt {
  Became became = Became::sent;
  std::string why{};                      // for a person; holds no secret
  std::optional<Duration> retry_after{};  // the receiver's own wish
};

class Channel {
 public:
  virtual ~Channel() = default;
  // "webhook": carillon.delivery.kind.
  virtual std::string_view kind() const = 0;
  // Why nothing can be sent from here, and what would change that; nothing: it can.
  virtual std::optional<std::string> missing() const = 0;
  virtual Attempt send(const Letter& letter, const std::stop_token& stop) = 0;
};

// What stands behind the kind of a target: "https://example.com/hook".
std::string_view address_of(const Letter& letter);

}  // namespace carillon::delivery
