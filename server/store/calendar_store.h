// CalendarStore: named calendars and who uses them. One method a query. Belongs to the transaction it was made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/calendar.h"
#include "server/store/store.h"

namespace carillon {

struct CalendarRecord {
  std::string name;
  std::string description;
  Days days;
  Instant updated_at;
  std::string updated_by;
};

struct CalendarUser {
  TaskId task;
  std::string name;
  bool living;  // false: deleted softly
};

class CalendarStore {
 public:
  explicit CalendarStore(Tx& tx) : tx_(tx) {}

  void save(const TenantId& tenant, const CalendarRecord& calendar);
  // It stays as it is until the end of the transaction.
  std::optional<CalendarRecord> share(const TenantId& tenant, const std::string& name);
  std::vector<CalendarRecord> list(const TenantId& tenant);
  bool remove(const TenantId& tenant, const std::string& name);
  std::vector<CalendarUser> users(const TenantId& tenant, const std::string& name);  // by id

 private:
  Tx& tx_;
};

}  // namespace carillon
