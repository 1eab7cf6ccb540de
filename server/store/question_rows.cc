#include "server/store/question_rows.h"

#include "server/store/batch.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

void add(HotParams& params, const std::vector<QuestionId>& questions) {
  params.int64s(each(questions, [](const QuestionId& question) { return question.run.number(); }))
      .texts(each(questions, [](const QuestionId& question) { return question.key; }));
}

}  // namespace

bool QuestionRows::ask(const NewQuestion& question) {
  HotParams params;
  params.text(owner_)
      .int64(question.lease.id.number())
      .int64(question.lease.epoch)
      .int32(question.lease.attempt)
      .text(question.key)
      .text(question.tool)
      .text(question.method)
      .text(question.params)
      .instant(question.asked_at)
      .instant(question.answer_until);
  return connection_.run(sql::ask_question, params).size() == 1;
}

std::vector<ReadAnswer> QuestionRows::answers(const std::vector<QuestionId>& questions) {
  HotParams params;
  add(params, questions);
  const HotRows rows = connection_.run(sql::read_answers, params);
  std::vector<ReadAnswer> answers;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const RunId run{row.int64()};
    std::string key = row.text();
    answers.push_back({{run, std::move(key)}, row.text()});
  }
  return answers;
}

std::vector<QuestionId> QuestionRows::close(const std::vector<QuestionId>& questions, Unanswered why, Instant at) {
  HotParams params;
  add(params, questions);
  params.text(why == Unanswered::expired ? "expired" : "call_ended").instant(at);
  const HotRows rows = connection_.run(sql::close_questions, params);
  std::vector<QuestionId> closed;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const RunId run{row.int64()};
    closed.push_back({run, row.text()});
  }
  return closed;
}

std::size_t QuestionRows::close_lost(Instant at, int n_max) {
  HotParams params;
  params.instant(at).int32(n_max);
  return static_cast<std::size_t>(connection_.run(sql::close_lost_questions, params).size());
}

std::vector<RunId> QuestionRows::keep_progress(const std::vector<KeptProgress>& progress) {
  HotParams params;
  params.text(owner_)
      .int64s(each(progress, [](const KeptProgress& one) { return one.lease.id.number(); }))
      .int64s(each(progress, [](const KeptProgress& one) { return one.lease.epoch; }))
      .int32s(each(progress, [](const KeptProgress& one) { return one.lease.attempt; }))
      .texts(each(progress, [](const KeptProgress& one) { return one.progress; }));
  const HotRows rows = connection_.run(sql::keep_progress, params);
  std::vector<RunId> ours;
  for (int i = 0; i < rows.size(); ++i) ours.emplace_back(rows[i].int64());
  return ours;
}

}  // namespace carillon
