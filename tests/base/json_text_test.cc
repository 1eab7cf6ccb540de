#include "server/base/json_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

TEST_CASE("the shape of a text counts brackets outside of strings", "[base][json_text]") {
  const JsonShape shape = shape_of("{\"a\":[1,2],\"b\":\"[,:\"}");
  CHECK(shape.depth == 2);
  CHECK(shape.values >= 6);
  CHECK(shape.values <= 8);
  CHECK(shape_of("[[[").depth == 3);
  CHECK(shape_of(R"(["[[[[\"[[[["])").depth == 1);
  CHECK(shape_of("[[],[],[[]]]").depth == 3);
}

TEST_CASE("JSON is read and what is none or too much is refused by name", "[base][json_text]") {
  CHECK(*read_json(R"({"a":[1,null]})", "the body") == json{{"a", {1, nullptr}}});
  const auto broken = read_json("[1, x]", "this line");
  CHECK(broken.error().message == "this line is not JSON");
  CHECK(broken.error().details.at("position") == 4);
  CHECK(read_json("", "this line").error().details.at("position") == 0);
  CHECK(read_json("1e999", "the body").error().message == "the body holds a number that is out of range");
  CHECK(read_json("\"\xff\"", "the body").error().message == "the body is not JSON: it is not UTF-8");
  CHECK(read_json("\"a\nb\"", "the body").error().message ==
        "the body is not JSON: a control character stands unescaped");
  for (const char* half : {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")"})
    CHECK(read_json(half, "the body").error().message ==
          R"(the body is not JSON: half of a surrogate pair (\uD800 to \uDFFF) stands alone; write both halves)");
  const std::string deep = std::string(129, '[') + std::string(129, ']');
  CHECK(read_json(deep, "the body").error().message == "the body nests deeper than 128 levels");
  CHECK(read_json(deep, "the body", {.depth_max = 129}).ok());
  CHECK(read_json("[1,2,3]", "the body", {.values_max = 3}).error().message == "the body holds more than 3 values");
}
