#include "server/store/look_rows.h"

#include "server/store/hot_path_connection.h"
#include "server/store/sql.h"

namespace carillon {

std::vector<DueLook> LookRows::take(const std::vector<OwnedShard>& shards, const Wanted& wanted) {
  std::vector<std::int16_t> numbers;
  std::vector<std::int64_t> epochs;
  for (const auto& shard : shards) {
    numbers.push_back(shard.shard);
    epochs.push_back(shard.epoch);
  }
  HotParams params;
  params.text(owner_).int16s(numbers).int64s(epochs).instant(wanted.now).int32(wanted.n_max).interval(wanted.lease);
  const HotRows rows = connection_.run(sql::take_looks, params);
  std::vector<DueLook> looks;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    DueLook look;
    look.tenant = TenantId{row.text()};
    look.task = TaskId{row.int64()};
    look.task_name = row.text();
    look.place = row.int16();
    look.number = row.int64();
    look.memory = row.text();
    look.failures = row.int32();
    look.definition = row.text();
    look.scopes = scopes_of_words(row.opt_text());
    looks.push_back(std::move(look));
  }
  return looks;
}

bool LookRows::settle(const DueLook& look, const LookEnd& end) {
  HotParams params;
  params.text(look.tenant.str())
      .int64(look.task.number())
      .int16(look.place)
      .int64(look.number)
      .text(end.memory)
      .instant(end.next_look_at)
      .instant(end.looked_at)
      .int32(end.failures)
      .text(end.error)
      .text(end.outcome)
      .text(end.told)
      .text(end.correlation_id);
  return connection_.run(sql::settle_look, params)[0].int64() == 1;
}

}  // namespace carillon
