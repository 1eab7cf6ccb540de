#include "server/worker/question_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/failpoint.h"
#include "server/base/json_text.h"
#include "server/base/metrics.h"
#include "server/domain/progress.h"
#include "server/domain/question.h"

namespace carillon {
namespace {

constexpr Duration kDeskLookEvery = std::chrono::seconds{1};
constexpr Duration kProgressEvery = std::chrono::seconds{1};
constexpr int kLostAtOnce = 500;

QuestionId id_of(const DeskQuestion& question) { return {question.lease.id, question.key}; }

void count(std::string_view outcome) { metrics::count("carillon_questions_total", {{"outcome", outcome}}); }

}  // namespace

void QuestionDesk::ask(DeskQuestion question, ToolAnswered answered) {
  std::string refusal;
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) refusal = "the worker stops";
    if (open_.size() >= options_.open_max) refusal = "too many questions are open on this worker";
    if (dump(question.question.params).size() > options_.bytes_max) refusal = "the question is too large";
    if (refusal.empty()) {
      const QuestionId id = id_of(question);
      new_.push_back(id);
      open_.emplace(id, Asked{std::move(question), std::move(answered)});
    }
  }
  if (refusal.empty()) return changed_.notify_all();
  count("refused");
  answered(nobody(refusal));
}

void QuestionDesk::call_ended(const std::vector<QuestionId>& asked) {
  const std::lock_guard lock{mutex_};
  for (const QuestionId& question : asked)
    if (open_.erase(question) + given_.erase(question) > 0) ended_.push_back(question);
  changed_.notify_all();
}

void QuestionDesk::run_left(RunId run) {
  const std::lock_guard lock{mutex_};
  const QuestionId first{run, ""};
  for (auto each = open_.lower_bound(first); each != open_.end() && each->first.run == run;) {
    ended_.push_back(each->first);
    each = open_.erase(each);
  }
  for (auto each = given_.lower_bound(first); each != given_.end() && each->run == run;) {
    ended_.push_back(*each);
    each = given_.erase(each);
  }
  changed_.notify_all();
}

void QuestionDesk::look() {
  const std::lock_guard lock{mutex_};
  look_ = true;
  changed_.notify_all();
}

void QuestionDesk::close_lost() {
  const std::lock_guard lock{mutex_};
  lost_ = true;
  changed_.notify_all();
}

void QuestionDesk::progressed(const RunLease& lease, const ToolProgress& progress) {
  const std::lock_guard lock{mutex_};
  const bool first = progress_.empty();
  progress_[lease.id] = KeptProgress{lease, dump(to_json(progress))};
  if (first) changed_.notify_all();
}

void QuestionDesk::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  changed_.notify_all();
}

bool QuestionDesk::has_work() const {
  const auto now = std::chrono::steady_clock::now();
  return stopped_ || !new_.empty() || !ended_.empty() || look_ || lost_ || (!open_.empty() && next_look_ <= now) ||
         (!progress_.empty() && next_progress_ <= now);
}

void QuestionDesk::wait(Lock& lock) {
  while (!has_work()) {
    if (open_.empty() && progress_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Monotonic until = Monotonic::max();
    if (!open_.empty()) until = std::min(until, next_look_);
    if (!progress_.empty()) until = std::min(until, next_progress_);
    changed_.wait_until(lock, until);
  }
}

bool QuestionDesk::run_once() {
  bool lost = false;
  bool progress = false;
  {
    Lock lock{mutex_};
    wait(lock);
    if (stopped_) return false;
    lost = std::exchange(lost_, false);
    look_ = false;
    next_look_ = std::chrono::steady_clock::now() + kDeskLookEvery;
    progress = !progress_.empty() && next_progress_ <= std::chrono::steady_clock::now();
  }
  write_new();
  read_answers();
  expire();
  close_ended();
  if (progress) write_progress();
  if (lost && parts_.rows.close_lost(parts_.clock.now(), kLostAtOnce) == kLostAtOnce) close_lost();
  return true;
}

void QuestionDesk::write_new() {
  for (;;) {
    NewQuestion row;
    {
      const std::lock_guard lock{mutex_};
      while (!new_.empty() && !open_.contains(new_.front())) new_.pop_front();  // its call has ended meanwhile
      if (new_.empty()) return;
      const DeskQuestion& asked = open_.at(new_.front()).question;
      row = {asked.lease,        asked.key,         asked.tool, asked.question.method, dump(asked.question.params),
             parts_.clock.now(), asked.answer_until};
    }
    const QuestionId id{row.lease.id, row.key};
    const bool ours = parts_.rows.ask(row);
    failpoint("after_question");
    {
      const std::lock_guard lock{mutex_};
      new_.pop_front();
    }
    if (!ours) {
      answer(id, nobody("the run was taken away from this worker"));
      continue;
    }
    count("asked");
    if (parts_.asks) parts_.asks(id.run);
  }
}

void QuestionDesk::read_answers() {
  std::vector<QuestionId> open;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, asked] : open_) open.push_back(id);
  }
  if (open.empty()) return;
  for (const auto& read : parts_.rows.answers(open)) {
    json value = json::parse(read.answer, nullptr, false);
    count("answered");
    if (value.is_discarded())
      answer(read.question, nobody("the answer cannot be read"));
    else
      answer(read.question, std::move(value));
  }
}

void QuestionDesk::expire() {
  std::vector<QuestionId> late;
  {
    const std::lock_guard lock{mutex_};
    const Instant now = parts_.clock.now();
    for (const auto& [id, asked] : open_)
      if (asked.question.answer_until <= now) late.push_back(id);
  }
  if (late.empty()) return;
  // Those that somebody answered in the last moment are not closed here, and read in the next round.
  for (const auto& id : parts_.rows.close(late, Unanswered::expired, parts_.clock.now())) {
    count("expired");
    std::string method;
    {
      const std::lock_guard lock{mutex_};
      if (const auto found = open_.find(id); found != open_.end()) method = found->second.question.question.method;
    }
    const json word = nobody_decided(method);
    if (word.is_null())
      answer(id, nobody("nobody answered in time"));
    else
      answer(id, word);
  }
}

void QuestionDesk::close_ended() {
  std::vector<QuestionId> ended;
  {
    const std::lock_guard lock{mutex_};
    ended = ended_;
  }
  if (ended.empty()) return;
  parts_.rows.close(ended, Unanswered::call_ended, parts_.clock.now());
  const std::lock_guard lock{mutex_};
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(ended.size()));
}

void QuestionDesk::write_progress() {
  std::vector<KeptProgress> latest;
  {
    const std::lock_guard lock{mutex_};
    for (auto& [run, progress] : progress_) latest.push_back(std::move(progress));
    progress_.clear();
    next_progress_ = std::chrono::steady_clock::now() + kProgressEvery;
  }
  parts_.rows.keep_progress(latest);
}

void QuestionDesk::answer(const QuestionId& question, const Result<json>& answer) {
  ToolAnswered answered;
  {
    const std::lock_guard lock{mutex_};
    const auto found = open_.find(question);
    if (found == open_.end()) return;
    answered = std::move(found->second.answered);
    open_.erase(found);
    given_.insert(question);
  }
  answered(answer);
}

}  // namespace carillon
