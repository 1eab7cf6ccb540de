// What servers ask in the middle of calls, over every wire and in both eras.
#include "catalog/questions.h"

#include "server/base/mask.h"
#include "tests/catalog/remote_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

const json kSchema{{"type", "object"},
                   {"properties", {{"name", {{"type", "string"}}}, {"size", {{"type", "integer"}, {"default", 3}}}}},
                   {"required", {"name"}}};
const json kForm{{"params", {{"message", "Who are you?"}, {"requestedSchema", kSchema}}}};
const json kSample{{"method", "sampling/createMessage"}, {"params", {{"messages", json::array()}, {"maxTokens", 1}}}};
const json kEverything{{"elicitation", {{"form", json::object()}, {"url", json::object()}}},
                       {"sampling", json::object()}};

// A server, and a call that somebody answers.
class Asked : public AnyWay {
 public:
  explicit Asked(const std::string& way, const json& carillon, Duration answer_within = 20s)
      : AnyWay(way, carillon, answer_within) {}

  // Calls with somebody who can answer; what is asked arrives at `question`.
  std::future<ToolReply> start(const std::string& tool, const json& arguments, const json& can_answer = kEverything,
                               CallId* id = nullptr) {
    ToolCall call = Bench::call_of(tool, arguments, 20s);
    call.can_answer = can_answer;
    call.asked = [this](ToolQuestion asked, ToolAnswered answered) {
      question.set_value({std::move(asked), std::move(answered)});
    };
    return bench->start(std::move(call), id);
  }

  std::promise<std::pair<ToolQuestion, ToolAnswered>> question;
};

}  // namespace

TEST_CASE("a form is filled in with the fixed answers that fit it", "[catalog][questions]") {
  CHECK(fill_in(kSchema, {{"name", "Ada"}, {"other", 1}}) == json{{"name", "Ada"}, {"size", 3}});
  CHECK(fill_in(kSchema, {{"name", "Ada"}, {"size", 4}}) == json{{"name", "Ada"}, {"size", 4}});
  CHECK_FALSE(fill_in(kSchema, {{"name", 7}}));  // does not fit
  CHECK_FALSE(fill_in(kSchema, {{"size", 4}}));  // leaves out what is required
  CHECK_FALSE(fill_in(kSchema, nullptr));        // there are none
  const json optional{{"properties", {{"sure", {{"type", "boolean"}, {"default", true}}}}}};
  CHECK_FALSE(fill_in(optional, {{"name", "Ada"}}));  // about another form: nobody agreed to this one
  CHECK(fill_in(optional, json::object()) == json{{"sure", true}});
  for (const json& nonsense : {json(), json(7), json{{"properties", 7}}, json{{"properties", {{"name", 7}}}}})
    CHECK_FALSE(fill_in(nonsense, {{"name", "Ada"}}));
}

TEST_CASE("fixed answers are given without asking anybody", "[catalog][questions]") {
  Asked asked{any_way(), {{"questions", "refuse"}, {"tools", {{"elicit", {{"answers", {{"name", "Ada"}}}}}}}}};
  CHECK(json::parse(asked.bench->text("s.elicit", kForm)) ==
        json{{"action", "accept"}, {"content", {{"name", "Ada"}, {"size", 3}}}});
}

TEST_CASE("whoever made the call is asked and may take all the time and any thread", "[catalog][questions]") {
  register_secret("secret-of-the-entry");
  Asked asked{any_way(), json::object()};
  json form = kForm;
  form["params"]["message"] = "Is it secret-of-the-entry?";
  form["params"]["elicitationId"] = "legacy only";
  auto reply = asked.start("s.elicit", form);
  auto [question, answered] = asked.question.get_future().get();
  CHECK(question.method == "elicitation/create");
  CHECK(question.params == json{{"message", "Is it [masked]?"}, {"requestedSchema", kSchema}});
  std::thread{[answered = answered] {
    answered(json{{"action", "accept"}, {"content", {{"name", "Ada"}}}});
    answered(json{{"action", "decline"}});  // once is enough
  }}.join();
  CHECK(json::parse(Bench::text_of(reply.get())) == json{{"action", "accept"}, {"content", {{"name", "Ada"}}}});
}

