#include "transport/tool_listing.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using namespace carillon::transport;

TEST_CASE("a title stands where each revision looks for it", "[transport][tool_listing]") {
  const ordered_json entry{{"name", "a"},
                           {"title", "Do it"},
                           {"annotations", {{"readOnlyHint", true}}},
                           {"execution", {{"taskSupport", "optional"}}}};
  const auto first = entry_for(entry, Revision::v2025_03_26);
  CHECK(first["annotations"]["title"] == "Do it");
  CHECK_FALSE(first.contains("title"));
  for (const Revision later : {Revision::v2025_06_18, Revision::v2025_11_25, kNewestModern}) {
    const auto shown = entry_for(entry, later);
    CHECK(shown["title"] == "Do it");
    CHECK_FALSE(shown["annotations"].contains("title"));
    CHECK(shown.contains("execution") == (later == Revision::v2025_11_25));
  }
}
