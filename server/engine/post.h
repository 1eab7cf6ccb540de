// Post: letters that are due, for whoever can send them, and what became of them. The rows are planned with the ends of
// runs, and with what they ask to be approved, and taken as letters (store's LetterStore); here the runs of a letter
// are looked at, as the agent for whom they were, and every end of a letter is counted.
//
// Holds references only; thread-safe. Throws when the database is away: the letter is due again then.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/approval_commands.h"
#include "server/engine/queries.h"
#include "server/store/letter_store.h"
#include "server/store/outage_store.h"

namespace carillon {

class Engine;

inline constexpr std::size_t kRunsTold = 20;  // one by one in a letter; of further ones their number

// A link that decides an approval, for whoever reads a target. The hash alone is kept (SHA-256, hexadecimal).
struct MadeLink {
  std::string url;
  std::string sha256;
};
// Nothing: that target may not have one, or no page is served here.
using MakeLink = std::function<std::optional<MadeLink>(const std::string& target)>;

// What a letter asks somebody to decide.
struct ToldApproval {
  AskedApproval asked;
  std::string link{};  // empty: none
};

struct DueLetter {
  TakenLetter taken;
  std::string id;  // the same on each attempt
  std::vector<RunDetail> runs{};
  std::optional<ToldApproval> approval{};  // else it is about the ends of the runs
  std::optional<Scopes> scopes{};          // of who wrote the tasks, as far as they are known
  std::optional<OutageRecord> outage{};    // that made all of its runs late
  Instant now{};
};

struct WantedLetter {
  std::string_view kind;
  int per_hour_max = 20;
  Duration lasts{};  // so long it is the caller's
};

struct PutOff {
  Duration after{};
  std::string why{};
  LetterStore::Others others = LetterStore::Others::go_on;
};

class Post {
 public:
  Post(Store& store, const Clock& clock, Engine& engine, MakeLink make_link = {})
      : store_(store), clock_(clock), engine_(engine), make_link_(std::move(make_link)) {}

  // The next one of its kind. Nothing: none may be sent now. A letter of whose runs nothing is known any more fails
  // here; one about what nobody has to decide any more is dropped.
  std::optional<DueLetter> take(const WantedLetter& wanted);
  void sent(const DueLetter& letter) { settle(letter, DeliveryState::sent, ""); }
  void failed(const DueLetter& letter, const std::string& why) { settle(letter, DeliveryState::failed, why); }
  void put_off(const DueLetter& letter, const PutOff& how);
  // What waits for the other ends of its outage is due where none is to come any more (migration outages).
  void release_gathered();
  // Nobody delivers the kind here; what is due says why.
  void note_undeliverable(std::string_view kind, const std::string& why);

 private:
  std::optional<TakenLetter> take_row(const WantedLetter& wanted, Instant now);
  bool put_runs(DueLetter& letter);
  bool put_approval(DueLetter& letter);
  void settle(const DueLetter& letter, DeliveryState state, const std::string& why);

  Store& store_;
  const Clock& clock_;
  Engine& engine_;
  const MakeLink make_link_;
};

}  // namespace carillon
