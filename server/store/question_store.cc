#include "server/store/question_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

OpenQuestion read_question(const pqxx::row& row, RunId run, std::string key) {
  return {.run = run,
          .key = std::move(key),
          .tool = column<std::string>(row["tool"]),
          .method = column<std::string>(row["method"]),
          .params = json_of(column<Bytes>(row["params"])),
          .asked_at = column<Instant>(row["asked_at"]),
          .answer_until = column<Instant>(row["answer_until"])};
}

}  // namespace

std::vector<OpenQuestion> QuestionStore::open(const TenantId& tenant, const std::vector<RunId>& runs) {
  std::vector<OpenQuestion> open;
  for (const auto& row : tx_.exec(sql::open_questions, tenant, runs))
    open.push_back(read_question(row, column<RunId>(row["run_id"]), column<std::string>(row["question_key"])));
  return open;
}

std::optional<QuestionRecord> QuestionStore::find(const TenantId& tenant, RunId run, const std::string& key) {
  const pqxx::result rows = tx_.exec(sql::find_question, tenant, run, key);
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return QuestionRecord{.question = read_question(row, run, key),
                        .open = column<bool>(row["open"]),
                        .answered_by = column<std::optional<AgentId>>(row["answered_by"]),
                        .outcome = column<std::optional<std::string>>(row["outcome"]).value_or("")};
}

bool QuestionStore::answer(const TenantId& tenant, const GivenAnswer& given) {
  return !tx_.exec(sql::answer_question, tenant, given.run, given.key, bytes_of(given.answer), given.by, given.at)
              .empty();
}

std::vector<RunNews> QuestionStore::news(const std::vector<RunId>& runs) {
  std::vector<RunNews> news;
  for (const auto& row : tx_.exec(sql::news_of_runs, runs)) {
    RunNews one{.run = column<RunId>(row["id"]), .asks = column<bool>(row["asks"])};
    if (const auto progress = column<std::optional<Bytes>>(row["progress"])) one.progress = json_of(*progress);
    news.push_back(std::move(one));
  }
  return news;
}

}  // namespace carillon
