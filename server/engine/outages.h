// Outages for people: why nobody watched the schedules for a while, and what became of a task's slots in that time.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/store/outage_store.h"

namespace carillon {

// "Carillon was not running", "the machine slept" …
std::string_view why_nobody_watched(std::string_view kind);

// "morning-brief: ran at Mon 2026-11-23 09:13, 1h43m late; 2 slots missed".
std::string say_outage(const OutageTask& task);

}  // namespace carillon
