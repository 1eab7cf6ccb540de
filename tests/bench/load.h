// Load on an MCP server: calls that follow each other as fast as they are answered, and how long each one took.
//
// `callers` calls are under way at any time; as soon as one is answered the next is sent. One thread does it all, so
// that a machine of two cores has one left for the server. An answer that is no result ends the program: a server that
// refuses quickly must not look fast.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::bench {

using Time = std::chrono::steady_clock::time_point;

// Ids have ten digits, so that every request has the same length and only these change.
inline constexpr std::uint64_t kFirstId = 1'000'000'000;
inline constexpr std::size_t kIdDigits = 10;

// The text of a tools/call with the id left open.
struct CallText {
  std::string before_id;
  std::string after_id;
};

struct Load {
  std::size_t callers = 1;
  std::chrono::milliseconds duration{};
};

// What a load measured: the calls answered, in how long, and each one's time.
struct Measured {
  std::vector<std::uint32_t> took_us{};
  std::chrono::duration<double> lasted{};
};

// Writes `id` over the ten digits at `at`.
inline void write_id(char* at, std::uint64_t id) {
  for (std::size_t i = kIdDigits; i-- > 0; id /= 10) at[i] = static_cast<char>('0' + id % 10);
}

// Throws what the server said unless it is the result of a call that went well.
inline void check_answer(std::string_view answer) {
  const bool refused =
      answer.find("\"error\":") != std::string_view::npos || answer.find("\"isError\":true") != std::string_view::npos;
  if (refused) throw std::runtime_error{"the server refused a call: " + std::string{answer.substr(0, 500)}};
}

inline std::uint32_t microseconds_since(Time since, Time now) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - since).count());
}

}  // namespace carillon::bench
