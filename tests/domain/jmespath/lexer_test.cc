#include "server/domain/jmespath/lexer.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace carillon::jmespath;

TEST_CASE("tokens say where they begin and the last is the end", "[domain][jmespath][lexer]") {
  const auto tokens = tokens_of("params.\"a b\"[?n > `7`]");
  REQUIRE(tokens.ok());
  std::vector<std::pair<TokenKind, std::size_t>> found;
  for (const Token& token : *tokens) found.emplace_back(token.kind, token.position);
  using Kind = TokenKind;
  CHECK(found == std::vector<std::pair<TokenKind, std::size_t>>{{Kind::name, 0},
                                                                {Kind::dot, 6},
                                                                {Kind::quoted_name, 7},
                                                                {Kind::filter, 12},
                                                                {Kind::name, 14},
                                                                {Kind::more, 16},
                                                                {Kind::literal, 18},
                                                                {Kind::right_bracket, 21},
                                                                {Kind::end, 22}});
  CHECK((*tokens)[2].value == "a b");
  CHECK((*tokens)[6].value == 7);
  CHECK_FALSE(tokens_of("a ~ b").ok());
}
