#include "server/domain/json_schema/regex.h"

#include <catch2/catch.hpp>
#include <random>

#include "server/domain/json_schema/ecma_pattern.h"

namespace carillon::json_schema {
namespace {

Match search(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  if (!regex) FAIL(pattern << ": " << regex.error().message);
  return (*regex)->search(text);
}

TEST_CASE("patterns mean what ECMA-262 says", "[domain][json_schema][regex]") {
  const auto [pattern, text, matches] = GENERATE(table<const char*, const char*, bool>({
      {"^a$", "a\n", false},
      {"^.$", "\u2028", false},
      {"^.$", "é", true},
      {"^\\d$", "\u07c0", false},
      {"^\\w$", "é", false},
      {"^\\s$", "\u00a0", true},
      {"^\\S$", "\u00a0", false},
      {"^[\\s]$", "\ufeff", true},
      {"^[\\S]+$", "ab", true},
      {"^[\\S]$", " ", false},
      {"^[a\\S]$", " ", false},
      {"^[^\\S]$", " ", true},
      {"^[^\\S ]$", " ", false},
      {"^[^\\S ]$", "\t", true},
      {"^[\\s\\S]$", "\n", true},
      {"[]", "a", false},
      {"^[^]$", "\n", true},
      {"^[[:alpha:]]$", "a]", true},
      {"^[\\w-.]+$", "a-b.c", true},
      {"^\\u0041$", "A", true},
      {"^\\u{1F600}$", "😀", true},
      {"^\\uD83D\\uDE00$", "😀", true},
      {"^\\x41\\0?$", "A", true},
      {"^\\cJ$", "\n", true},
      {"^\\v$", "\v", true},
      {"^[\\b]$", "\b", true},
      {"^\\p{Letter}+$", "aé", true},
      {"^\\p{Script=Greek}$", "α", true},
      {"^\\P{Lu}$", "A", false},
      {"^(?<x>a)\\k<x>$", "aa", true},
      {"^(a)\\1$", "aa", true},
      {"^(?:(a)|b)\\1$", "b", true},
      {"(?<=a)b", "ab", true},
      {"a{,5}", "a{,5}", true},
      {"a{2}?", "aa", true},
      {"\\-\\/\\@", "-/@", true},
      {"{", "{", true},
  }));
  CHECK((search(pattern, text) == Match::yes) == matches);
}

TEST_CASE("what only PCRE2 knows or nobody is refused", "[domain][json_schema][regex]") {
  const auto pattern =
      GENERATE("\\A", "\\Z", "\\a", "\\h", "\\Qx\\E", "a++", "a?+", "a{2}{3}", "a**", "(?>a)", "(?i)a", "(?#x)",
               "(*ANY)a", "(", ")", "[a", "\\", "[b-a]", "\\x4", "\\u12", "\\u{}", "\\u{110000}", "\\uD83D", "\\uD83Dx",
               "\\p", "\\p{Nonsense}", "\\c1", "\\c", "[\\c", "\\01", "\\k<y>", "\\2(a)", "\xff");
  CHECK_FALSE(Regex::compile(pattern).ok());
}

TEST_CASE("a pattern that is too long or too large is refused", "[domain][json_schema][regex]") {
  CHECK_FALSE(Regex::compile(std::string(30'000, 'a')).ok());
  CHECK_FALSE(Regex::compile("(((a{1000}){1000}){1000})").ok());
  CHECK_FALSE(Regex::compile(std::string(5'000, '(') + std::string(5'000, ')')).ok());
}

TEST_CASE("a search that backtracks without end gives up", "[domain][json_schema][regex]") {
  CHECK(search("^(a|a)*$", std::string(50, 'a') + "b") == Match::gave_up);
  CHECK(search("a", "\xff") == Match::gave_up);
}

TEST_CASE("random patterns are compiled or refused and never crash", "[domain][json_schema][regex]") {
  std::mt19937 random{5};  // NOLINT: the same every time
  const std::vector<std::string> pieces{"a",     "[",    "]", "^", "$",     "(",    "(?:", "(?=", "(?<n>", ")",
                                        "|",     "*",    "+", "?", "{2,3}", "{",    "}",   "\\",  "\\d",   "\\S",
                                        "\\u00", "\\p{", "-", ".", "é",     "\xc3", "#",   "x"};
  std::size_t compiled = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern;
    for (std::size_t n = random() % 10; n > 0; --n) pattern += pieces[random() % pieces.size()];
    const auto regex = Regex::compile(pattern);
    if (!regex) continue;
    ++compiled;
    static_cast<void>((*regex)->search("aaa-é{}"));
  }
  CHECK(compiled > 1'000);
}

}  // namespace
}  // namespace carillon::json_schema