TEST_CASE("where nobody can be asked the call ends and says what was asked", "[catalog][questions]") {
  Asked asked{any_way(), {{"tools", {{"elicit", {{"answers", {{"size", 4}}}}}}}}};
  const auto reply = asked.bench->call("s.elicit", kForm);
  CHECK(reply.failure == ErrorClass::tool_error);
  CHECK(reply.arrived == Arrived::maybe);
  CHECK(reply.message.find("Who are you?") != std::string::npos);
  CHECK(reply.message.find("ask_or_decline") != std::string::npos);
  CHECK(asked.bench->report().last_error.empty());  // which everybody can see
}

TEST_CASE("an entry can have questions declined that nobody can be asked", "[catalog][questions]") {
  Asked asked{any_way(), {{"questions", "ask_or_decline"}}};
  CHECK(asked.bench->text("s.elicit", kForm) == R"({"action":"decline"})");
  auto reply = asked.start("s.elicit", kForm);
  asked.question.get_future().get().second(json{{"action", "cancel"}});
  CHECK(Bench::text_of(reply.get()) == R"({"action":"cancel"})");
}

TEST_CASE("a server hears of no more than will be answered", "[catalog][questions]") {
  const std::string way = any_era();
  const bool modern = way.starts_with("modern");
  const auto offer = [&](const json& carillon, const json& can_answer) {
    Asked asked{way, carillon};
    json offered = json::parse(Bench::text_of(asked.start("s.offer", json::object(), can_answer).get()));
    CHECK(offered.contains("extensions") == modern);
    offered.erase("extensions");
    return offered;
  };
  const json both{{"form", json::object()}, {"url", json::object()}};
  const json form{{"form", json::object()}};
  // A legacy server hears once, before there is a call.
  CHECK(offer(json::object(), json::object()) == (modern ? json::object() : json{{"elicitation", both}}));
  CHECK(offer(json::object(), kEverything) == json{{"elicitation", both}});
  CHECK(offer(json::object(), {{"elicitation", json::object()}}) ==
        (modern ? json{{"elicitation", form}} : json{{"elicitation", both}}));
  CHECK(offer({{"questions", "refuse"}}, kEverything) == json::object());
  CHECK(offer({{"sampling", "ask"}}, kEverything) == json{{"elicitation", both}, {"sampling", json::object()}});
  CHECK(offer({{"questions", "ask_or_decline"}}, json::object()) == json{{"elicitation", both}});
  CHECK(offer({{"questions", "refuse"}, {"tools", {{"offer", {{"answers", json::object()}}}}}}, json::object()) ==
        json{{"elicitation", form}});
}

TEST_CASE("sampling reaches the caller's model only where the entry passes it on", "[catalog][questions]") {
  const auto way = any_era();
  Asked refused{way, json::object()};
  CHECK(Bench::text_of(refused.start("s.elicit", kSample).get()) == "nobody can be asked");
  Asked passed{way, {{"sampling", "ask"}}};
  auto reply = passed.start("s.elicit", kSample);
  auto [question, answered] = passed.question.get_future().get();
  CHECK(question.method == "sampling/createMessage");
  answered(json{{"role", "assistant"}, {"model", "m"}, {"content", {{"type", "text"}, {"text", "hello"}}}});
  CHECK(json::parse(Bench::text_of(reply.get()))["model"] == "m");
}

TEST_CASE("an answer that is none ends the call with its reason", "[catalog][questions]") {
  Asked asked{any_era(), json::object()};
  auto reply = asked.start("s.elicit", kForm);
  asked.question.get_future().get().second(Error{ErrorCode::not_allowed, "the person has gone home"});
  const auto ended = reply.get();
  CHECK(ended.failure == ErrorClass::tool_error);
  CHECK(ended.message.find("the person has gone home") != std::string::npos);
}

