#include "server/store/calendar_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

CalendarRecord read_calendar(const pqxx::row& row) {
  CalendarRecord calendar{.name = column<std::string>(row["name"]),
                          .description = column<std::string>(row["description"]),
                          .days = {},
                          .updated_at = column<Instant>(row["updated_at"]),
                          .updated_by = column<std::string>(row["updated_by"])};
  for (const auto& date :
       column<std::optional<std::vector<std::string>>>(row["days"]).value_or(std::vector<std::string>{}))
    if (const auto day = day_from(date)) calendar.days.push_back(*day);
  return calendar;
}

}  // namespace

void CalendarStore::save(const TenantId& tenant, const CalendarRecord& calendar) {
  std::vector<std::string> dates;
  for (const auto day : calendar.days) dates.push_back(date_text(day));
  tx_.exec(sql::save_calendar, tenant, calendar.name, calendar.description, dates, calendar.updated_at,
           calendar.updated_by);
}

std::optional<CalendarRecord> CalendarStore::share(const TenantId& tenant, const std::string& name) {
  const pqxx::result rows = tx_.exec(sql::share_calendar, tenant, name);
  if (rows.empty()) return std::nullopt;
  return read_calendar(rows[0]);
}

std::vector<CalendarRecord> CalendarStore::list(const TenantId& tenant) {
  std::vector<CalendarRecord> calendars;
  for (const auto& row : tx_.exec(sql::list_calendars, tenant)) calendars.push_back(read_calendar(row));
  return calendars;
}

bool CalendarStore::remove(const TenantId& tenant, const std::string& name) {
  return !tx_.exec(sql::delete_calendar, tenant, name).empty();
}

std::vector<CalendarUser> CalendarStore::users(const TenantId& tenant, const std::string& name) {
  std::vector<CalendarUser> users;
  for (const auto& row : tx_.exec(sql::tasks_with_calendar, tenant, name))
    users.push_back({column<TaskId>(row["task_id"]), column<std::string>(row["name"]), column<bool>(row["living"])});
  return users;
}

}  // namespace carillon
