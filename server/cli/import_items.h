// What `carillon import tasks|pipelines|crontab` takes in: files become items, each item one call of schedule_task or
// save_pipeline, each call a row of the report. An item is saved whole or not at all, and one that is refused keeps no
// other from being saved; the same again changes nothing.
//
// Belongs to one thread; what calls the daemon is given.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/domain/schedule/crontab.h"

namespace carillon::cli {

struct ImportItem {
  std::string place;         // "tasks.json", "tasks.json/2", "crontab:12"
  json arguments = nullptr;  // of the tool, as the file has them
  std::string problem{};     // why it cannot be asked for at all
  bool is_left_out = false;  // on purpose: nothing is wrong with it
};

// An object is one item; a list is one each, and so is the `items` of a list as Ordinaut's server answers it.
std::vector<ImportItem> items_of(const json& file, const std::string& path);

// Entries, lines that are none, and settings that nothing here has a use for, in the order of their lines.
std::vector<ImportItem> items_of_crontab(std::string_view text, const std::string& path, CrontabForm form);

struct ImportedRow {
  std::string what;                  // created, updated, unchanged, refused, left out
  std::string name, place, said{};   // why it is refused, or when it runs next
  std::vector<std::string> notes{};  // warnings; but for those that only name what was rewritten
};

struct ImportTarget {
  std::string tool;            // schedule_task or save_pipeline
  json more = json::object();  // arguments that every call gets: dry_run, on_conflict
  // The result of a tools/call, or nothing: the daemon is gone.
  std::function<std::optional<json>(const json& params)> call;
};
// Nothing: the daemon is gone.
std::optional<ImportedRow> import_item(const ImportItem& item, const ImportTarget& target);

}  // namespace carillon::cli
