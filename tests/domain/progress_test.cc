#include "server/domain/progress.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("progress is kept and read back as it was said", "[domain][progress]") {
  const ToolProgress whole{.progress = 3, .total = 10, .message = "indexing"};
  CHECK(to_json(whole) == json::parse(R"({"progress": 3.0, "total": 10.0, "message": "indexing"})"));
  const auto read = progress_of(to_json(whole));
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(whole));
  CHECK(to_json(*progress_of(json{{"progress", 1}, {"total", "many"}, {"message", 5}})) == json{{"progress", 1.0}});
  for (const char* other : {"null", "5", "{}", R"({"progress": "half"})"}) CHECK_FALSE(progress_of(json::parse(other)));
}

TEST_CASE("progress is told in a line", "[domain][progress]") {
  CHECK(brief_progress({.progress = 3, .total = 10, .message = "indexing"}) == "3 of 10: indexing");
  CHECK(brief_progress({.progress = 0.25}) == "0.25");
  CHECK(brief_progress({.progress = 7, .message = "files"}) == "7: files");
}
