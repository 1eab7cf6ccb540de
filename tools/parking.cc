#include "tools/parking.h"

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "server/base/log.h"
#include "server/engine/engine.h"
#include "transport/executor.h"
#include "transport/timer.h"

namespace carillon::tools {
namespace {

constexpr std::chrono::milliseconds kExecutorFull{20};

// The executor refuses work while it is full; a call that has waited for seconds can wait a little more.
void hand_over_shared(const Ports& ports, std::shared_ptr<std::function<void()>> work) {
  if (ports.executor.run([work] { (*work)(); })) return;
  ports.timer.after(kExecutorFull, [ports, work] { hand_over_shared(ports, work); });
}

// Kept alive by the watch and the timer, which settle() takes back.
class Wait : public std::enable_shared_from_this<Wait> {
 public:
  Wait(const Ports& ports, std::function<void()> go_on)
      : ports_(ports), watch_(ports.engine.watch()), timer_(ports.timer), go_on_(std::move(go_on)) {}

  void start(const ParkedCall& call) {
    const auto self = shared_from_this();
    {
      const std::lock_guard lock{registering_};
      watch_ticket_ = watch_.watch(call.run, RunListener{.ended = [self] { self->settle(); },
                                                         .asks = [self] { self->settle(); },
                                                         .progressed = call.progressed});
      timer_ticket_ = timer_.after(call.wait, [self] { self->settle(); });
    }
    // Weak, and never reset: the callback may run at once, in here, or at any time on the canceller's thread.
    gone_.emplace(call.gone, [weak = weak_from_this()] {
      if (const auto wait = weak.lock()) wait->settle();
    });
    if (!settled_ && news_or_unknown(call)) settle();
  }

 private:
  // A failure to look is met again, and answered, where the call goes on.
  static bool news_or_unknown(const ParkedCall& call) {
    try {
      return call.has_news();
    } catch (const std::exception& failure) {
      log::warn("a parked call could not see its run", {{"failure", failure.what()}});
      return true;
    }
  }

  void settle() {
    if (settled_.exchange(true)) return;
    const auto self = shared_from_this();
    {
      const std::lock_guard lock{registering_};
      watch_.unwatch(watch_ticket_);
      timer_.cancel(timer_ticket_);
    }
    hand_over(ports_, std::move(go_on_));
  }

  const Ports ports_;
  RunWatch& watch_;
  transport::Timer& timer_;
  std::function<void()> go_on_;
  std::atomic<bool> settled_ = false;
  std::mutex registering_;  // the tickets are known before anybody takes them back
  RunWatch::Ticket watch_ticket_ = 0;
  transport::Timer::Ticket timer_ticket_ = 0;
  std::optional<std::stop_callback<std::function<void()>>> gone_;
};

}  // namespace

void hand_over(const Ports& ports, std::function<void()> work) {
  hand_over_shared(ports, std::make_shared<std::function<void()>>(std::move(work)));
}

void park(const Ports& ports, ParkedCall call) {
  const auto wait = std::make_shared<Wait>(ports, std::move(call.go_on));
  wait->start(call);
}

}  // namespace carillon::tools
