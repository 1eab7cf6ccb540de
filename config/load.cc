#include "config/load.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "config/config_key.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"

namespace carillon {
namespace {

// Variables of ours that are no configuration keys: they say where things are, or belong to tests.
constexpr std::array kOtherVariables{"CARILLON_HOME",          "CARILLON_CONFIG",    "CARILLON_FAILPOINT",
                                     "CARILLON_CORPORA",       "CARILLON_PROGRAM",   "CARILLON_SOAK",
                                     "CARILLON_TEST_DATABASE", "CARILLON_WRITE_DOCS"};

class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {
    loaded_.config.paths = sources.paths;
    loaded_.config.database.data_dir = sources.paths.postgres_directory.string();
    loaded_.config.catalog.servers_file = sources.paths.servers_file.string();
    loaded_.config.catalog.prompts_directory = sources.paths.prompts_directory.string();
    loaded_.config.catalog.vault_directory = sources.paths.vault_directory.string();
    loaded_.config.database.runtime_dir = sources.paths.runtime_directory.string();
  }

  LoadedConfig load() {
    from_file();
    from_environment();
    for (const auto& [name, text] : sources_.flags) set(name, text, "--" + name);
    for (const auto& key : config_keys())
      if (key.secrecy == Secrecy::secret) register_secret(key.get(loaded_.config).get<std::string>());
    return std::move(loaded_);
  }

 private:
  void mistake(std::string place, std::string message) {
    loaded_.mistakes.push_back({std::move(place), std::move(message)});
  }

  void set(const std::string& name, const json& value, const std::string& place) {
    const ConfigKey* key = find_config_key(name);
    if (key == nullptr) return mistake(place, "there is no such setting" + suggestion(name));
    if (const auto wrong = key->set(loaded_.config, value)) mistake(place, *wrong + "; accepted is " + key->accepts);
  }

  static std::string suggestion(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& key : config_keys()) names.push_back(key.name);
    const auto close = nearest(name, names, 1);
    return close.empty() ? "" : "; did you mean " + close.front() + "?";
  }

  void from_file() {
    const std::string path = sources_.file.value_or(sources_.paths.config_file.string());
    std::ifstream file{path, std::ios::binary};
    if (!file) {
      if (sources_.file) mistake(path, "the file cannot be read");
      return;
    }
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const FlatToml flat = read_toml(text);
    if (flat.error) mistake(path, *flat.error);
    const std::string place = path + ": ";
    for (const auto& [name, value] : flat.values) set(name, value, place + name);
  }

  void from_environment() {
    std::vector<std::string> known{kOtherVariables.begin(), kOtherVariables.end()};
    if (const auto url = sources_.variable("DATABASE_URL")) set("database.url", *url, "DATABASE_URL");
    for (const auto& key : config_keys()) {
      known.push_back(environment_name(key));
      if (const auto text = sources_.variable(known.back())) set(key.name, *text, known.back());
    }
    for (const auto& name : sources_.variable_names) {
      if (!name.starts_with("CARILLON_") || std::find(known.begin(), known.end(), name) != known.end()) continue;
      const auto close = nearest(name, known, 1);
      mistake(name, "no setting has this environment variable" +
                        (close.empty() ? "" : "; did you mean " + close.front() + "?"));
    }
  }

  const ConfigSources& sources_;
  LoadedConfig loaded_;
};

}  // namespace

LoadedConfig load_config(const ConfigSources& sources) { return Loader{sources}.load(); }

json show_config(const Config& config) {
  json shown = json::object();
  for (const auto& key : config_keys()) {
    const json value = key.get(config);
    const bool hide = key.secrecy == Secrecy::secret && value != "";
    std::string pointer = "/" + key.name;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    shown[json::json_pointer{pointer}] = hide ? json(kMasked) : value;
  }
  return shown;
}

}  // namespace carillon
