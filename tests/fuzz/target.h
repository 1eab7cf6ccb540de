// Fuzz targets: functions over any bytes that must end, keep what they claim (CARILLON_CHECK) and corrupt nothing. Each
// *_fuzz.cc makes one Target. Built by clang with CARILLON_FUZZ it becomes a fuzzer of its own (target.cc holds
// libFuzzer's entry); otherwise all of them become fuzz_test, which plays the seeds of tests/fuzz/corpus.
//
// What a fuzzer finds becomes a case in the tests of the room, and its input a seed.
#pragma once

#include <string_view>
#include <vector>

namespace carillon::fuzz {

struct Target {
  // `subject` names the folder of its seeds. Targets are made before main() and live as long as the program.
  Target(const char* subject, void (*run)(std::string_view input));

  const char* const subject;
  void (*const run)(std::string_view input);
};

// Of this program.
const std::vector<const Target*>& targets();

}  // namespace carillon::fuzz
