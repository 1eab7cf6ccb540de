#include "server/store/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "server/base/metrics.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr auto kProbeEvery = std::chrono::seconds{15};
constexpr auto kProbeAnswer = std::chrono::seconds{3};

}  // namespace

Listener::Listener(HotPathOptions options, std::vector<std::string> channels, const std::string& name)
    : connection_(std::move(options)),
      channels_(std::move(channels)),
      probe_channel_("carillon.probe." + name.substr(0, 40)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Listener::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the waiter is awake anyway.
  if (::write(wake_.get(), &one, sizeof one) < 0 && errno != EAGAIN)
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Listener::listen() {
  std::vector<std::string> all = channels_;
  all.push_back(probe_channel_);
  connection_.run(sql::listen_to, HotParams{}.texts(all));
  listening_on_ = connection_.connections();
  healthy_ = false;
  probe();
}

void Listener::probe() {
  notify({probe_channel_});
  const auto now = std::chrono::steady_clock::now();
  probe_sent_ = now;
  next_probe_ = now + kProbeEvery;
}

void Listener::check_probe() {
  const auto now = std::chrono::steady_clock::now();
  if (probe_sent_ && now - *probe_sent_ > kProbeAnswer) {
    metrics::count("carillon_listener_probe_failures_total");
    healthy_ = false;
    probe_sent_.reset();
    next_probe_ = now + kProbeEvery;
    // Dead or only deaf (a pooler): a new session tells. Until then everybody polls.
    connection_.disconnect();
    return;
  }
  if (!probe_sent_ && now >= next_probe_) probe();
}

void Listener::notify(const std::vector<std::string>& channels) {
  connection_.run(sql::notify_channels, HotParams{}.texts(channels));
}

Listener::Heard Listener::wait(Duration longest) {
  Heard heard;
  check_probe();
  if (!connection_.connected() || listening_on_ != connection_.connections()) {
    listen();
    heard.listening_anew = true;
    return heard;
  }
  std::array<pollfd, 2> wanted{{{connection_.socket(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  auto left = std::chrono::ceil<std::chrono::milliseconds>(longest);
  if (probe_sent_) left = std::min(left, std::chrono::milliseconds{kProbeAnswer});
  // Statements that ran meanwhile may have read notifications already: look before waiting.
  heard.channels = connection_.take_notifications();
  if (heard.channels.empty() && ::poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) < 0 &&
      errno != EINTR)
    throw std::system_error(errno, std::generic_category(), "poll");
  std::uint64_t count = 0;
  if (::read(wake_.get(), &count, sizeof count) < 0 && errno != EAGAIN)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  for (auto& channel : connection_.take_notifications()) heard.channels.push_back(std::move(channel));
  std::sort(heard.channels.begin(), heard.channels.end());
  heard.channels.erase(std::unique(heard.channels.begin(), heard.channels.end()), heard.channels.end());
  if (const auto mine = std::find(heard.channels.begin(), heard.channels.end(), probe_channel_);
      mine != heard.channels.end()) {
    heard.channels.erase(mine);
    probe_sent_.reset();
    healthy_ = true;
  }
  metrics::gauge("carillon_listener_healthy", {}, healthy_ ? 1 : 0);
  return heard;
}

}  // namespace carillon
