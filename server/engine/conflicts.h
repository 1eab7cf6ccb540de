// Conflicts that lie ahead of a task, with a suggestion each: it would overlap itself, wait for another task's lock, do
// what another task does at the same time, or fall into quiet hours.
//
// How long a run takes is the 95th percentile of the task's runs of the last 30 days; where there are none, a run is
// taken to end at once. Where it takes a source it runs inside a transaction; reads only.
#pragma once

#include <vector>

#include "server/engine/queries.h"
#include "server/engine/upcoming.h"

namespace carillon {

struct Horizon {
  Instant from, to;
};

// At most one of each kind and other task, the earliest of it.
std::vector<Conflict> find_conflicts(const RhythmSource& source, const TaskRecord& task, const Rhythm& rhythm,
                                     const Horizon& horizon);

// Those with quiet hours alone, for which nothing need be read.
std::vector<Conflict> find_quiet_conflicts(const Rhythm& rhythm, const Horizon& horizon);

// As warnings for whoever saves the task; duplicates are not among them, because the answer lists what is similar.
std::vector<std::string> conflict_warnings(const RhythmSource& source, const TaskRecord& task, const Rhythm& rhythm,
                                           const Horizon& horizon);

}  // namespace carillon
