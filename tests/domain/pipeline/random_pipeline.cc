#include "tests/domain/pipeline/random_pipeline.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace carillon::pipeline::test {
namespace {

class Maker {
 public:
  explicit Maker(Dice& dice) : dice_(dice) {}

  json list(std::size_t depth) {
    json steps = json::array();
    const std::size_t count = 1 + dice_.below(depth == 0 ? 5 : 3);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back("s" + std::to_string(++last_));
    for (std::size_t i = 0; i < count; ++i) {
      json step = body(depth);
      step["id"] = ids[i];
      if (dice_.one_in(3)) {
        step["needs"] = json::array();
        for (std::size_t before = 0; before < i; ++before)
          if (dice_.one_in(2)) step["needs"].push_back(ids[before]);
      }
      if (dice_.one_in(4)) step["on_error"] = "continue";
      if (i + 1 < count && dice_.one_in(5)) step["on_error"] = ids[i + 1 + dice_.below(count - i - 1)];
      if (dice_.one_in(8)) step["if"] = dice_.one_in(2) ? "input.yes" : "input.no";
      // Only of a step that it needs: whether another has ended by then is a question of time.
      if (i > 0 && !step.contains("needs") && steps.back().contains("uses") && dice_.one_in(4))
        step["if"] = "steps." + ids[i - 1] + " != `null`";
      steps.push_back(std::move(step));
    }
    return steps;
  }

 private:
  json body(std::size_t depth) {
    const std::size_t kind = depth >= 2 ? 9 : dice_.below(10);
    if (kind == 0) return {{"sequence", list(depth + 1)}};
    if (kind == 1) return parallel(depth);
    if (kind == 2)
      return {{"map", json::array_t(dice_.below(5), json(1))},
              {"max_parallel", 1 + dice_.below(3)},
              {"do", list(depth + 1)}};
    if (kind == 3)
      return {{"switch",
               {{{"if", dice_.one_in(2) ? "input.yes" : "input.no"}, {"do", list(depth + 1)}},
                {{"else", list(depth + 1)}}}}};
    json leaf{{"uses", dice_.one_in(2) ? "s.idempotent" : "s.destructive"}};
    if (dice_.one_in(3)) leaf["undo"] = {{"uses", dice_.one_in(2) ? "s.idempotent" : "s.destructive"}};
    return leaf;
  }

  json parallel(std::size_t depth) {
    json branches = json::array();
    const std::size_t count = 1 + dice_.below(3);
    for (std::size_t i = 0; i < count; ++i) branches.push_back(list(depth + 1));
    json step{{"parallel", std::move(branches)}, {"fail_fast", dice_.one_in(2)}};
    const json joins[]{"all", "any", "majority", json{{"at_least", 1 + dice_.below(count)}}};
    step["join"] = joins[dice_.below(4)];
    return step;
  }

  Dice& dice_;
  std::size_t last_ = 0;
};

}  // namespace

json random_pipeline(Dice& dice) { return {{"steps", Maker{dice}.list(0)}}; }

}  // namespace carillon::pipeline::test
