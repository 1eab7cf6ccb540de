// Any JSON as a pipeline: read, or refused with a place in it; what is read is planned, each call ending as a byte of
// the text says, until the run has ended or waits. It is also a template, a plan, and gone through with stubs.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json_text.h"
#include "server/domain/pipeline/outline.h"
#include "server/domain/pipeline/params.h"
#include "server/domain/pipeline/planner.h"
#include "server/domain/pipeline/rehearsal.h"
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

// What is made of it as a template is refused, or read again as a pipeline or not; never more than that.
void fill_in(json definition) {
  const json before = definition;
  definition["params"] = {{"type", "object"}, {"additionalProperties", true}};
  const auto made = with_params(definition, {{"x", "${steps} `y` \" }"}, {"n", 7}, {"l", {1, "two"}}});
  if (!made) return CARILLON_CHECK(!made.error().message.empty());
  CARILLON_CHECK(!made->contains("params"));
  static_cast<void>(read_pipeline(*made, "").ok());
  CARILLON_CHECK((*made == before) == differences(before, *made).empty());
}

void look_ahead(const Pipeline& pipeline) {
  CARILLON_CHECK(foreseen(pipeline, {{"input", json::object()}}, "UTC").size() >= pipeline.steps.size());
  json stubs = json::object();
  for (const Step* step : leaves_of(pipeline)) stubs[step->id] = {{"x", 1}};
  const auto done = rehearse(pipeline, {.now = "2026-11-21T15:00:00Z"}, stubs, Instant{});
  CARILLON_CHECK(done.end || done.is_cut || !done.missing.empty());
}

void pipeline_of(std::string_view text) {
  const auto definition = read_json(text, "the text");
  if (!definition) return;
  const Patience patience;
  const auto read = read_pipeline(*definition, "");
  if (read) {
    play(*read, text);
    fill_in(*definition);
    look_ahead(*read);
  } else {
    CARILLON_CHECK(!read.error().message.empty());
  }
  patience.check();
}

const Target kPipelineTarget{"pipeline", pipeline_of};

}  // namespace
}  // namespace carillon::fuzz
