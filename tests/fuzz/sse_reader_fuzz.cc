// A server's event stream: the events are the same however the bytes were cut, until one is too large.
#include <algorithm>

#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "transport/client_sse.h"

namespace carillon::fuzz {
namespace {

void sse_reader(std::string_view input) {
  constexpr std::size_t kEventMax = 4096;
  transport::SseReader whole{kEventMax}, pieces{kEventMax};
  const auto events = whole.take(input);
  std::vector<std::string> cut;
  for (std::size_t step = 1; !input.empty(); step = step % 7 + 1) {
    for (auto& event : pieces.take(input.substr(0, step))) cut.push_back(std::move(event));
    input.remove_prefix(std::min(step, input.size()));
  }
  for (const auto& event : events) CARILLON_CHECK(event.size() <= kEventMax);
  if (whole.overflowed() || pieces.overflowed()) return;
  CARILLON_CHECK(events == cut);
  CARILLON_CHECK(whole.last_event_id() == pieces.last_event_id() && whole.retry() == pieces.retry());
}

const Target kSseReaderTarget{"sse_reader", sse_reader};

}  // namespace
}  // namespace carillon::fuzz