TEST_CASE("one call at a time lets each question of a legacy server find its caller", "[catalog][questions]") {
  Asked first{"legacy stdio", {{"max_parallel", 1}}};
  auto one = first.start("s.elicit", kForm);
  const auto answer_one = first.question.get_future().get().second;
  first.question = {};
  auto two = first.start("s.elicit", kForm);
  answer_one(json{{"action", "accept"}});
  CHECK(Bench::text_of(one.get()) == R"({"action":"accept"})");
  first.question.get_future().get().second(json{{"action", "cancel"}});
  CHECK(Bench::text_of(two.get()) == R"({"action":"cancel"})");
}

TEST_CASE("an open question keeps no other call from its turn and ends with its own", "[catalog][questions]") {
  Asked asked{GENERATE("modern stdio", "modern http", "legacy http"), {{"max_parallel", 1}}};
  CallId id = 0;
  auto reply = asked.start("s.elicit", kForm, kEverything, &id);
  const auto answered = asked.question.get_future().get().second;
  CHECK(asked.bench->text("s.echo", {{"message", "x"}}) == "Echo: x");
  CHECK(asked.bench->report().in_flight == 0);
  asked.bench->catalog().cancel(id, "test");
  CHECK(reply.get().failure == ErrorClass::cancelled);
  answered(json{{"action", "accept"}});  // too late: passed over
  CHECK(asked.bench->text("s.echo", {{"message", "y"}}) == "Echo: y");
  CHECK(asked.bench->report().in_flight == 0);
}

TEST_CASE("a question waits no longer than the setting says", "[catalog][questions]") {
  Asked asked{any_way(), json::object(), 50ms};
  auto reply = asked.start("s.elicit", kForm);
  const auto ended = reply.get();
  CHECK(ended.failure == ErrorClass::tool_error);
  CHECK(ended.message.find("no answer was given in time") != std::string::npos);
}

TEST_CASE("a legacy question that may be about another's call reaches nobody", "[catalog][questions]") {
  Asked asked{"legacy stdio", json::object()};
  auto first = asked.start("s.elicit", kForm);
  const auto answered = asked.question.get_future().get().second;
  const std::string second = Bench::text_of(asked.start("s.elicit", kForm).get());  // a second question would throw
  CHECK(second.find("max_parallel") != std::string::npos);
  answered(json{{"action", "accept"}});
  CHECK(Bench::text_of(first.get()) == R"({"action":"accept"})");
}

TEST_CASE("an answer may come after the end of the catalog", "[catalog][questions]") {
  ToolAnswered answered;
  {
    Asked asked{any_era(), json::object()};
    auto reply = asked.start("s.elicit", kForm);
    answered = asked.question.get_future().get().second;
    asked.bench->stop();
    CHECK(reply.get().failure);
  }
  answered(json{{"action", "accept"}});
}

TEST_CASE("progress reaches the caller and does not lengthen the call", "[catalog][progress]") {
  Asked asked{any_way(), json::object()};
  std::mutex mutex;
  std::vector<ToolProgress> seen;
  const auto call = [&](json arguments, Duration timeout) {
    ToolCall made = Bench::call_of("s.progress", std::move(arguments), timeout);
    made.progressed = [&](const ToolProgress& progress) {
      const std::lock_guard lock{mutex};
      seen.push_back(progress);
    };
    return asked.bench->start(std::move(made)).get();
  };
  CHECK(Bench::text_of(call({{"steps", 3}}, 20s)) == "done");
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].progress == 1);
  CHECK(seen[2].progress == 3);
  CHECK(seen[2].total == 3);
  CHECK(seen[2].message == "step 3");
  CHECK(call({{"steps", 2}, {"path", asked.bench->file("never")}}, 300ms).failure == ErrorClass::timeout);
}
