// WebhookStore: the addresses at which tasks are started from outside. An address is random and says nothing of its
// task; what deliveries to it are signed with is made from it (transport/webhook_signature.h) and not kept.
// Belongs to the transaction it was made with.
#pragma once

#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/store.h"

namespace carillon {

// An address whose task can be started.
struct Webhook {
  std::string id;
  TenantId tenant;
  TaskId task;
  std::string task_name;
  std::int16_t shard;  // of the task's schedule
};

class WebhookStore {
 public:
  explicit WebhookStore(Tx& tx) : tx_(tx) {}

  // Gives the address when it was made just now; nothing: the task has one.
  std::optional<std::string> keep(const TenantId& tenant, TaskId task, Instant at);
  void drop(const TenantId& tenant, TaskId task);
  std::optional<std::string> of(const TenantId& tenant, TaskId task);
  // Of any tenant: in a transaction across tenants.
  std::optional<Webhook> find(const std::string& id);

 private:
  Tx& tx_;
};

}  // namespace carillon
