// How long things are kept; the `retention` section of the configuration. A task may keep its records and outputs
// longer or shorter (options.keep). Plain values.
#pragma once

#include <chrono>

#include "server/base/clock.h"

namespace carillon {

struct RetentionOptions {
  Duration idempotency = std::chrono::hours{24 * 7};     // first answers to commands with a client_generated_id
  Duration deleted_items = std::chrono::hours{24 * 30};  // restorable so long
  Duration followed_calls = std::chrono::hours{24};      // after their run has ended; a day at least
  Duration records = std::chrono::hours{24 * 90};        // runs that ended, with their journals
  Duration outputs = std::chrono::hours{24 * 14};        // outputs that are too large for the run's row
  Duration events = std::chrono::hours{24 * 30};         // that were told; with their keys, against repetitions
  int batch_rows = 500;                                  // deleted in one transaction
};

}  // namespace carillon
