// The only file that knows cxxopts.
#include <cstdio>
#include <cxxopts.hpp>

#include "config/config_key.h"
#include "server/base/log.h"
#include "server/cli/command.h"

extern char** environ;

namespace carillon::cli {
namespace {

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

cxxopts::Options describe(const Expected& expected) {
  cxxopts::Options options{"carillon " + std::string{expected.command}};
  auto add = options.add_options();
  add("config", "read this file instead of the usual one", cxxopts::value<std::string>());
  add("set", "key=value: set any configuration key", cxxopts::value<std::vector<std::string>>());
  add("h,help", "show this");
  for (const auto& flag : expected.flags) {
    if (flag.implied.empty())
      add(flag.flag, flag.summary, cxxopts::value<std::string>());
    else
      add(flag.flag, flag.summary);
  }
  for (const auto& own : expected.own) {
    if (own.takes.empty())
      add(own.name, own.summary);
    else
      add(own.name, own.summary, cxxopts::value<std::string>());
  }
  options.allow_unrecognised_options();
  return options;
}

struct Read {
  Parsed parsed;
  ConfigSources sources;
  std::vector<std::string> mistakes;
  enum class Help { asked, no } help = Help::no;
};

void read_flags(const cxxopts::ParseResult& result, const Expected& expected, Read& read) {
  for (const auto& flag : expected.flags)
    if (result.count(flag.flag) > 0)
      read.sources.flags.emplace_back(flag.key,
                                      flag.implied.empty() ? result[flag.flag].as<std::string>() : flag.implied);
  for (const auto& own : expected.own)
    if (result.count(own.name) > 0)
      read.parsed.own.emplace_back(own.name, own.takes.empty() ? "true" : result[own.name].as<std::string>());
  if (result.count("set") > 0)
    for (const auto& pair : result["set"].as<std::vector<std::string>>()) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos)
        read.mistakes.push_back("--set " + pair + ": write it as key=value");
      else
        read.sources.flags.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
  if (result.count("config") > 0) read.sources.file = result["config"].as<std::string>();
  for (const auto& word : result.unmatched()) {
    if (word.starts_with("-") && word.size() > 1)
      read.mistakes.push_back("there is no option " + word);
    else
      read.parsed.rest.push_back(word);
  }
}

Read read_words(const Words& words, const Expected& expected) {
  Read read;
  std::vector<const char*> argv{"carillon"};
  for (const auto& word : words) argv.push_back(word.c_str());
  auto options = describe(expected);
  try {
    const auto result = options.parse(static_cast<int>(argv.size()), argv.data());
    if (result.count("help") > 0) {
      std::printf("%s", options.help().c_str());
      read.help = Read::Help::asked;
    }
    read_flags(result, expected, read);
  } catch (const cxxopts::exceptions::exception& error) {
    read.mistakes.emplace_back(error.what());
  }
  return read;
}

}  // namespace

bool Parsed::has(std::string_view option) const {
  for (const auto& [name, value] : own)
    if (name == option) return true;
  return false;
}

std::string Parsed::value(std::string_view option, std::string otherwise) const {
  for (const auto& [name, value] : own)
    if (name == option) return value;
  return otherwise;
}

std::optional<Parsed> parse_words(const Words& words, const Expected& expected) {
  Read read = read_words(words, expected);
  if (read.help == Read::Help::asked) std::exit(kExitOk);
  read.sources.variable = process_environment();
  read.sources.variable_names = environment_names();
  read.sources.paths = resolve_paths(read.sources.variable, current_user());
  LoadedConfig loaded = load_config(read.sources);
  for (const auto& mistake : loaded.mistakes) read.mistakes.push_back(mistake.place + ": " + mistake.message);
  if (!read.mistakes.empty()) {
    for (const auto& mistake : read.mistakes) std::fprintf(stderr, "carillon: %s\n", mistake.c_str());
    return std::nullopt;
  }
  read.parsed.config = std::move(loaded.config);
  log::configure(expected.command, read.parsed.config.log.level);
  return std::move(read.parsed);
}

}  // namespace carillon::cli
