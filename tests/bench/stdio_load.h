// Load over stdio: a server started as a child, lines on its pipes. All callers share the one pipe, as an agent host
// that has many calls under way would.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "server/process/child.h"
#include "tests/bench/load.h"

namespace carillon::bench {

class StdioLoad {
 public:
  // `greeting`: lines sent first; the first of them is answered, and the answer is read.
  StdioLoad(const std::vector<std::string>& command, CallText call, const std::vector<std::string>& greeting);

  Measured run(const Load& load);

 private:
  void add_call();
  void write_some();
  // The answers that came, taken off `heard_`; waits for some.
  std::vector<std::string> read_lines();

  const CallText call_;
  process::Child child_;
  std::string unsent_;
  std::string heard_;
  std::unordered_map<std::uint64_t, Time> under_way_;
  std::uint64_t next_id_ = kFirstId;
};

}  // namespace carillon::bench
