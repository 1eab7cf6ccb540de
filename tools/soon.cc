#include "tools/soon.h"

#include <exception>
#include <nlohmann/json.hpp>

#include "server/base/json.h"
#include "server/base/log.h"
#include "transport/executor.h"
#include "transport/timer.h"

namespace carillon::tools {

void Soon::ask() {
  if (asked_.exchange(true)) return;
  parts_.timer.after(kDelay, [this] {
    // A full executor: whoever asks next, at the latest the next second, is heard.
    if (!parts_.executor.run([this] { run(); })) asked_ = false;
  });
}

void Soon::run() {
  asked_ = false;
  try {
    round_();
  } catch (const std::exception& failure) {
    log::warn("a round failed; the next one mends it", {{"round", name_}, {"failure", failure.what()}});
  }
}

}  // namespace carillon::tools
