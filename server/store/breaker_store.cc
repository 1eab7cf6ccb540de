#include "server/store/breaker_store.h"

#include <pqxx/pqxx>

#include "server/base/check.h"
#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

bool BreakerStore::change(const SharedBreaker& breaker, std::string_view by) {
  const auto& standing = breaker.standing;
  return !tx_.exec(sql::change_breaker, breaker.server, breaker.revision, name_of(standing.state), standing.left,
                   standing.requests, standing.failures, by)
              .empty();
}

std::vector<SharedBreaker> BreakerStore::all() {
  std::vector<SharedBreaker> all;
  for (const auto& row : tx_.exec(sql::list_breakers)) {
    const auto state = breaker_state_named(column<std::string>(row["state"]));
    CARILLON_CHECK(state.has_value());
    all.push_back(
        {column<std::string>(row["server"]),
         column<std::int64_t>(row["revision"]),
         {*state, column<Duration>(row["left_micros"]), column<int>(row["requests"]), column<int>(row["failures"])}});
  }
  return all;
}

}  // namespace carillon
