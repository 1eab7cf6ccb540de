// `carillon config print | hosts | keys`.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "config/config_key.h"
#include "server/cli/command.h"
#include "server/cli/host_entries.h"
#include "server/process/executable.h"

namespace carillon::cli {

int run_config(const Words& words) {
  const auto parsed = parse_words(words, {.command = "config", .flags = {}, .own = {}});
  if (!parsed) return kExitUsage;
  const std::string what = parsed->rest.empty() ? "" : parsed->rest[0];
  if (what == "print") {
    std::printf("%s\n", show_config(parsed->config).dump(2).c_str());
  } else if (what == "keys") {
    for (const auto& key : config_keys())
      std::printf("%-34s %-44s %s\n", key.name.c_str(), environment_name(key).c_str(), key.summary.c_str());
  } else if (what == "hosts") {
    std::printf("%s", host_entries(parsed->config, process::own_executable()).c_str());
  } else {
    std::fprintf(stderr, "carillon: say which: carillon config print | hosts | keys\n");
    return kExitUsage;
  }
  return kExitOk;
}

}  // namespace carillon::cli
