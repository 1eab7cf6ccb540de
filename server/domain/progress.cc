#include "server/domain/progress.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace carillon {
namespace {

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", number);
  return text;
}

}  // namespace

json to_json(const ToolProgress& progress) {
  json kept{{"progress", progress.progress}};
  if (progress.total) kept["total"] = *progress.total;
  if (!progress.message.empty()) kept["message"] = progress.message;
  return kept;
}

std::optional<ToolProgress> progress_of(const json& kept) {
  if (!kept.is_object()) return std::nullopt;
  const auto progress = kept.find("progress");
  if (progress == kept.end() || !progress->is_number()) return std::nullopt;
  ToolProgress read{.progress = progress->get<double>()};
  if (const auto total = kept.find("total"); total != kept.end() && total->is_number())
    read.total = total->get<double>();
  if (const auto message = kept.find("message"); message != kept.end() && message->is_string())
    read.message = message->get<std::string>();
  return read;
}

std::string brief_progress(const ToolProgress& progress) {
  std::string brief = number_text(progress.progress);
  if (progress.total) brief += " of " + number_text(*progress.total);
  if (!progress.message.empty()) brief += ": " + progress.message;
  return brief;
}

}  // namespace carillon
