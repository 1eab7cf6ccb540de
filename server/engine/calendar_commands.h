// Commands about named calendars and their answers: `carillon calendar` and its like over REST. Values only. JSON:
// answers_json.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/calendar.h"
#include "server/engine/command.h"

namespace carillon {

struct SaveCalendar {
  CommandKey key{};
  std::string name{};
  std::optional<std::string> description{};  // none: as it was
  Days days{};
};

struct CalendarSaved {
  std::string name{};
  std::string result{};  // created, updated, unchanged
  std::int64_t days = 0;
  std::vector<std::string> tasks{};  // whose next slots were derived anew
  Instant at{};
};

struct DeleteCalendar {
  CommandKey key{};
  std::string name{};
};

struct CalendarDeleted {
  std::string name{};
  Instant at{};
};

struct CalendarView {
  std::string name{};
  std::string description{};
  Days days{};
  std::vector<std::string> tasks{};  // living ones that use it
  Instant updated_at{};
  std::string updated_by{};
};

}  // namespace carillon
