#include "server/store/outage_store.h"

#include <pqxx/pqxx>

#include "server/domain/schedule/misfire.h"
#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

OutageRecord read_outage(const pqxx::row& row) {
  return {column<Instant>(row["began_at"]), column<Instant>(row["ended_at"]), column<std::string>(row["kind"])};
}

}  // namespace

std::vector<OutageRecord> OutageStore::gathered_since(Instant since, int limit) {
  std::vector<OutageRecord> outages;
  for (const auto& row : tx_.exec(sql::list_outages, since, limit)) outages.push_back(read_outage(row));
  return outages;
}

OutageTasks OutageStore::tasks(const TenantId& tenant, const OutageRecord& outage, int limit) {
  OutageTasks found;
  for (const auto& row : tx_.exec(sql::slots_of_outage, tenant, outage.began, outage.ended, limit)) {
    found.total = column<std::int64_t>(row["total"]);
    found.tasks.push_back({.task = column<std::string>(row["name"]),
                           .zone = column<std::string>(row["zone"]),
                           .ran = column<std::int64_t>(row["ran"]),
                           .missed = column<std::int64_t>(row["missed"]),
                           .waiting = column<std::int64_t>(row["waiting"]),
                           .started_at = column<std::optional<Instant>>(row["started_at"]),
                           .late = column<std::optional<Duration>>(row["late_micros"]),
                           .reason = column<std::optional<std::string>>(row["reason"]).value_or("")});
  }
  return found;
}

std::optional<OutageRecord> OutageStore::of_letter(const LetterKey& letter) {
  const pqxx::result rows = tx_.exec(sql::outage_of_letter, letter.tenant, letter.target, letter.first);
  if (rows.empty()) return std::nullopt;
  return read_outage(rows[0]);
}

std::int64_t OutageStore::release_gathered(Instant now, Instant ended) {
  return static_cast<std::int64_t>(tx_.exec(sql::release_gathered, now, ended, kHeldUntil).affected_rows());
}

}  // namespace carillon
