#include "server/store/letter_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr Duration kHour = std::chrono::hours{1};
constexpr int kFoldedMax = 1000;  // in one letter
constexpr std::string_view kApproval = "approval";

// The delivery of a kind that is due first, and how often its target was written to within the hour.
struct Next {
  TenantId tenant;
  RunId run;
  std::string target;
  bool tried;
  bool held;
  bool of_approval;
  std::int64_t used;
  std::optional<Instant> earliest;
};

std::optional<Next> next_of(Tx& tx, const TakeLetter& wanted) {
  const auto rows = tx.exec(sql::next_delivery, wanted.kind, wanted.now, wanted.now - kHour, wanted.per_hour_max);
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return Next{column<TenantId>(row["tenant_id"]), column<RunId>(row["run_id"]),
              column<std::string>(row["target"]), column<std::optional<std::int64_t>>(row["letter"]).has_value(),
              column<bool>(row["held"]),          column<std::string>(row["about"]) == kApproval,
              column<std::int64_t>(row["used"]),  column<std::optional<Instant>>(row["earliest"])};
}

// What is asked is told alone, however many ends have waited with it.
std::string_view extent_of(const Next& next) {
  if (next.tried) return "again";
  return next.held && !next.of_approval ? "folded" : "alone";
}

TakenLetter take_with(Tx& tx, const TakeLetter& wanted, const Next& next) {
  TakenLetter letter{{next.tenant, next.target, next.run}, AgentId{""}, {}};
  for (const auto& row : tx.exec(sql::take_letter, next.tenant, next.target, next.run, extent_of(next), wanted.now,
                                 wanted.until, kFoldedMax)) {
    letter.key.first = column<RunId>(row["letter"]);
    letter.agent = column<AgentId>(row["agent_id"]);
    letter.runs.push_back(column<RunId>(row["run_id"]));
    letter.of_approval = column<std::string>(row["about"]) == kApproval;
    letter.attempt = column<int>(row["attempts"]);
    letter.interrupted = column<bool>(row["interrupted"]);
  }
  std::sort(letter.runs.begin(), letter.runs.end());
  return letter;
}

}  // namespace

bool LetterStore::any_due(std::string_view kind, Instant now) {
  return column<bool>(tx_.exec(sql::any_delivery_due, kind, now).at(0)["due"]);
}

std::optional<TakenLetter> LetterStore::take(const TakeLetter& wanted) {
  tx_.exec(sql::take_delivery_turn, wanted.kind);
  while (const auto next = next_of(tx_, wanted)) {
    // What is tried again has been counted; its target waits for it.
    if (next->tried || next->used < wanted.per_hour_max) return take_with(tx_, wanted, *next);
    tx_.exec(sql::hold_deliveries, next->tenant, next->target, wanted.now, *next->earliest + kHour);
  }
  return std::nullopt;
}

std::optional<Scopes> LetterStore::scopes(const TakenLetter& letter) {
  std::optional<Scopes> all;
  for (const auto& row : tx_.exec(sql::letter_scopes, letter.key.tenant, letter.runs)) {
    const auto names = column<std::optional<std::vector<std::string>>>(row["scopes"]);
    if (!names) continue;
    const Scopes scopes = scopes_named(*names);
    all = all ? all->missing_from(all->missing_from(scopes)) : scopes;
  }
  return all;
}

void LetterStore::drop_approval(const LetterKey& key) { tx_.exec(sql::drop_approval_notices, key.tenant, key.first); }

void LetterStore::settle(const LetterKey& key, const DeliveryEnd& end) {
  tx_.exec(sql::settle_letter, key.tenant, key.target, key.first, name_of(end.state),
           end.error.empty() ? std::nullopt : std::optional{end.error}, end.at);
}

void LetterStore::retry(const TakenLetter& letter, Instant at, const std::string& why, Others others) {
  const LetterKey& key = letter.key;
  tx_.exec(sql::retry_letter, key.tenant, key.target, key.first, letter.attempt, at, why);
  if (others == Others::wait) tx_.exec(sql::postpone_deliveries, key.tenant, key.target, at, why);
}

void LetterStore::note_undeliverable(std::string_view kind, Instant now, const std::string& why) {
  tx_.exec(sql::note_undeliverable, kind, now, why);
}

}  // namespace carillon
