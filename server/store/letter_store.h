// LetterStore: deliveries that leave this installation, taken as letters. A letter is one delivery, or all those of a
// target that had to wait because it had been told too often within an hour (migration letters).
//
// A taken letter is due again after a while, so that one whose sender died is not lost; take() then says that nobody
// knows what became of the attempt before. A letter keeps its name and its deliveries over all attempts, so that its
// receiver can recognise a repetition. All methods are of all tenants: in a transaction across tenants, to which the
// object belongs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/caller.h"
#include "server/store/delivery_store.h"
#include "server/store/store.h"

namespace carillon {

struct LetterKey {
  TenantId tenant;
  std::string target;
  RunId first;  // of its deliveries; it is named after it
};

struct TakenLetter {
  LetterKey key;
  AgentId agent;             // as whom its runs are looked at
  std::vector<RunId> runs;   // of an approval: its id alone
  bool of_approval = false;  // else of ends
  int attempt = 1;           // this one counted
  bool interrupted = false;  // the attempt before was begun, and nobody knows how it ended
};

struct TakeLetter {
  std::string_view kind;
  Instant now;
  Instant until;  // due again then
  int per_hour_max = 20;
};

class LetterStore {
 public:
  explicit LetterStore(Tx& tx) : tx_(tx) {}

  // Cheap; without it a round would take the turn of its kind for nothing.
  bool any_due(std::string_view kind, Instant now);
  // What exceeds the hour of its target is held until there is room again. Nothing: nothing may be sent now.
  std::optional<TakenLetter> take(const TakeLetter& wanted);

  // What all who wrote the letter's tasks may do; nothing: that is not known of any of them.
  std::optional<Scopes> scopes(const TakenLetter& letter);

  // What it is about cannot be decided any more: it is not told.
  void drop_approval(const LetterKey& key);
  void settle(const LetterKey& key, const DeliveryEnd& end);
  // The attempt failed. `also_others`: nothing reaches the target now, so what else waits for it waits, too.
  enum class Others { go_on, wait };
  void retry(const TakenLetter& letter, Instant at, const std::string& why, Others others);
  // Of a kind that nobody delivers here.
  void note_undeliverable(std::string_view kind, Instant now, const std::string& why);

 private:
  Tx& tx_;
};

}  // namespace carillon
