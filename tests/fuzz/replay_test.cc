// Plays the seeds of every fuzz target: what was found once is never found again.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

TEST_CASE("every target survives its seeds and has some", "[fuzz]") {
  for (const auto* target : targets()) {
    DYNAMIC_SECTION(target->subject) {
      int played = 0;
      for (const auto& entry :
           std::filesystem::directory_iterator{std::string{"tests/fuzz/corpus/"} + target->subject}) {
        std::ifstream file{entry.path(), std::ios::binary};
        const std::string seed{std::istreambuf_iterator<char>{file}, {}};
        INFO(entry.path().string());
        CHECK_NOTHROW(target->run(seed));
        ++played;
      }
      CHECK(played > 0);
    }
  }
}

}  // namespace
}  // namespace carillon::fuzz
