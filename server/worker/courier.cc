#include "server/worker/courier.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/retry.h"
#include "server/worker/letter_text.h"

namespace carillon {
namespace {

constexpr Duration kRest = std::chrono::seconds{1};
constexpr Duration kTakenBeyondTimeout = std::chrono::seconds{30};
constexpr Duration kWaitMax = std::chrono::hours{2};
constexpr Duration kWishedMax = std::chrono::hours{6};  // a receiver may ask for so long a wait

std::string_view name_of(delivery::Became became) {
  switch (became) {
    case delivery::Became::sent:
      return "sent";
    case delivery::Became::refused:
      return "refused";
    case delivery::Became::unreachable:
      return "unreachable";
    case delivery::Became::never:
      return "never";
  }
  return "never";
}

}  // namespace

Courier::Courier(Post& post, delivery::Channel& channel, const DeliveryOptions& options)
    : post_(post), channel_(channel), options_(options), loop_("courier") {}

void Courier::start() {
  loop_.start([this] {
    while (!loop_.stopping() && run_once()) {
    }
    loop_.rest(kRest);
    return Loop::Next::again;
  });
}

void Courier::stop() {
  stop_.request_stop();
  loop_.stop();
}

bool Courier::run_once() {
  if (const auto why = channel_.missing()) {
    post_.note_undeliverable(channel_.kind(), *why);
    return false;
  }
  const auto due = post_.take({.kind = channel_.kind(),
                               .per_hour_max = options_.per_hour_max,
                               .lasts = options_.timeout + kTakenBeyondTimeout});
  if (!due) return false;
  const auto began = std::chrono::steady_clock::now();
  const delivery::Attempt attempt = channel_.send(write_letter(*due), stop_.get_token());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  metrics::observe("carillon_letter_seconds", {{"kind", channel_.kind()}}, took.count());
  metrics::count("carillon_letters_total", {{"kind", channel_.kind()}, {"became", name_of(attempt.became)}});
  settle(*due, attempt);
  return true;
}

void Courier::settle(const DueLetter& due, const delivery::Attempt& attempt) {
  using delivery::Became;
  if (attempt.became == Became::sent) return post_.sent(due);
  const bool last = due.taken.attempt >= options_.attempts_max;
  log::info("a letter could not be delivered", json{{"kind", channel_.kind()},
                                                    {"letter", due.id},
                                                    {"attempt", due.taken.attempt},
                                                    {"became", name_of(attempt.became)},
                                                    {"why", attempt.why}});
  if (attempt.became == Became::never) return post_.failed(due, attempt.why);
  if (last) return post_.failed(due, attempt.why + ", " + std::to_string(due.taken.attempt) + " times");
  const bool nothing_gets_there = attempt.became == Became::unreachable;
  post_.put_off(due, {.after = wait_after(due.taken.attempt, attempt),
                      .why = attempt.why,
                      .others = nothing_gets_there ? LetterStore::Others::wait : LetterStore::Others::go_on});
}

Duration Courier::wait_after(int attempt, const delivery::Attempt& failed) {
  const RetryPolicy policy{.max_attempts = options_.attempts_max, .base = options_.retry_base, .max = kWaitMax};
  const double jitter = std::uniform_real_distribution<>{0, 1}(random_);
  const Duration wait = retry_delay(policy, attempt, jitter);
  return std::max(wait, std::min(failed.retry_after.value_or(Duration{0}), kWishedMax));
}

}  // namespace carillon
