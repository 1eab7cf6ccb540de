// QuestionDesk: what the calls of this process ask, and how far they are.
//
// A question is written before anybody hears of it, waits without holding a thread, and is given its answer when one is
// in the database; the hint of a NOTIFY makes us look at once, else we look each second. What nobody answers in time
// hears MCP's word for that, so that its tool can end by itself; what is asked by a call that has ended is closed.
// Progress is written at most once a second for each run.
//
// One thread calls run_once(); everything else may be called from any. A round that the database does not let end is
// repeated with everything kept. docs/adr/0021-questions-in-the-middle-of-a-call.md
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/base/error.h"
#include "server/domain/tool_caller.h"
#include "server/store/db_clock.h"
#include "server/store/question_rows.h"
#include "server/worker/worker_options.h"

namespace carillon {

// What a question hears that nobody answers.
inline Error nobody(std::string why) { return {ErrorCode::run_not_waiting, std::move(why)}; }

struct DeskQuestion {
  RunLease lease;
  std::string key;  // never used again by this run
  std::string tool;
  ToolQuestion question;
  Instant answer_until{};
};

struct QuestionDeskParts {
  QuestionRows& rows;
  const DbClock& clock;
  std::function<void(RunId)> asks;  // a question of a run can be answered from now on
};

class QuestionDesk {
 public:
  QuestionDesk(QuestionDeskParts parts, const QuestionOptions& options) : parts_(std::move(parts)), options_(options) {}

  // `answered` is called once, from the desk's thread or at once: with the answer, or an error that says why there is
  // none; never after call_ended().
  void ask(DeskQuestion question, ToolAnswered answered);
  // Nobody needs an answer to these, or to anything that the run asked.
  void call_ended(const std::vector<QuestionId>& asked);
  void run_left(RunId run);
  // An answer may have come.
  void look();
  // Runs were taken over: what their lost calls asked is closed.
  void close_lost();
  void progressed(const RunLease& lease, const ToolProgress& progress);

  // Waits until there is something to do and does it. False: stopped.
  bool run_once();
  void stop();

 private:
  struct Asked {
    DeskQuestion question;
    ToolAnswered answered;
  };
  using Lock = std::unique_lock<std::mutex>;

  bool has_work() const;
  void wait(Lock& lock);
  void write_new();
  void close_ended();
  void read_answers();
  void expire();
  void write_progress();
  // Takes a question off and tells its call, unless that has ended.
  void answer(const QuestionId& question, const Result<json>& answer);

  const QuestionDeskParts parts_;
  const QuestionOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<QuestionId> new_;              // not yet written
  std::map<QuestionId, Asked> open_;        // those among them too
  std::set<QuestionId> given_;              // their calls have the answer and go on
  std::vector<QuestionId> ended_;           // to be closed, because their calls have ended
  std::map<RunId, KeptProgress> progress_;  // the latest of each run
  bool look_ = false, lost_ = false, stopped_ = false;
  Monotonic next_look_{}, next_progress_{};
};

}  // namespace carillon
