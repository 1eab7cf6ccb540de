// The files of prompt templates: those brought along, those of the installation, and what is wrong with one.
#include "catalog/prompt_files.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "catalog/prompts.h"

namespace carillon::catalog {
namespace {

struct Directory {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("carillon_prompts_" + std::to_string(::getpid()));
  Directory() { std::filesystem::create_directories(path); }
  ~Directory() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path / name} << text; }
  PromptFilesRead read(const std::vector<std::string>& taken = {}) const {
    return read_prompt_files(path.string(), taken);
  }
};

const PromptFile* find(const PromptFilesRead& read, const std::string& name) {
  const auto found =
      std::find_if(read.files.begin(), read.files.end(), [&](const auto& file) { return file.prompt.name == name; });
  return found == read.files.end() ? nullptr : &*found;
}

std::string head(const std::string& description) { return "---\ndescription: " + description + "\n---\n"; }

TEST_CASE("what is brought along has no mistake", "[catalog][prompt_files]") {
  const auto read = read_prompt_files("/nonexistent/prompts", {});
  CHECK(read.problems.empty());
  CHECK(read.files.size() == prompts::kAll.size());
  CHECK(find(read, "follow_up") != nullptr);
}

TEST_CASE("files of the installation come beside those and stand in for them", "[catalog][prompt_files]") {
  const Directory directory;
  directory.write("standup.md", head("Stand-up.") + "What did I do?");
  directory.write("follow_up.md", head("Ours.") + "Write.");
  directory.write("notes.txt", "no prompt");
  const auto read = directory.read();
  CHECK(read.problems.empty());
  CHECK(read.files.size() == prompts::kAll.size() + 1);
  REQUIRE(find(read, "standup") != nullptr);
  CHECK(find(read, "standup")->prompt.body == "What did I do?");
  CHECK(find(read, "standup")->text == head("Stand-up.") + "What did I do?");
  CHECK(find(read, "follow_up")->prompt.description == "Ours.");
}

TEST_CASE("a bad file is named with its line and the others count", "[catalog][prompt_files]") {
  const Directory directory;
  directory.write("good.md", head("Good.") + "Text");
  directory.write("bad.md", head("Bad.") + "Text\n${params.nobody}");
  directory.write("Bad-Name.md", head("Bad.") + "Text");
  directory.write("mine.md", head("Taken.") + "Text");
  directory.write("large.md", head("Large.") + std::string(kPromptFileBytesMax, 'x'));
  directory.write("follow_up.md", "oops");
  std::filesystem::create_directory(directory.path / "folder.md");
  const auto read = directory.read({"mine"});
  CHECK(find(read, "good") != nullptr);
  // What is brought along does not take the place of what somebody meant to put there.
  CHECK(find(read, "follow_up") == nullptr);
  CHECK(read.files.size() == prompts::kAll.size());
  const auto told = [&](const std::string& file, const std::string& says) {
    return std::any_of(read.problems.begin(), read.problems.end(), [&](const std::string& problem) {
      return problem.starts_with((directory.path / file).string()) && problem.find(says) != std::string::npos;
    });
  };
  CHECK(read.problems.size() == 6);
  CHECK(told("bad.md", ":5: "));
  CHECK(told("bad.md", "nobody"));
  CHECK(told("Bad-Name.md", ":1: a prompt's file is named"));
  CHECK(told("mine.md", ":1: Carillon has a prompt of the name mine"));
  CHECK(told("large.md", "32 KiB"));
  CHECK(told("follow_up.md", ":1: "));
  CHECK(told("folder.md", ":1: "));
}

TEST_CASE("no more files than anybody picks from", "[catalog][prompt_files]") {
  const Directory directory;
  for (std::size_t i = 0; i <= kPromptFilesMax; ++i) directory.write("p" + std::to_string(i) + ".md", head("x") + "x");
  const auto read = directory.read();
  CHECK(read.files.size() == prompts::kAll.size() + kPromptFilesMax);
  REQUIRE(read.problems.size() == 1);
  CHECK(read.problems[0].find("more than 200 files") != std::string::npos);
}

}  // namespace
}  // namespace carillon::catalog
