#include "transport/lane.h"

#include <utility>

namespace carillon::transport {

bool Lane::run(Executor& executor, std::function<void()> work) {
  const bool starts = state_.with([&](State& s) {
    if (s.running == running_max_) {
      s.waiting.push_back(std::move(work));
      return false;
    }
    ++s.running;
    return true;
  });
  if (!starts || start(executor, std::move(work))) return true;
  go_on(executor);
  return false;
}

bool Lane::start(Executor& executor, std::function<void()> work) {
  return executor.run([self = shared_from_this(), &executor, work = std::move(work)] {
    work();
    self->go_on(executor);
  });
}

// One has ended: the next goes to the end of the executor's queue, behind what other peers have there.
void Lane::go_on(Executor& executor) {
  while (const auto next = take_next()) {
    if (start(executor, next)) return;
    next();  // the executor is full; what was accepted is answered all the same
  }
}

std::function<void()> Lane::take_next() {
  return state_.with([](State& s) -> std::function<void()> {
    if (s.waiting.empty()) {
      --s.running;
      return nullptr;
    }
    auto next = std::move(s.waiting.front());
    s.waiting.pop_front();
    return next;
  });
}

}  // namespace carillon::transport
