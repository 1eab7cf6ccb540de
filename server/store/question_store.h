// QuestionStore: what the calls of runs ask, for those who look and answer; the worker's half is question_rows.h.
//
// A question is open while nobody closed it and the attempt of the run that asked is live. The first answer wins: who
// comes later changes nothing. An answer is never read here. Belongs to the transaction it was made with.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/store.h"

namespace carillon {

struct OpenQuestion {
  RunId run{0};
  std::string key;
  std::string tool;
  std::string method;  // elicitation/create or sampling/createMessage
  json params = json::object();
  Instant asked_at{}, answer_until{};
};

struct QuestionRecord {
  OpenQuestion question;
  bool open = false;
  std::optional<AgentId> answered_by{};
  std::string outcome{};  // empty while nobody closed it
};

struct GivenAnswer {
  RunId run{0};
  std::string key;
  json answer;
  AgentId by;
  Instant at{};
};

// Of a live run, for whoever waits for it.
struct RunNews {
  RunId run{0};
  json progress = nullptr;
  bool asks = false;
};

class QuestionStore {
 public:
  explicit QuestionStore(Tx& tx) : tx_(tx) {}

  // The oldest first.
  std::vector<OpenQuestion> open(const TenantId& tenant, const std::vector<RunId>& runs);
  std::optional<QuestionRecord> find(const TenantId& tenant, RunId run, const std::string& key);
  // False: it is not open.
  bool answer(const TenantId& tenant, const GivenAnswer& given);
  // Of all tenants, by ids that were handed out to their owners; runs without news are left out.
  std::vector<RunNews> news(const std::vector<RunId>& runs);

 private:
  Tx& tx_;
};

}  // namespace carillon
