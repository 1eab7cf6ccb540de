#include "transport/exchange.h"

namespace carillon::transport {

void Exchange::report(const Progress& progress) {
  const std::lock_guard lock{mutex_};
  if (over_ || terms_.progress_token.is_null()) return;
  if (progressed_ && progress.progress <= progress_) return;
  progressed_ = true;
  progress_ = progress.progress;
  json params{{"progressToken", terms_.progress_token}, {"progress", progress.progress}};
  if (progress.total) params["total"] = *progress.total;
  if (!progress.message.empty() && terms_.revision >= Revision::v2025_03_26) params["message"] = progress.message;
  sink_->send(json_rpc::notification_text("notifications/progress", params));
}

void Exchange::log(LogLevel level, const json& data) {
  const std::lock_guard lock{mutex_};
  if (over_ || !terms_.log_level || level < *terms_.log_level) return;
  sink_->send(json_rpc::notification_text("notifications/message", {{"level", name_of(level)}, {"data", data}}));
}

void Exchange::drop_stream(std::chrono::milliseconds retry) {
  const std::lock_guard lock{mutex_};
  if (!over_) sink_->drop_stream(retry);
}

bool Exchange::send(std::string text) {
  const std::lock_guard lock{mutex_};
  if (over_) return false;
  sink_->send(std::move(text));
  return true;
}

bool Exchange::reply(int status, std::string text) {
  {
    const std::lock_guard lock{mutex_};
    if (over_) return false;
    over_ = true;
    sink_->reply(status, std::move(text));
  }
  return end();
}

bool Exchange::cancel(std::optional<std::string> last) {
  {
    const std::lock_guard lock{mutex_};
    if (over_) return false;
    over_ = true;
    if (last) sink_->send(std::move(*last));
    sink_->abandon();
  }
  stop_.request_stop();
  return end();
}

bool Exchange::end() {
  if (on_end_) on_end_();
  return true;
}

}  // namespace carillon::transport
