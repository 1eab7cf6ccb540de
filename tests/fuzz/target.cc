#include "tests/fuzz/target.h"

#include <cstdint>

namespace carillon::fuzz {
namespace {

std::vector<const Target*>& known() {
  static std::vector<const Target*> all;
  return all;
}

}  // namespace

Target::Target(const char* name, void (*function)(std::string_view)) : subject(name), run(function) {
  known().push_back(this);
}

const std::vector<const Target*>& targets() { return known(); }

}  // namespace carillon::fuzz

// libFuzzer's entry; a fuzzer has one target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carillon::fuzz::targets().front()->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
