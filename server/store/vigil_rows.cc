#include "server/store/vigil_rows.h"

#include "server/store/sql.h"

namespace carillon {

std::optional<Instant> VigilRows::keep(const Watch& watch) {
  HotParams params;
  params.instant(watch.now).interval(watch.gap).text(watch.kind).interval(watch.gather);
  const HotRows rows = connection_.run(sql::note_vigil, params);
  if (rows.size() == 0) return std::nullopt;
  return rows[0].instant();
}

}  // namespace carillon
