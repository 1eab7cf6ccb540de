// Deliveries: telling the targets of a task that a run of it has ended. The rows are planned with the end (store's
// DeliveryStore); who can deliver a kind calls Engine::deliver with a function that sends one.
//
// Values only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/engine/queries.h"
#include "server/store/delivery_store.h"

namespace carillon {

inline constexpr std::size_t kRunsNoticed = 20;

// One end on its way to one target, or many that had to wait for their hour.
struct Notice {
  Recipient recipient;
  std::string target{};
  std::vector<RunDetail> runs{};  // the first kRunsNoticed, in the order in which they began
  std::size_t total = 1;
};

// nobody: there was no one to send it to; it stays due. failed: it will not be tried again by itself.
enum class Sent { sent, nobody, failed };

struct DeliverWanted {
  std::string kind{};                   // "session"
  std::vector<Recipient> recipients{};  // only what is theirs
  int per_hour_max = 20;                // notices to each recipient; what exceeds it waits and is told in one
};

// Sends one; an exception leaves the row to be due again. Outside of any transaction.
using Send = std::function<Sent(const Notice&)>;

}  // namespace carillon
