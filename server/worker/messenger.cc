#include "server/worker/messenger.h"

#include <vector>

#include "server/base/metrics.h"
#include "server/domain/shard.h"

namespace carillon {
namespace {

constexpr Duration kSendEvery = std::chrono::milliseconds{10};
constexpr Duration kListenMax = std::chrono::seconds{1};
constexpr char kCancelChannel[] = "carillon.cancel";
constexpr char kAnswerChannel[] = "carillon.answer";
constexpr char kEverybodyChannel[] = "carillon.everybody";

std::string group_channel(int group) { return "carillon.shards." + std::to_string(group); }

std::vector<std::string> all_channels() {
  std::vector<std::string> channels{kCancelChannel, kAnswerChannel, kEverybodyChannel};
  for (int group = 0; group < kShardGroups; ++group) channels.push_back(group_channel(group));
  return channels;
}

}  // namespace

Messenger::Messenger(const HotPathOptions& options, const std::string& instance, MessengerParts parts)
    : listener_(options, all_channels(), instance), parts_(std::move(parts)) {}

void Messenger::tell(std::string channel) {
  const bool first = to_tell_.with([&](auto& channels) { return channels.insert(std::move(channel)).second; });
  if (first) listener_.wake();
}

void Messenger::tell_shard(std::int16_t shard) { tell(group_channel(shard * kShardGroups / kShards)); }
void Messenger::tell_cancel() { tell(kCancelChannel); }
void Messenger::tell_answer() { tell(kAnswerChannel); }
void Messenger::tell_everybody() { tell(kEverybodyChannel); }

void Messenger::send() {
  const auto waiting = to_tell_.with([](auto& channels) { return std::exchange(channels, {}); });
  if (waiting.empty()) return;
  next_send_ = std::chrono::steady_clock::now() + kSendEvery;
  metrics::count("carillon_notifications_sent_total", {}, static_cast<double>(waiting.size()));
  listener_.notify({waiting.begin(), waiting.end()});
}

void Messenger::run_once() {
  Duration wait = kListenMax;
  if (to_tell_.with([](const auto& channels) { return !channels.empty(); })) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_send_)
      send();
    else
      wait = std::chrono::ceil<Duration>(next_send_ - now);
  }
  const auto heard = listener_.wait(wait);
  healthy_ = listener_.healthy();
  if (heard.listening_anew) {
    parts_.look_again();
    parts_.look_for_cancels();
    parts_.look_for_answers();
  }
  for (const auto& channel : heard.channels) {
    metrics::count("carillon_notifications_heard_total");
    if (channel == kCancelChannel)
      parts_.look_for_cancels();
    else if (channel == kAnswerChannel)
      parts_.look_for_answers();
    else
      parts_.look_again();
  }
}

}  // namespace carillon
