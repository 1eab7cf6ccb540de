#include "server/store/shard_leases.h"

#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr int kSlotTriesMax = 20;  // for a process slot, when many processes start together

std::vector<std::int16_t> numbers(const std::vector<OwnedShard>& shards) {
  std::vector<std::int16_t> values;
  for (const auto& shard : shards) values.push_back(shard.shard);
  return values;
}

std::vector<std::int64_t> epochs(const std::vector<OwnedShard>& shards) {
  std::vector<std::int64_t> values;
  for (const auto& shard : shards) values.push_back(shard.epoch);
  return values;
}

std::vector<OwnedShard> owned(const HotRows& rows) {
  std::vector<OwnedShard> shards;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const std::int16_t shard = row.int16();
    shards.push_back({shard, row.int64()});
  }
  return shards;
}

}  // namespace

int ShardLeases::lease_process(const ProcessCard& card, Duration expiry) {
  for (int tries = 0; tries < kSlotTriesMax; ++tries) {
    const HotRows rows = connection_.run(sql::lease_process, HotParams{}
                                                                 .text(card.instance)
                                                                 .text(card.kind)
                                                                 .text(card.host)
                                                                 .int32(card.pid)
                                                                 .text(card.version)
                                                                 .interval(expiry));
    if (rows.size() == 1) return rows[0].int16();
  }
  throw StatementFailed{"53400", "no process slot is free: 1,024 processes use this database"};
}

bool ShardLeases::renew_process(int slot, Duration expiry) {
  const auto params = HotParams{}.text(instance_).int16(static_cast<std::int16_t>(slot)).interval(expiry);
  return connection_.run(sql::renew_process, params).size() == 1;
}

void ShardLeases::release_process(int slot) {
  connection_.run(sql::release_process, HotParams{}.text(instance_).int16(static_cast<std::int16_t>(slot)));
}

int ShardLeases::count_workers() {
  const HotRows rows = connection_.run(sql::count_workers, HotParams{});
  return static_cast<int>(rows[0].int64());
}

std::vector<OwnedShard> ShardLeases::renew(const std::vector<OwnedShard>& shards, Duration expiry) {
  const auto params = HotParams{}.text(instance_).int16s(numbers(shards)).int64s(epochs(shards)).interval(expiry);
  return owned(connection_.run(sql::renew_shards, params));
}

std::vector<OwnedShard> ShardLeases::take(int n, Duration expiry) {
  return owned(connection_.run(sql::take_shards, HotParams{}.text(instance_).int32(n).interval(expiry)));
}

void ShardLeases::release(const std::vector<OwnedShard>& shards) {
  connection_.run(sql::release_shards, HotParams{}.text(instance_).int16s(numbers(shards)).int64s(epochs(shards)));
}

DbClock::Measurement ShardLeases::measure_clock() {
  const BootTime sent = BootClock::now();
  const HotRows rows = connection_.run(sql::database_now, HotParams{});
  return {sent, BootClock::now(), rows[0].instant()};
}

}  // namespace carillon
