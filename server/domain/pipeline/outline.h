// What is told of a pipeline's definition without running it: in which order its steps come, and what differs between
// two versions, line by line. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/json.h"
#include "server/domain/pipeline/pipeline.h"

namespace carillon::pipeline {

// The ids of a list's steps in the order in which they come; those of one stage run side by side.
std::vector<std::vector<std::string>> stages_of(const std::vector<Step>& steps);

// One line a difference: `steps.post.with.channel: "#me" → "#all"`, `steps.mail: added`. Steps are told apart by their
// ids, wherever they stand; long values are cut. At most `lines_max`, the last of them then says how many more.
std::vector<std::string> differences(const json& before, const json& after, std::size_t lines_max = 50);

}  // namespace carillon::pipeline
