// Followed calls: a call whose client comes back for the answer with an id, from any process and after any restart. The
// id is an alias of the run that the call waits for; what the run's truth means as an answer is the asker's matter.
//
// A followed call belongs to the agent that made it: nobody else's id is known. It is kept for a time after it was made
// and after its run has ended, whichever is later. Values only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/engine/queries.h"
#include "server/store/followed_call_store.h"

namespace carillon {

struct FollowCall {
  std::string id{};  // unguessable: at least 128 random bits in base64url
  std::string tool{};
  std::optional<RunId> run{};
  json shape = json::object();         // what else the answer depends on: the asker's own words, small, without secrets
  json answer = nullptr;               // of a call that was answered at once and has no run
  std::optional<Duration> keep_for{};  // asked for; never less than EngineOptions::keep_followed_calls
};

struct FollowedCall {
  std::string id{};
  std::string tool{};
  json shape = json::object();
  json answer = nullptr;
  std::optional<RunRow> run{};             // none: it was answered at once
  std::vector<OpenQuestion> questions{};   // what the run's call asks and the caller may answer
  std::optional<ToolProgress> progress{};  // how far it was when it said so last
  Instant created_at{};
  Duration keep_for{};
  std::optional<Instant> cancelled_at{};  // the client took it back; the run may go on
  Instant now{};
};

struct ListFollowedCalls {
  int limit = kDefaultLimit;
  std::optional<std::string> cursor{};
};

struct FollowedCallPage {
  std::vector<FollowedCall> calls{};  // newest first
  std::optional<std::string> next_cursor{};
};

}  // namespace carillon
