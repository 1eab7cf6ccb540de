// StepWaitStore: steps that wait to be told something, beside their rows of the journal: whom an event may concern, who
// is told, and who waits no longer (docs/adr/0039-steps-that-are-told.md). Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/step_key.h"
#include "server/store/store.h"

namespace carillon {

// What a step waits for.
struct StepWait {
  Instant until{};                             // Instant::max(): for ever
  std::string waits_for;                       // for people
  std::optional<std::string> event_pattern{};  // none: something else than an event ends it
  std::string condition{};                     // JMESPath; empty: any
  json roots = json::object();
};

// A step of a live run that waits.
struct WaitingStep {
  RunId run{0};
  std::string path;
  int attempt = 1;
  std::string condition{};
  json roots = nullptr;
  std::string task{};  // of whose run, for people
  std::int64_t number = 0;
  int retry = 1;
};

// How a wait ended without the step's having been told anything.
struct WaitEnd {
  std::string state;  // failed, cancelled
  std::string error_class, message;
  Instant at{};
};

// What a step that waits is told: its output, or how it has failed.
struct StepTold {
  json output = nullptr;
  std::string error_class{}, message{};
  Instant at{};
};

// Where the run stands whose step was told.
struct ToldPlace {
  std::int16_t shard = 0, priority = 0;
};

class StepWaitStore {
 public:
  explicit StepWaitStore(Tx& tx) : tx_(tx) {}

  // False: the run is somebody else's by now, or the step has ended or waits already.
  bool insert(const TenantId& tenant, const StepKey& step, Instant began_at, const StepWait& wait);
  std::vector<std::string> patterns(const TenantId& tenant);
  std::vector<WaitingStep> waiting(const TenantId& tenant, const std::vector<std::string>& patterns);
  // What the steps of these runs wait to be told, for people.
  std::map<std::int64_t, std::vector<std::string>> texts(const TenantId& tenant, const std::vector<RunId>& runs);
  // Ends its wait and wakes its run; nothing: it waits no more.
  std::optional<ToldPlace> tell(const TenantId& tenant, const WaitingStep& step, const StepTold& told);
  // False: the run is somebody else's, or the step was told.
  bool end(const TenantId& tenant, const StepKey& step, const WaitEnd& end);

 private:
  Tx& tx_;
};

}  // namespace carillon
