// WorkerOptions: every limit and interval of the worker, named with its unit, filled from the `worker` section of the
// configuration. Plain values; the defaults are the product's.
#pragma once

#include <chrono>
#include <string>

#include "server/base/clock.h"
#include "server/domain/quiet_rules.h"

namespace carillon {

struct LeaseOptions {
  Duration shard_expiry = std::chrono::seconds{10};
  Duration run_lease = std::chrono::seconds{10};
  Duration renew_every = std::chrono::seconds{2};
  Duration expire_every = std::chrono::seconds{1};  // look for leases of others that have ended
  Duration measure_clock_every = std::chrono::seconds{10};
  int takeovers_max = 5;  // a run that killed so many workers is quarantined
};

// So long before a lease ends in the database, its worker takes it for over.
inline constexpr Duration kLeaseMargin = std::chrono::milliseconds{500};

struct BatchOptions {
  int claim_min = 32;
  int claim_max = 1000;
  int flush_max = 2000;       // marks and settlements of one statement
  int runs_in_flight = 2000;  // claimed and not yet settled, so memory is bounded when the database is slow
  int schedules_max = 500;    // fired in one statement
  int catch_up_max = 1000;    // slots of one schedule looked at in one go
  int cues_max = 100;         // of one schedule answered in one go
};

struct ExecutorOptions {
  int threads = 2;          // they never wait: a call that is under way holds none
  int patient_threads = 4;  // these may wait for a downstream server to start
  Duration describe_wait = std::chrono::seconds{10};
  Duration overdue_after = std::chrono::seconds{30};  // a call that is not answered so long after its own timeout
  std::size_t output_bytes_max = 5'000'000;           // of one step; the rest is cut off and flagged
  std::size_t error_bytes_max = 8'000;
  Duration answer_within = std::chrono::minutes{10};  // what a call asks can be answered so long
  int questions_max = 50;                             // of one attempt of a run
};

struct QuestionOptions {
  std::size_t open_max = 500;  // of this process; beyond it a server hears that nobody answers
  std::size_t bytes_max = 256 * 1024;
};

struct SweepOptions {
  Duration every = std::chrono::minutes{1};
};

struct WorkerOptions {
  LeaseOptions leases;
  BatchOptions batches;
  ExecutorOptions executor;
  QuestionOptions questions;
  SweepOptions sweep;
  Duration look_ahead = std::chrono::seconds{5};        // how far the timers reach
  Duration poll_every = std::chrono::seconds{1};        // ± 20 %: how often they are filled
  Duration full_scan_every = std::chrono::seconds{10};  // queues are looked at below their floors too
  QuietSettings quiet;                                  // hours in which schedules start nothing
  Duration soft_deadline = std::chrono::seconds{20};    // stop() waits so long for calls that are under way
  Duration clock_shift{0};                              // the clock of what is due is so far ahead; for tests
  Duration network_wait = std::chrono::minutes{30};     // the longest that late runs wait for a network
  int completers = 2;
  int chain_depth_max = 16;   // runs that cause one another; the next is skipped
  int child_depth_max = 5;    // how many runs may be above one that a step starts
  int child_runs_max = 1000;  // of the steps of one run and of all runs below it
};

}  // namespace carillon
