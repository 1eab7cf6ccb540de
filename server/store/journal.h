// What a command leaves behind beside its change, in the same transaction: the outbox event that others read, the audit
// row, and the answer to its client_generated_id. Each class is one table and belongs to its transaction.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/caller.h"
#include "server/store/store.h"

namespace carillon {

// Of a command: who caused what follows, and why.
struct Provenance {
  std::optional<std::string> client_generated_id{};
  std::optional<std::string> causation_id{};
  Instant at{};
};

struct Event {
  std::string_view type;  // task.created, task.run.queued, …
  std::string aggregate;  // "task:123", "run:456"
  json data = json::object();
};

class Outbox {
 public:
  explicit Outbox(Tx& tx) : tx_(tx) {}
  void append(const Caller& caller, const Event& event, const Provenance& provenance);

 private:
  Tx& tx_;
};

struct AuditEntry {
  std::string_view action;  // the command: schedule_task, cancel_run, …
  std::string subject;      // "task:123", "run:456"
  json before = nullptr;
  json after = nullptr;
};

class Audit {
 public:
  explicit Audit(Tx& tx) : tx_(tx) {}
  void append(const Caller& caller, const AuditEntry& entry, const Provenance& provenance);

 private:
  Tx& tx_;
};

struct IdempotencyKey {
  std::string client_generated_id;
  std::string_view command;
  std::string content;  // only its SHA-256 is kept
};

struct FirstAnswer {
  json answer;
  bool same;  // the same command with the same content
};

class Idempotency {
 public:
  explicit Idempotency(Tx& tx) : tx_(tx) {}
  std::optional<FirstAnswer> find(const TenantId& tenant, const IdempotencyKey& key);
  // False: it was used before. Waits for a transaction that is using it.
  bool claim(const TenantId& tenant, const IdempotencyKey& key, Instant at);
  void keep_answer(const TenantId& tenant, const IdempotencyKey& key, const json& answer);

 private:
  Tx& tx_;
};

}  // namespace carillon
