#include "tools/task_following.h"

#include <exception>
#include <set>
#include <utility>

#include "server/base/log.h"
#include "server/engine/engine.h"
#include "tools/parking.h"
#include "transport/timer.h"

namespace carillon::tools {
namespace {

constexpr std::chrono::seconds kBetweenRounds{1};
constexpr std::size_t kFollowersMax = 20'000;

std::string shown_state_of(const FollowedCallState& call) {
  return call.state + (call.stopping ? " stopping" : "") + (call.cancelled ? " cancelled" : "") + " " + call.progress +
         " " + call.asks;
}

}  // namespace

void TaskFollowing::follow(TaskFollower follower) {
  const bool full = state_.with([](const State& s) { return s.followers.size() >= kFollowersMax; });
  if (full) return follower.changed(look_(follower.context, follower.call.id));
  const RunId run = follower.run;
  const auto shared = std::make_shared<TaskFollower>(std::move(follower));
  const auto changed = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look_again();
  };
  const RunListener listener{.ended = changed, .asks = changed};
  state_.with([&](State& s) { s.followers.emplace(ports_.engine.watch().watch(run, listener), shared); });
  look_again();
}

void TaskFollowing::look_again() {
  if (state_.with([](State& s) { return std::exchange(s.queued, true); })) return;
  hand_over(ports_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->round();
  });
}

void TaskFollowing::stop() {
  const std::lock_guard lock{round_};
  stopped_ = true;
}

void TaskFollowing::round() {
  const std::lock_guard lock{round_};
  if (stopped_) return;
  state_.with([](State& s) { s.queued = false; });  // what changes from here on is for the next one
  try {
    tell_changes();
  } catch (const std::exception& failure) {
    log::warn("whoever follows tasks was not told of changes", {{"failure", failure.what()}});
  }
  const bool rest = state_.with([](State& s) { return s.followers.empty() || std::exchange(s.timed, true); });
  if (rest) return;
  ports_.timer.after(kBetweenRounds, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->state_.with([](State& s) { s.timed = false; });
    self->look_again();
  });
}

void TaskFollowing::tell_changes() {
  const Followers followers = present_followers();
  std::map<std::pair<std::string, std::string>, std::string> states;
  std::vector<FollowedCallId> calls;
  for (const auto& [ticket, follower] : followers) {
    const auto& call = follower->call;
    if (states.emplace(std::pair{call.tenant.str(), call.id}, "gone").second) calls.push_back(call);
  }
  for (const auto& call : ports_.engine.followed_call_states(calls))
    states[{call.tenant.str(), call.id}] = shown_state_of(call);
  for (const auto& [ticket, follower] : followers)
    tell(ticket, *follower, states.at({follower->call.tenant.str(), follower->call.id}));
}

void TaskFollowing::tell(Ticket ticket, TaskFollower& follower, const std::string& state) {
  if (follower.told == state) return;
  const auto view = look_(follower.context, follower.call.id);
  follower.told = state;
  if (!view || is_final(view->status)) drop(ticket);
  follower.changed(view);
}

// Those whose clients have gone are dropped.
TaskFollowing::Followers TaskFollowing::present_followers() {
  Followers followers = state_.with([](const State& s) { return s.followers; });
  std::erase_if(followers, [&](const auto& entry) {
    const bool gone = entry.second->context.cancelled.stop_requested();
    if (gone) drop(entry.first);
    return gone;
  });
  return followers;
}

void TaskFollowing::drop(Ticket ticket) {
  ports_.engine.watch().unwatch(ticket);
  state_.with([&](State& s) { s.followers.erase(ticket); });
}

}  // namespace carillon::tools
