#include "transport/sha256.h"

#include <catch2/catch.hpp>

using namespace carillon::transport;

TEST_CASE("a digest is that of the standard's examples", "[transport][sha256]") {
  CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(std::string("\0\x7f\x80\xff", 4)) == "007f80ff");
}
