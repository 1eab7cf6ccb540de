// Any JSON as a pipeline: read, or refused with a place in it; what is read is planned, each call ending as a byte of
// the text says, until the run has ended or waits.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json_text.h"
#include "server/domain/pipeline/planner.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

using namespace pipeline;

constexpr int kCallsMax = 200;

StepEvent outcome_of(unsigned char byte) {
  return byte % 5 == 0 ? StepEvent::fail : byte % 7 == 0 ? StepEvent::lose_outcome : StepEvent::finish;
}

void play(const Pipeline& pipeline, std::string_view text) {
  Planner planner{pipeline, {}, Instant{}};
  std::size_t next = 0;
  for (int calls = 0; calls < kCallsMax; ++calls) {
    const Plan plan = planner.plan(Instant{});
    if (plan.starts.empty()) {
      CARILLON_CHECK(plan.end || !plan.waits.empty() || plan.wake_at);
      return;
    }
    const Start& start = plan.starts.front();
    static_cast<void>(planner.roots_of(start.path));
    CARILLON_CHECK(planner.apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt}));
    const auto byte = static_cast<unsigned char>(text[next++ % text.size()]);
    CARILLON_CHECK(planner.apply({.path = start.path, .event = outcome_of(byte), .attempt = 1, .output = byte}));
  }
}

void pipeline_of(std::string_view text) {
  const auto definition = read_json(text, "the text");
  if (!definition) return;
  const Patience patience;
  const auto read = read_pipeline(*definition, "");
  if (read)
    play(*read, text);
  else
    CARILLON_CHECK(!read.error().message.empty());
  patience.check();
}

const Target kTarget{"pipeline", pipeline_of};

}  // namespace
}  // namespace carillon::fuzz
