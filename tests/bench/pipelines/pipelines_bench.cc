// What pipelines cost in the processor alone: expressions, templates, and the planner for each step of a run.
// Run by `scripts/bench pipelines`; prints one line of JSON, all figures per second.
//
// usage: pipelines_bench EXPRESSIONS_JSON
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/pipeline/planner.h"
#include "server/domain/template.h"

using namespace carillon;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// How often a second `work` does its `things`.
template <class Work>
double rate(std::size_t things, Work work) {
  work();
  std::size_t rounds = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < 1s) {
    work();
    ++rounds;
  }
  return static_cast<double>(rounds * things) / std::chrono::duration<double>(Clock::now() - begin).count();
}

// Goes through a run as a worker does, asking for the plan after every record; each step ends at once.
std::size_t go_through(const pipeline::Pipeline& steps, const pipeline::RunRoots& roots, Instant now) {
  pipeline::Planner planner{steps, roots, now};
  std::size_t ended = 0;
  std::deque<pipeline::Start> under_way;
  for (pipeline::Plan plan = planner.plan(now); !plan.end; plan = planner.plan(now)) {
    for (const pipeline::Start& start : plan.starts) {
      if (!planner.apply({.path = start.path, .event = pipeline::StepEvent::begin, .at = now})) std::abort();
      under_way.push_back(start);
    }
    if (under_way.empty()) std::abort();
    const std::string path = under_way.front().path;
    under_way.pop_front();
    if (planner.roots_of(path).is_null()) std::abort();
    const json output{{"text", "x"}};
    if (!planner.apply({.path = path, .event = pipeline::StepEvent::finish, .at = now, .output = output})) std::abort();
    ++ended;
  }
  return ended;
}

double planned(const json& steps, const json& input) {
  const auto read = pipeline::read_pipeline({{"steps", steps}}, "");
  if (!read) std::abort();
  pipeline::RunRoots roots;
  roots.input = input;
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  roots.now = to_rfc3339(now);
  const std::size_t leaves = go_through(*read, roots, now);
  return rate(leaves, [&] { go_through(*read, roots, now); });
}

json step(const std::string& id) { return {{"id", id}, {"uses", "s.do"}, {"with", {{"message", "${now}"}}}}; }

json linear() {
  json steps = json::array();
  for (const char* id : {"a", "b", "c", "d", "e"}) steps.push_back(step(id));
  return steps;
}

json parallel() {
  json branches = json::array();
  for (int i = 0; i < 10; ++i) branches.push_back(step("b" + std::to_string(i)));
  return json::array({{{"id", "all"}, {"parallel", branches}}});
}

json map() {
  return json::array(
      {{{"id", "each"}, {"map", "${input.items}"}, {"max_parallel", 20}, {"do", json::array({step("one")})}}});
}

json items() {
  json numbers = json::array();
  for (int i = 0; i < 1000; ++i) numbers.push_back(i);
  return {{"items", numbers}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: pipelines_bench EXPRESSIONS_JSON\n"), 2;
  std::ifstream stream(argv[1]);
  const json given = json::parse(stream);
  const json& data = given.at("data");
  const auto texts = given.at("expressions").get<std::vector<std::string>>();
  const auto templates = given.at("templates").get<std::vector<json>>();
  std::vector<jmespath::Expression> compiled;
  for (const auto& text : texts) compiled.push_back(*jmespath::compile(text));
  json results = json::array();
  for (const auto& each : compiled) results.push_back(*each.evaluate(data));
  const json out{{"results", results},
                 {"parsed", rate(texts.size(),
                                 [&] {
                                   for (const auto& each : compiled)
                                     if (!each.evaluate(data)) std::abort();
                                 })},
                 {"texts", rate(texts.size(),
                                [&] {
                                  for (const auto& each : texts)
                                    if (!jmespath::compile(each)->evaluate(data)) std::abort();
                                })},
                 {"templates", rate(templates.size(),
                                    [&] {
                                      for (const auto& each : templates)
                                        if (!render_template(each, data)) std::abort();
                                    })},
                 {"planner",
                  {{"linear", planned(linear(), json::object())},
                   {"parallel", planned(parallel(), json::object())},
                   {"map", planned(map(), items())}}}};
  std::printf("%s\n", out.dump().c_str());
}
