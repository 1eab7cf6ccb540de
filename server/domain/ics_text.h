// iCalendar texts (RFC 5545) taken apart: folded lines, properties with their parameters, components within components.
// What the values mean is for the reader. Each thing knows the line of the text where it begins, for refusals.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace carillon {

struct IcsParameter {
  std::string name, value;  // the name in capitals, the value without quotes
};

struct IcsProperty {
  std::size_t line = 0;  // from 1
  std::string name;      // in capitals
  std::vector<IcsParameter> parameters;
  std::string value;  // as written: escapes in texts are left alone

  std::string_view parameter(std::string_view wanted) const;  // empty: not there
};

struct IcsComponent {
  std::size_t line = 0;
  std::string name;  // in capitals: VCALENDAR
  std::vector<IcsProperty> properties{};
  std::vector<IcsComponent> components{};

  const IcsProperty* find(std::string_view wanted) const;  // the first of that name
  std::vector<const IcsProperty*> all(std::string_view wanted) const;
};

// An error about the calendar at /ics: "line 7: …", details {"line": 7}.
Error ics_refusal(std::size_t line, const std::string& message);

// The VCALENDARs of a text. Errors: arguments_invalid with the line and what would be one.
Result<std::vector<IcsComponent>> parse_ics(std::string_view text);

}  // namespace carillon
