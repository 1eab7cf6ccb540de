// Question rows for the worker: what the calls of its runs ask, the answers that came, and how far calls have come. The
// other half, for those who look and answer, is question_store.h.
//
// A question belongs to the attempt that asked: the lease fences it like everything that is written about a live run.
// Times are the caller's DbClock. Repeating a statement whose commit is not known changes nothing.
//
// Cross-tenant: runs as carillon_dispatch. Belongs to its connection's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/hot_path.h"

namespace carillon {

struct QuestionId {
  RunId run{0};
  std::string key;
  friend auto operator<=>(const QuestionId&, const QuestionId&) = default;
};

struct NewQuestion {
  RunLease lease;
  std::string key;
  std::string tool;
  std::string method;  // elicitation/create or sampling/createMessage
  std::string params;  // JSON
  Instant asked_at{}, answer_until{};
};

struct ReadAnswer {
  QuestionId question;
  std::string answer;  // JSON
};

// Why a question is closed that nobody answered.
enum class Unanswered { expired, call_ended };

struct KeptProgress {
  RunLease lease;
  std::string progress;  // JSON
};

class QuestionRows {
 public:
  QuestionRows(HotPathConnection& connection, std::string owner) : connection_(connection), owner_(std::move(owner)) {}

  // False: the run is not ours any more.
  bool ask(const NewQuestion& question);
  std::vector<ReadAnswer> answers(const std::vector<QuestionId>& questions);
  // Gives those that were open until now. The answers to questions whose call has ended are erased.
  std::vector<QuestionId> close(const std::vector<QuestionId>& questions, Unanswered why, Instant at);
  // Closes what was asked by calls that are no more, of any worker; how many, at most n_max.
  std::size_t close_lost(Instant at, int n_max);
  // The runs that are still ours.
  std::vector<RunId> keep_progress(const std::vector<KeptProgress>& progress);

 private:
  HotPathConnection& connection_;
  std::string owner_;
};

}  // namespace carillon
