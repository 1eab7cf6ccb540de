#include "server/process/tail_buffer.h"

#include <catch2/catch.hpp>

using carillon::process::TailBuffer;

TEST_CASE("a tail buffer keeps the last bytes only", "[process][tail_buffer]") {
  TailBuffer tail{8};
  tail.append("abc");
  CHECK(tail.tail() == "abc");
  tail.append("defgh");
  CHECK(tail.tail() == "abcdefgh");
  tail.append("ij");
  CHECK(tail.tail() == "cdefghij");
  for (int i = 0; i < 1000; ++i) tail.append("xyz");
  CHECK(tail.tail() == "yzxyzxyz");
  tail.append("a flood that is longer than all of it");
  CHECK(tail.tail() == "ll of it");
  CHECK(tail.total() == 10 + 3000 + 37);
}
