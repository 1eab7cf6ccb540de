#include "server/base/waiting.h"

#include <catch2/catch.hpp>
#include <thread>

namespace carillon {
namespace {

struct Counting final : ThreadLender {
  void take_back() override { ++times; }
  int times = 0;
};

TEST_CASE("a thread that nobody lent may say that it waits", "[base][waiting]") {
  CHECK_FALSE(may_wait_here());
  about_to_wait();
}

TEST_CASE("a lender hears once that its thread waits", "[base][waiting]") {
  Counting lender;
  {
    const LentThread lent{lender};
    CHECK(may_wait_here());
    about_to_wait();
    CHECK_FALSE(may_wait_here());
    about_to_wait();
  }
  CHECK(lender.times == 1);
  about_to_wait();
  CHECK(lender.times == 1);
}

TEST_CASE("each thread has a lender of its own", "[base][waiting]") {
  Counting lender;
  const LentThread lent{lender};
  std::thread{[] { about_to_wait(); }}.join();
  CHECK(lender.times == 0);
  {
    Counting inner;
    const LentThread again{inner};
    about_to_wait();
    CHECK(inner.times == 1);
  }
  about_to_wait();
  CHECK(lender.times == 1);
}

}  // namespace
}  // namespace carillon
