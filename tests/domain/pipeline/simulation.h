// A world for planners: random pipelines, tools that succeed, fail or lose their answer, workers that are killed at any
// instant, and a clock that the simulation moves. Everything follows from the seed, so a seed is a reproduction.
#pragma once

#include <cstdint>
#include <string>

namespace carillon::pipeline::test {

// Empty: every promise held. Otherwise which one did not, and what happened: for people.
std::string simulate(std::uint64_t seed);

// The pipeline of that seed, as JSON, for people.
std::string pipeline_of_seed(std::uint64_t seed);

}  // namespace carillon::pipeline::test
