// The names of weekdays and months, a row for each language: what texts may say. A language is added by adding its row.
//
// Monday and January come first. Names are written in lower case and without accents, as folded() makes them;
// alternatives stand behind a bar and count only when written in full. English is the first row, and the one in which
// readings are written. Data; thread-safe.
#pragma once

#include <array>
#include <string_view>

namespace carillon {

struct CalendarNames {
  std::string_view language;  // ISO 639-1
  std::array<std::string_view, 7> weekdays;
  std::array<std::string_view, 12> months;
};

inline constexpr auto kCalendarNames = std::to_array<CalendarNames>({
    {"en",
     {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
     {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
      "december"}},
    {"de",
     {"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag|sonnabend", "sonntag"},
     {"januar|janner|jaenner", "februar|feber", "marz|maerz", "april", "mai", "juni", "juli", "august", "september",
      "oktober", "november", "dezember"}},
    {"fr",
     {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
     {"janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
      "decembre"}},
    {"es",
     {"lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"},
     {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre|setiembre", "octubre",
      "noviembre", "diciembre"}},
});

// Lower case, and the letters of Latin-1 without their accents: "Miércoles" gives "miercoles", "März" gives "marz".
std::string folded(std::string_view text);

}  // namespace carillon
