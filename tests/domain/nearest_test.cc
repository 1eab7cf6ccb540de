#include "server/domain/nearest.h"

#include <catch2/catch.hpp>
#include <set>

namespace carillon {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("the closest names come first and distant ones are not offered", "[domain][nearest]") {
  const Names tools{"list_runs", "list_tasks", "get_run", "schedule_task", "snooze"};
  CHECK(nearest("list_run", tools) == Names{"list_runs"});
  CHECK(nearest("lst_runs", tools).front() == "list_runs");
  CHECK(nearest("shcedule_task", tools) == Names{"schedule_task"});
  CHECK(nearest("zzzzzz", tools).empty());
  CHECK(nearest("", tools).empty());
}

TEST_CASE("case and word separators are no difference", "[domain][nearest]") {
  CHECK(nearest("List-Runs", {"list_runs", "lost_runs"}) == Names{"list_runs", "lost_runs"});
}

TEST_CASE("a name that contains the wanted one is offered after mistypings", "[domain][nearest]") {
  CHECK(nearest("runs", {"list_runs", "rusn"}) == Names{"rusn", "list_runs"});
}

TEST_CASE("no more names are offered than asked for", "[domain][nearest]") {
  const std::set<std::string> names{"aaa1", "aaa2", "aaa3", "aaa4"};
  CHECK(nearest("aaa0", names, 2) == Names{"aaa1", "aaa2"});
}

TEST_CASE("a name of a megabyte is compared by its beginning only", "[domain][nearest]") {
  CHECK(nearest(std::string(1'000'000, 'x'), {"abc"}).empty());
}

TEST_CASE("suggestions read as the end of a sentence", "[domain][nearest]") {
  CHECK(did_you_mean({}).empty());
  CHECK(did_you_mean(Names{"a"}) == ": did you mean \"a\"?");
  CHECK(did_you_mean(Names{"a", "b", "c"}) == ": did you mean \"a\", \"b\" or \"c\"?");
}

}  // namespace
}  // namespace carillon
