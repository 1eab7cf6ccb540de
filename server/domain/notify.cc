#include "server/domain/notify.h"

#include <algorithm>

#include "server/domain/nearest.h"
#include "server/domain/refusal.h"

namespace carillon {

std::optional<NotifyOn> notify_on_named(std::string_view name) {
  const auto* found = std::find(kNotifyOnNames.begin(), kNotifyOnNames.end(), name);
  if (found == kNotifyOnNames.end()) return std::nullopt;
  return static_cast<NotifyOn>(found - kNotifyOnNames.begin());
}

Result<std::string> read_notify_target(std::string_view text, std::string_view pointer) {
  if (std::find(kNotifyKinds.begin(), kNotifyKinds.end(), text) != kNotifyKinds.end()) return std::string(text);
  const auto close = nearest(text, kNotifyKinds);
  Error error = invalid("nothing is delivered to such a target" + did_you_mean(close), std::string(pointer),
                        std::string(text.substr(0, 200)));
  error.details["accepted"] = kNotifyKinds;
  return error;
}

}  // namespace carillon
