#include "tools/calendar.h"

#include <libical/ical.h>

#include <chrono>
#include <cstdlib>
#include <memory>

#include "server/base/check.h"
#include "server/base/version.h"

namespace carillon::tools {
namespace {

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;

icaltimetype utc(Instant instant) {
  using namespace std::chrono;
  const auto seconds_since_1970 = floor<seconds>(instant).time_since_epoch().count();
  return icaltime_from_timet_with_zone(seconds_since_1970, 0, icaltimezone_get_utc_timezone());
}

// The property belongs to the component afterwards.
void add_property(icalcomponent* component, icalproperty* property) {
  CARILLON_CHECK(property != nullptr);
  icalcomponent_add_property(component, property);
}

Component event_of(const CalendarEvent& event, Instant made_at) {
  Component component{icalcomponent_new(ICAL_VEVENT_COMPONENT)};
  add_property(component.get(), icalproperty_new_uid(event.uid.c_str()));
  add_property(component.get(), icalproperty_new_dtstamp(utc(made_at)));
  add_property(component.get(), icalproperty_new_dtstart(utc(event.at)));
  add_property(component.get(), icalproperty_new_summary(event.summary.c_str()));
  if (!event.description.empty())
    add_property(component.get(), icalproperty_new_description(event.description.c_str()));
  // Nobody is busy because a task runs.
  add_property(component.get(), icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
  return component;
}

}  // namespace

std::string to_calendar(const std::vector<CalendarEvent>& events, Instant made_at) {
  Component calendar{icalcomponent_new(ICAL_VCALENDAR_COMPONENT)};
  add_property(calendar.get(), icalproperty_new_version("2.0"));
  const std::string product = "-//Carillon//Carillon " + std::string(kVersion) + "//EN";
  add_property(calendar.get(), icalproperty_new_prodid(product.c_str()));
  for (const auto& event : events) icalcomponent_add_component(calendar.get(), event_of(event, made_at).release());
  const std::unique_ptr<char, void (*)(void*)> text{icalcomponent_as_ical_string_r(calendar.get()), std::free};
  CARILLON_CHECK(text != nullptr);
  return text.get();
}

}  // namespace carillon::tools
